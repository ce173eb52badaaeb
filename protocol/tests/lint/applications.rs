//! Applications that break the contract: under a server that notices, and under one that takes everything.

use crate::fake::Fake;
use crate::{Scenario, accept, body, close, respond, start, start_with};
use std::sync::{Arc, Mutex, mpsc};
use transom::lint::Blame::{self, Application, Server};
use transom::lint::{Reports, lint};
use transom::memory::{self, Script};
use transom::{
    App, Capabilities, Error, FileBody, FileSource, HttpScope, Message, Outgoing, Receiver, Scope, Sender, State,
    WebSocketScope,
};

/// Whom the application takes itself to be called by.
#[derive(Clone, Copy)]
pub(crate) enum Ask {
    Http(fn() -> Script<HttpScope>),
    WebSocket(fn() -> Script<WebSocketScope>),
    Lifespan,
}

impl Ask {
    pub(crate) fn run(self, app: impl App) {
        match self {
            Self::Http(script) => script().run(app),
            Self::WebSocket(script) => script().run(app),
            Self::Lifespan => memory::lifespan().run(app),
        };
    }

    pub(crate) fn scope(self) -> Scope {
        let (out, scopes) = mpsc::channel();
        self.run(move |scope: Scope, _: Receiver, _: Sender| {
            out.send(scope).expect("it is received below");
            std::future::ready(Err(Error::unsupported()))
        });
        scopes.recv().expect("it was sent")
    }
}

pub(crate) const GET: Ask = Ask::Http(|| memory::http("GET", "/"));
pub(crate) const POST: Ask = Ask::Http(|| memory::http("POST", "/").chunks(["x"]));
pub(crate) const SOCKET: Ask = Ask::WebSocket(|| memory::websocket("/"));
pub(crate) const UPGRADE: Ask = Ask::Http(|| memory::http("GET", "/").upgrade("raw"));
const BARE: Ask = Ask::Http(|| memory::http("GET", "/").capabilities(Capabilities::NONE));
const CONNECT: Ask = Ask::Http(|| memory::http("CONNECT", "example.org:443"));
const CONTROL: Ask = Ask::WebSocket(|| memory::websocket("/").capabilities(Capabilities::WEBSOCKET_CONTROL));

/// Sends these, one after the other, whatever the answers are; and fails.
pub(crate) fn sends(events: Vec<Outgoing>) -> impl App {
    let events = Mutex::new(Some(events));
    move |_: Scope, _receive: Receiver, mut send: Sender| {
        let events = events.lock().unwrap().take().expect("it is called once");
        async move {
            for event in events {
                let _ = send.start_send(event);
            }
            Err("that is all".into())
        }
    }
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for (clause, ask, events) in illegal() {
        scenarios.push(Scenario::new(clause, &[Application], move |reports: &Reports| {
            ask.run(lint(sends(events())).collect(reports));
        }));
        scenarios.push(Scenario::new(clause, &[Application, Server], move |reports: &Reports| {
            Fake::new().call(lint(sends(events())).collect(reports), ask.scope());
        }));
    }
    scenarios.extend(careless());
    scenarios
}

