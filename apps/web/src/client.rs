//! An HTTP client that calls an application without a socket, for tests.
//!
//! ```
//! use transom::{Error, Headers, Incoming, Outgoing, Receiver, Scope, Sender};
//! use transom_web::client::Client;
//!
//! async fn app(scope: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
//!     let Scope::Http(http) = scope else { return Err(Error::unsupported()) };
//!     let headers = Headers::from_static(&[("content-type", "text/plain"), ("set-cookie", "seen=1")]);
//!     let body = format!("{} {}", http.method(), String::from_utf8_lossy(http.target())).into();
//!     Ok(send.send(Outgoing::Response { status: 200, headers, body }).await?)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), transom_web::client::Error> {
//! let client = Client::new(app).await?;
//! let mut response = client.post("/users").query(&[("dry", "1")]).json(&["ada"]).send().await?;
//! assert_eq!((response.status(), response.header("content-type")), (200, Some("text/plain")));
//! assert_eq!(response.text().await?, "POST /users?dry=1");
//! assert_eq!(client.cookie("/", "seen").as_deref(), Some("1"));
//! client.close().await
//! # }
//! ```
//!
//! | | |
//! |---|---|
//! | [`Client::new`] | starts the application: its lifespan runs, and what it made is in every exchange |
//! | [`Client::get`] and its like | begin a request: [`RequestBuilder`], then [`Response`] |
//! | [`Client::websocket`] | begins a handshake: [`SocketBuilder`], then [`Socket`] |
//! | [`Client::idle`] | waits for what applications do after their responses |
//! | [`Client::close`] | stops the application, as a server that is stopped does |
//!
//! # What it is like
//!
//! Each request is a call in a task of its own, on the runtime that it is sent from, and is the only one of its
//! connection. The exchange is that of [`transom::memory`], so that what is legal, what waits and what is told of an
//! end is as on a server. Times are those of tokio, and may be paused.
//!
//! A request that the application does not answer is an error, [`Error::Application`], with what it returned or how it
//! panicked; [`answer_failures`](ClientBuilder::answer_failures) has it answered as a server would. What fails when the
//! response is there already, [`idle`](Client::idle) and [`close`](Client::close) tell.
//!
//! Not there are tunnels (`UPGRADE`), `100-continue`, and a network: a URL with another host goes to the same
//! application.

mod builder;
mod call;
mod calls;
mod error;
mod exchange;
mod jar;
mod lifespan;
mod redirects;
mod request;
mod response;
mod shared;
mod uri;
mod websocket;

pub use builder::ClientBuilder;
pub use error::Error;
pub use exchange::Interim;
pub use redirects::Redirects;
pub use request::RequestBuilder;
pub use response::{Chunks, Redirect, Response};
use shared::Shared;
use std::fmt;
use std::sync::Arc;
use tokio::time::timeout;
use transom::{App, State};
pub use websocket::{Socket, SocketBuilder};

/// A client, and the application that it calls. Clones share both, and the cookies.
///
/// What runs when the last of them is dropped, and of its responses and sockets, is dropped too; [`close`](Self::close)
/// is the orderly way.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

impl Client {
    /// A client of `app`: to be set up, and to be awaited, which runs the application's startup.
    ///
    /// # Errors
    /// Awaiting it gives [`Error::Application`] when the startup fails and [`Error::Missing`] when the application
    /// needs what this client has not.
    ///
    /// # Panics
    /// If it is awaited outside of a tokio runtime; one with time enabled is needed to [`close`](Self::close) it.
    #[allow(clippy::new_ret_no_self, reason = "to be awaited, it is the client")]
    pub fn new(app: impl App) -> ClientBuilder {
        ClientBuilder::new(app)
    }

    /// A GET request. A `url` without a host is one of the application's; see [`host`](ClientBuilder::host).
    pub fn get(&self, url: &str) -> RequestBuilder {
        self.request("GET", url)
    }

    /// A HEAD request.
    pub fn head(&self, url: &str) -> RequestBuilder {
        self.request("HEAD", url)
    }

    /// A POST request.
    pub fn post(&self, url: &str) -> RequestBuilder {
        self.request("POST", url)
    }

