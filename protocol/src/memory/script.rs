use super::protocol::Protocol;
use super::sent::{Sent, body};
use super::state::Terms;
use super::{Call, Outcome, call::Manner};
use crate::{
    Address, App, BadRequest, Capabilities, Connection, End, Extensions, Head, Headers, HttpScope, HttpVersion,
    Incoming, Message, Scope, ServerInfo, State, Utf8, WebSocketScope,
};
use bytes::Bytes;
use std::any::Any;
use std::marker::PhantomData;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// A request, and how its peer behaves: what it sends, how fast it takes the response, when it leaves.
///
/// Made by [`http`](super::http) and [`websocket`](super::websocket); `S` is the scope that the application gets.
/// Unless it is told otherwise the peer has sent everything at once, takes all that it is given, and stays.
#[derive(Debug)]
#[must_use = "nothing happens before `run` or `start`"]
pub struct Script<S> {
    is_websocket: bool,
    head: Head,
    connection: Connection,
    capabilities: Option<Capabilities>,
    mount: Option<Vec<u8>>,
    extensions: Extensions,
    sent: Sent,
    terms: Terms,
    manner: Manner,
    scope: PhantomData<fn() -> S>,
}

const HTTP11: Capabilities = Capabilities::INFORMATIONAL
    .union(Capabilities::TRAILERS)
    .union(Capabilities::FILE)
    .union(Capabilities::FULL_DUPLEX)
    .union(Capabilities::UPGRADE)
    .union(Capabilities::WEBSOCKET_DENIAL)
    .union(Capabilities::CLOSED_WATCH);
const ALL: Capabilities = HTTP11.union(Capabilities::WEBSOCKET_CONTROL);
/// What a peer that speaks HTTP/1.0 would not understand.
const NOT_HTTP10: Capabilities = Capabilities::INFORMATIONAL.union(Capabilities::TRAILERS).union(Capabilities::UPGRADE);

impl<S> Script<S> {
    /// Adds a header field; `host` and `content-length` replace the one that is there.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        match name.to_ascii_lowercase().as_str() {
            only @ ("host" | "content-length") => self.head.headers.set(only, value.as_ref()),
            name => self.head.headers.push(name, value.as_ref()),
        }
        self
    }

    /// The version of the request; HTTP/1.1 by default. HTTP/1.0 has no interim responses, trailers and tunnels.
    pub fn version(mut self, version: HttpVersion) -> Self {
        self.head.version = version;
        self
    }

    /// What the application made at startup.
    pub fn state(mut self, state: State) -> Self {
        self.connection.state = state;
        self
    }

    /// Mounts the application below `prefix`, as a router or the server's root path would.
    pub fn mount(mut self, prefix: &str) -> Self {
        self.mount = Some(prefix.into());
        self
    }

    /// Adds what an outer layer would have added.
    pub fn extension<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.extensions.insert(value);
        self
    }

    /// What the exchange can do, and nothing else; by default all that the version allows. Then only an application
    /// whose manifest asks for [`WEBSOCKET_CONTROL`](Capabilities::WEBSOCKET_CONTROL) gets it.
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = Some(capabilities);
        self
    }

    /// Changes anything else of the head. What it says of the body is filled in afterwards.
    pub fn head(mut self, edit: impl FnOnce(&mut Head)) -> Self {
        edit(&mut self.head);
        self
    }

    /// Changes anything else of the connection: addresses, TLS, the server.
    pub fn connection(mut self, edit: impl FnOnce(&mut Connection)) -> Self {
        edit(&mut self.connection);
        self
    }

    /// After what is in the script nothing more is received, for this reason.
    pub fn end(mut self, end: End) -> Self {
        self.sent.ending = Some(Incoming::End(end));
        self
    }

    /// `send` waits while this many bytes (at least 1) wait for the peer; 64 KiB by default. An event counts its
    /// payload and its fields, and at least one: with a mark of 1 every event waits for the one before.
    pub fn high_water(mut self, bytes: u64) -> Self {
        self.terms.high_water = bytes.max(1);
        self
    }

    /// The peer takes up to `bytes` at a time: one time after each poll, and again while nothing else happens. With 0
    /// it takes only what [`Call::take`] and [`Call::drain`] have it take.
    pub fn take(mut self, bytes: u64) -> Self {
        self.terms.take = bytes;
        self
    }

    /// What the peer sends arrives one event at a time, each when the application waits for it already.
    pub fn trickle(mut self) -> Self {
        self.terms.trickle = true;
        self
    }

    /// The peer leaves just before poll number `poll` of the call (the first is 1), or earlier when nothing else is
    /// left that could wake the application.
    pub fn hang_up_at(mut self, poll: usize) -> Self {
        self.manner.hang_up_at = Some(poll);
        self
    }

    /// How long [`run`](Self::run) waits, when nothing but the exchange could wake the application, for a thread that
    /// may have one of the handles; 5 seconds by default.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.manner.patience = patience;
        self
    }

    /// Calls the application, and polls it when the [`Call`] is told to.
    ///
    /// # Panics
    /// If the path is not below the [`mount`](Self::mount).
    #[track_caller]
    pub fn start(mut self, app: impl App) -> Call {
        let capabilities = self.capabilities.unwrap_or_else(|| {
            let manifest = app.manifest();
            let wanted = manifest.wants.union(manifest.requires).contains(Capabilities::WEBSOCKET_CONTROL);
            let all = if self.is_websocket && wanted { ALL } else { HTTP11 };
            if self.head.version == HttpVersion::Http10 { all.without(NOT_HTTP10) } else { all }
        });
        let script = if self.is_websocket {
            self.sent.into_messages(capabilities)
        } else {
            self.sent.into_request(&mut self.head)
        };
        self.head.connection = Arc::new(self.connection);
        let mut scope = HttpScope::new(Arc::new(self.head), capabilities);
        *scope.extensions_mut() = self.extensions;
        if let Some(prefix) = self.mount {
            assert!(scope.mount(&prefix), "the path is not below the mount");
        }
        let (scope, protocol) = if self.is_websocket {
            let scope = WebSocketScope::new(scope);
            let protocol = Protocol::websocket(&scope);
            (Scope::WebSocket(scope), protocol)
        } else {
            let protocol = Protocol::http(&scope);
            (Scope::Http(scope), protocol)
        };
        Call::new(app, scope, protocol, script, self.terms, self.manner)
    }

    /// Calls the application, and takes the call to its end on this thread.
    ///
    /// # Panics
    /// As [`start`](Self::start) and [`Call::run`].
    #[track_caller]
    pub fn run(self, app: impl App) -> Outcome {
        self.start(app).run()
    }

    fn new(is_websocket: bool, method: &str, target: &str, headers: Headers) -> Self {
        let path_len = target.find('?').unwrap_or(target.len());
        let head = Head {
            method: method.into(),
            target: target.into(),
            path_len: u32::try_from(path_len).expect("a path under 4 GiB"),
            headers,
            ..Head::default()
        };
        let address = |port| Address::Ip(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Self {
            is_websocket,
            head,
            connection: Connection::new(1, address(50_000), address(80), State::new(), server()),
            capabilities: None,
            mount: None,
            extensions: Extensions::default(),
            sent: Sent::default(),
            terms: Terms::default(),
            manner: Manner::default(),
            scope: PhantomData,
        }
    }
}