type Illegal = (&'static str, Ask, fn() -> Vec<Outgoing>);

/// The last of the events breaks the clause.
fn illegal() -> Vec<Illegal> {
    vec![
        ("HTTP-SEND-1", GET, || vec![body("early", true)]),
        ("HTTP-SEND-1", GET, || vec![start(), start()]),
        ("HTTP-SEND-1", GET, || vec![start(), respond(200, &[], "")]),
        ("HTTP-SEND-1", GET, || vec![respond(200, &[], ""), body("late", false)]),
        ("HTTP-SEND-1", GET, || vec![Outgoing::Message(Message::Text("hi".into()))]),
        ("HTTP-SEND-1", CONNECT, || vec![start(), Outgoing::Trailers(Default::default())]),
        ("HTTP-SEND-3", GET, || vec![inform(101)]),
        ("HTTP-SEND-4", GET, || vec![respond(199, &[], "")]),
        ("HTTP-SEND-4", GET, || vec![start_with(600, &[])]),
        ("HTTP-SEND-5", GET, || vec![start_with(200, &[("x", "a\r\nb: c")])]),
        ("HTTP-SEND-5", GET, || vec![start(), Outgoing::Trailers([("a b", "c")].into_iter().collect())]),
        ("HTTP-SEND-6", GET, || vec![start_with(200, &[("content-length", "+1")])]),
        ("HTTP-SEND-7", GET, || vec![respond(200, &[("content-length", "3")], "ab")]),
        ("HTTP-SEND-8", GET, || vec![start_with(205, &[("content-length", "1")])]),
        ("HTTP-SEND-9", GET, || vec![respond(304, &[], "x")]),
        ("HTTP-SEND-10", GET, || vec![start_with(204, &[]), body("x", true)]),
        ("HTTP-SEND-11", GET, || vec![start_with(200, &[("content-length", "1")]), body("ab", true)]),
        ("HTTP-SEND-12", GET, || vec![start_with(200, &[("content-length", "3")]), body("ab", false)]),
        ("CAP-3", BARE, || vec![inform(103)]),
        ("CAP-3", BARE, || vec![start(), file("Cargo.toml", 1)]),
        ("CAP-3", Ask::WebSocket(|| memory::websocket("/").capabilities(Capabilities::NONE)), || {
            vec![respond(401, &[], "")]
        }),
        ("STATE-4", GET, || vec![Outgoing::Extension(Box::new(()))]),
        ("STATE-4", SOCKET, || vec![accept(), Outgoing::Extension(Box::new(()))]),
        ("TUNNEL-1", GET, || vec![start_with(101, &[])]),
        ("TUNNEL-1", Ask::Http(|| memory::http("GET", "/").upgrade("raw").capabilities(Capabilities::NONE)), || {
            vec![start_with(101, &[])]
        }),
        ("TUNNEL-2", Ask::Http(|| memory::http("CONNECT", "a:1").capabilities(Capabilities::NONE)), || vec![start()]),
        ("TUNNEL-3", CONNECT, || vec![respond(200, &[], "")]),
        ("TRAILERS-1", GET, || {
            vec![start_with(200, &[("content-length", "0")]), Outgoing::Trailers([("x", "y")].into_iter().collect())]
        }),
        ("TRAILERS-2", GET, || vec![start(), Outgoing::Trailers([("set-cookie", "y")].into_iter().collect())]),
        ("WS-2", SOCKET, || vec![Outgoing::Message(Message::Text("hi".into()))]),
        ("WS-2", SOCKET, || vec![accept(), accept()]),
        ("WS-2", SOCKET, || vec![accept(), respond(200, &[], "")]),
        ("WS-2", SOCKET, || vec![close(), accept()]),
        ("WS-3", SOCKET, || vec![Outgoing::Accept { subprotocol: Some("chat".into()), headers: Default::default() }]),
        ("WS-4", SOCKET, || {
            let headers = [("sec-websocket-accept", "x")].into_iter().collect();
            vec![Outgoing::Accept { subprotocol: None, headers }]
        }),
        ("WS-5", SOCKET, || vec![respond(200, &[], "")]),
        ("WS-5", SOCKET, || vec![start_with(101, &[])]),
        ("WS-6", SOCKET, || vec![accept(), Outgoing::Close { code: 1005, reason: "".into() }]),
        ("WS-8", SOCKET, || vec![accept(), Outgoing::Message(Message::Ping("".into()))]),
        ("WS-8", CONTROL, || vec![accept(), Outgoing::Message(Message::Pong(vec![0; 126].into()))]),
        ("LIFE-6", Ask::Lifespan, || vec![respond(200, &[], "")]),
        ("LIFE-6", Ask::Lifespan, || vec![Outgoing::Ready(State::new()), Outgoing::Ready(State::new())]),
    ]
}

fn inform(status: u16) -> Outgoing {
    Outgoing::Informational { status, headers: Default::default() }
}

/// A range at the beginning of a file in this package.
pub(crate) fn file(name: &str, len: u64) -> Outgoing {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    Outgoing::File { file: FileBody { source: FileSource::Path(path.into()), offset: 0, len }, more: true }
}

/// What is wrong, and not refused.
fn careless() -> Vec<Scenario> {
    fn returns(ask: Ask, events: fn() -> Vec<Outgoing>) -> impl Fn(&Reports) {
        move |reports| {
            let app = move |_: Scope, _receive: Receiver, mut send: Sender| {
                let events = events();
                async move {
                    for event in events {
                        send.send(event).await?;
                    }
                    Ok(())
                }
            };
            ask.run(lint(app).collect(reports));
        }
    }
    const APPLICATION: &[Blame] = &[Application];
    let denying: fn() -> Vec<Outgoing> = || vec![start_with(404, &[])];
    vec![
        Scenario::new("HTTP-SEND-14", APPLICATION, |reports| {
            GET.run(lint(sends(vec![start_with(200, &[("transfer-encoding", "chunked")])])).collect(reports));
        }),
        Scenario::new("RETURN-1", APPLICATION, returns(GET, Vec::new)),
        Scenario::new("RETURN-1", APPLICATION, returns(GET, || vec![start()])),
        Scenario::new("RETURN-1", APPLICATION, returns(CONNECT, || vec![start()])),
        Scenario::new("WS-14", APPLICATION, returns(SOCKET, denying)),
        Scenario::new("END-5", APPLICATION, |reports| {
            let mut send = left_over(GET, reports);
            assert!(send.start_send(body("late", false)).is_err());
        }),
    ]
}

/// A sender whose call has returned, on this thread.
fn left_over(ask: Ask, reports: &Reports) -> Sender {
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let app = move |_: Scope, _: Receiver, mut send: Sender| {
        let keep = Arc::clone(&keep);
        async move {
            send.send(respond(200, &[], "")).await?;
            *keep.lock().unwrap() = Some(send);
            Ok(())
        }
    };
    ask.run(lint(app).collect(reports));
    kept.lock().unwrap().take().expect("the application left it")
}