    /// A PUT request.
    pub fn put(&self, url: &str) -> RequestBuilder {
        self.request("PUT", url)
    }

    /// A PATCH request.
    pub fn patch(&self, url: &str) -> RequestBuilder {
        self.request("PATCH", url)
    }

    /// A DELETE request.
    pub fn delete(&self, url: &str) -> RequestBuilder {
        self.request("DELETE", url)
    }

    /// An OPTIONS request; `*` is the server as a whole.
    pub fn options(&self, url: &str) -> RequestBuilder {
        self.request("OPTIONS", url)
    }

    /// A request with any method.
    pub fn request(&self, method: &str, url: &str) -> RequestBuilder {
        RequestBuilder::new(&self.shared, method, url)
    }

    /// A WebSocket handshake.
    ///
    /// ```
    /// # use transom::{Error, Headers, Incoming, Outgoing, Receiver, Scope, Sender};
    /// # async fn app(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    /// #     let Scope::WebSocket(_) = scope else { return Err(Error::unsupported()) };
    /// #     send.send(Outgoing::Accept { subprotocol: Some("chat".into()), headers: Headers::new() }).await?;
    /// #     while let Incoming::Message(message) = receive.recv().await {
    /// #         send.send(Outgoing::Message(message)).await?;
    /// #     }
    /// #     Ok(())
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), transom_web::client::Error> {
    /// # let client = transom_web::client::Client::new(app).await?;
    /// let mut socket = client.websocket("/ws").subprotocol("chat").connect().await?;
    /// assert_eq!(socket.subprotocol(), Some("chat"));
    /// socket.send_text("hello").await?;
    /// assert_eq!(socket.receive_text().await?, "hello");
    /// socket.close(1000, "").await?;
    /// # client.close().await
    /// # }
    /// ```
    pub fn websocket(&self, url: &str) -> SocketBuilder {
        SocketBuilder::new(&self.shared, url)
    }

    /// What the application made at startup.
    pub fn state(&self) -> &State {
        self.shared.lifespan.state()
    }

    /// The value of the cookie `name` that would be sent to `url`.
    pub fn cookie(&self, url: &str, name: &str) -> Option<String> {
        let uri = self.shared.base.request("GET", url).ok()?;
        let cookies = self.shared.jar().cookies(&uri);
        cookies.into_iter().find_map(|(other, value)| (other == name).then_some(value))
    }

    /// Sets a cookie for later requests, as the response to a request of `/` would.
    pub fn set_cookie(&self, cookie: &cookie::Cookie<'_>) {
        self.shared.jar().set(&self.shared.base, cookie);
    }

    /// Forgets all cookies.
    pub fn clear_cookies(&self) {
        self.shared.jar().clear();
    }

    /// Waits until every call has returned: for what applications do when the response is sent. A response that is
    /// held, and not read, may be what a call waits for.
    ///
    /// # Errors
    /// [`Error::Application`] with the first failure that nobody was told of, unless
    /// [`answer_failures`](ClientBuilder::answer_failures) is set.
    pub async fn idle(&self) -> Result<(), Error> {
        self.shared.calls.idle().await;
        if self.shared.settings.answer_failures { Ok(()) } else { self.shared.calls.failure() }
    }

    /// Stops the application: it is told that the server drains, sockets are closed with 1012, calls that run have the
    /// [grace](ClientBuilder::grace) to return and are then dropped, and the application is awaited.
    ///
    /// # Errors
    /// As [`idle`](Self::idle), [`Error::Application`] when the application fails to stop, and [`Error::Stopped`] when
    /// something did not end in time.
    pub async fn close(self) -> Result<(), Error> {
        let (calls, lifespan, grace) = (&self.shared.calls, &self.shared.lifespan, self.shared.settings.grace);
        lifespan.drain(grace);
        calls.stop();
        let ended = match timeout(grace, self.idle()).await {
            Ok(result) => result,
            Err(_) => {
                calls.abort();
                calls.idle().await;
                Err(Error::Stopped)
            }
        };
        ended.and(lifespan.shut_down(grace).await)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.shared.base).finish_non_exhaustive()
    }
}