impl Script<HttpScope> {
    pub(super) fn http(method: &str, target: &str) -> Self {
        Self::new(false, method, target, Headers::from_static(&[("host", "localhost")]))
    }

    /// The request body, in one event, with its `content-length`.
    pub fn body(mut self, data: impl Into<Bytes>) -> Self {
        let data = data.into();
        let length = data.len().to_string();
        (self.sent.events, self.sent.is_whole) = (vec![body(data, true)], true);
        self.header("content-length", length)
    }

    /// The request body, one event for each piece and an empty one at the end. Of unknown length, unless there is a
    /// `content-length`.
    pub fn chunks(mut self, chunks: impl IntoIterator<Item = impl Into<Bytes>>) -> Self {
        self.sent.events.extend(chunks.into_iter().map(|data| body(data.into(), true)));
        self.sent.is_whole = false;
        self
    }

    /// The trailer fields that end the request.
    pub fn trailers(mut self, fields: Headers) -> Self {
        self.sent.ending = Some(Incoming::Trailers(fields));
        self
    }

    /// The request body breaks off after what is in the script.
    pub fn truncate(self) -> Self {
        self.end(End::BadRequest(BadRequest::Truncated))
    }

    /// After what is in the script the peer stalls: the end of the request (or of the tunnel) is left to
    /// [`Call::push`].
    pub fn unfinished(mut self) -> Self {
        self.sent.unfinished = true;
        self
    }

    /// The client would like to change to this protocol: [`HttpScope::protocol`].
    pub fn upgrade(mut self, protocol: &str) -> Self {
        self.head.protocol = Some(protocol.into());
        self.header("connection", "upgrade").header("upgrade", protocol)
    }

    /// What the peer sends through the tunnel that the application makes of the exchange, before it closes its side.
    pub fn tunnel(mut self, chunks: impl IntoIterator<Item = impl Into<Bytes>>) -> Self {
        self.sent.tunnel.extend(chunks.into_iter().map(Into::into));
        self
    }
}

impl Script<WebSocketScope> {
    pub(super) fn websocket(target: &str) -> Self {
        let headers = Headers::from_static(&[
            ("host", "localhost"),
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]);
        Self::new(true, "GET", target, headers).head(|head| head.protocol = Some("websocket".into()))
    }

    /// The subprotocols that the client offers.
    pub fn subprotocols<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.header("sec-websocket-protocol", names.into_iter().collect::<Vec<_>>().join(", "))
    }

    /// The peer sends a text.
    pub fn text(self, text: impl Into<Utf8>) -> Self {
        self.message(Message::Text(text.into()))
    }

    /// The peer sends bytes.
    pub fn binary(self, data: impl Into<Bytes>) -> Self {
        self.message(Message::Binary(data.into()))
    }

    /// The peer sends a message. Pings and pongs reach the application only with
    /// [`WEBSOCKET_CONTROL`](Capabilities::WEBSOCKET_CONTROL).
    pub fn message(mut self, message: Message) -> Self {
        self.sent.events.push(Incoming::Message(message));
        self
    }

    /// The peer closes after its last message. By default it stays, and closes when the application does.
    pub fn close(self, code: u16, reason: impl Into<Utf8>) -> Self {
        self.end(End::Closed { code, reason: reason.into(), clean: true })
    }
}

pub(super) fn server() -> Arc<ServerInfo> {
    Arc::new(ServerInfo::new(concat!("transom-memory/", env!("CARGO_PKG_VERSION")), ALL))
}
