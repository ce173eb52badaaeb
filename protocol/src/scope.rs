use crate::{
    BodyHint, Capabilities, Connection, Extensions, Head, Headers, HttpVersion, Method, Scheme, ServerInfo, field,
};
use std::any::Any;
use std::sync::Arc;

/// What a call is about.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Scope {
    /// One HTTP request.
    Http(HttpScope),
    /// One WebSocket, from its handshake on.
    WebSocket(WebSocketScope),
    /// The life of the server process.
    Lifespan(LifespanScope),
}

impl Scope {
    /// The server that calls.
    pub fn server(&self) -> &Arc<ServerInfo> {
        match self {
            Self::Http(scope) => &scope.head.connection.server_info,
            Self::WebSocket(scope) => &scope.http.head.connection.server_info,
            Self::Lifespan(scope) => &scope.server,
        }
    }
}

/// One HTTP request: its head, its connection, and where in the path the application is mounted.
///
/// Cheap to clone. What is shared is never changed: [`headers_mut`](Self::headers_mut) copies first when
/// another clone is alive.
///
/// `raw_path() == root_path() ++ local_path()` always holds; the bytes are those of the wire, not decoded. Where the
/// server is told under which path a proxy publishes the application, a target without that path gets it in front, and
/// the application is mounted there. A router splits `local_path` on `/` first and decodes each segment afterwards, so
/// that `%2F` stays what it is.
#[derive(Clone, Debug)]
pub struct HttpScope {
    head: Arc<Head>,
    capabilities: Capabilities,
    mount: u32,
    extensions: Extensions,
}

impl HttpScope {
    /// The scope that a server hands to its application.
    pub fn new(head: Arc<Head>, capabilities: Capabilities) -> Self {
        Self { head, capabilities, mount: 0, extensions: Extensions::default() }
    }

    /// The request method.
    pub fn method(&self) -> &Method {
        &self.head.method
    }

    /// The version of HTTP that the request was made with.
    pub fn version(&self) -> HttpVersion {
        self.head.version
    }

    /// How the peer reached the server.
    pub fn scheme(&self) -> Scheme {
        self.head.scheme
    }

    /// The request target without the authority: path (see [`raw_path`](Self::raw_path)) and query, `*` for OPTIONS of
    /// the server as a whole, `host:port` for CONNECT.
    pub fn target(&self) -> &[u8] {
        &self.head.target
    }

    /// The header fields.
    pub fn headers(&self) -> &Headers {
        &self.head.headers
    }

    /// The header fields, to be changed for those further in.
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut Arc::make_mut(&mut self.head).headers
    }

    /// The whole path, without the query and not decoded: as received, or with the server's root path in front.
    pub fn raw_path(&self) -> &[u8] {
        &self.head.target[..self.head.path_len as usize]
    }

    /// The part of the path that mounts have taken. At the outermost application it is empty, or the server's root
    /// path.
    pub fn root_path(&self) -> &[u8] {
        &self.raw_path()[..self.mount as usize]
    }

    /// The part of the path that is left for this application: begins with `/`, or is empty when mounts took all of it.
    pub fn local_path(&self) -> &[u8] {
        &self.raw_path()[self.mount as usize..]
    }

    /// What follows the `?`, as received; `None` without one.
    pub fn query(&self) -> Option<&[u8]> {
        self.head.target.get(self.head.path_len as usize + 1..)
    }

    /// Takes `prefix` off the local path if it stands there in whole segments; `false` changes nothing. When `prefix`
    /// is the whole local path, an empty one is left.
    ///
    /// ```
    /// # use transom::{Capabilities, Head, HttpScope};
    /// # let head = Head { target: b"/api/v1/users".to_vec(), path_len: 13, ..Head::default() };
    /// # let mut scope = HttpScope::new(head.into(), Capabilities::NONE);
    /// assert!(!scope.mount(b"/ap"));
    /// assert!(scope.mount(b"/api") && scope.mount(b"/v1/"));
    /// assert_eq!((scope.root_path(), scope.local_path()), (&b"/api/v1"[..], &b"/users"[..]));
    /// ```
    pub fn mount(&mut self, prefix: &[u8]) -> bool {
        let prefix = prefix.strip_suffix(b"/").unwrap_or(prefix);
        let Some(rest) = self.local_path().strip_prefix(prefix) else { return false };
        if !rest.is_empty() && rest[0] != b'/' {
            return false;
        }
        // A prefix of the path is not longer than it, and the path's length is a `u32`.
        self.mount += prefix.len() as u32;
        true
    }

    /// Whether there is a request body, and how long; an application that sees `None` need not receive at all. If it
    /// does, it gets one empty `Body` without `more`.
    pub fn body(&self) -> BodyHint {
        self.head.body
    }

    /// The protocol to which the client would like to change (RFC 9110 section 7.8): a `Start` with
    /// status 101 accepts and makes a tunnel, any other response declines.
    pub fn protocol(&self) -> Option<&str> {
        self.head.protocol.as_deref()
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.head.connection
    }

    /// The connection, which all its exchanges share.
    pub(crate) fn shared_connection(&self) -> &Arc<Connection> {
        &self.head.connection
    }

    /// What this exchange can do.
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// Takes capabilities away from those further in; how a layer hides what it would break.
    pub fn mask(&mut self, broken: Capabilities) {
        self.capabilities = self.capabilities.without(broken);
    }

    /// The value of type `T` that the application made at startup.
    pub fn state<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.head.connection.state.get()
    }

    /// What outer layers added.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// What outer layers added, to be added to.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }
}

/// One WebSocket: the scope of its handshake request, and what the client offers.
#[derive(Clone, Debug)]
pub struct WebSocketScope {
    http: HttpScope,
}

impl WebSocketScope {
    /// The scope of a valid handshake request.
    pub fn new(http: HttpScope) -> Self {
        Self { http }
    }

    /// The handshake request.
    pub fn http(&self) -> &HttpScope {
        &self.http
    }

    /// The handshake request, to be changed for those further in.
    pub fn http_mut(&mut self) -> &mut HttpScope {
        &mut self.http
    }

    /// The subprotocols that the client offers, in its order of preference.
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        let fields = self.http.headers().get_all("sec-websocket-protocol");
        fields.flat_map(field::list).filter_map(|name| std::str::from_utf8(name).ok())
    }
}

/// The life of the server process: called once, before any other call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LifespanScope {
    /// The server.
    pub server: Arc<ServerInfo>,
}

impl LifespanScope {
    /// The scope of a server's lifespan call.
    pub fn new(server: Arc<ServerInfo>) -> Self {
        Self { server }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(target: &str) -> HttpScope {
        let path_len = target.find('?').unwrap_or(target.len()) as u32;
        let head = Head { target: target.as_bytes().to_vec(), path_len, ..Head::default() };
        HttpScope::new(head.into(), Capabilities::NONE)
    }

    /// SPEC: PATH-2
    #[test]
    fn paths_and_queries() {
        assert_eq!(scope("/a%2Fb?x=1?y").raw_path(), b"/a%2Fb");
        assert_eq!(scope("/a%2Fb?x=1?y").query(), Some(&b"x=1?y"[..]));
        assert_eq!((scope("/?").query(), scope("/").query()), (Some(&b""[..]), None));
    }

    /// SPEC: PATH-6
    #[test]
    fn mounts_take_whole_segments() {
        let mut whole = scope("/api");
        assert!(whole.mount(b"/api") && whole.local_path().is_empty());
        assert!(whole.mount(b"/") && whole.root_path() == b"/api");
        let mut partial = scope("/apikey");
        assert!(!partial.mount(b"/api"));
        assert_eq!((partial.root_path(), partial.local_path()), (&b""[..], &b"/apikey"[..]));
        let mut twice = scope("/api/v1/users");
        assert!(twice.mount(b"/api") && twice.mount(b"/v1/"));
        assert_eq!((twice.root_path(), twice.local_path()), (&b"/api/v1"[..], &b"/users"[..]));
    }

    /// SPEC: SCOPE-4
    #[test]
    fn headers_are_copied_when_shared() {
        let mut inner = scope("/");
        let outer = inner.clone();
        inner.headers_mut().push("x", b"1");
        assert!(outer.headers().is_empty() && !inner.headers().is_empty());
    }
}
