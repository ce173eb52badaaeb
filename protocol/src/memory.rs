//! An exchange without a socket, to test applications and layers.
//!
//! A test says what the peer does, runs the application on its own thread, and looks at what came of it:
//!
//! ```
//! use transom::{Error, Headers, Incoming, Outgoing, Receiver, Scope, Sender, memory};
//!
//! async fn echo(_scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
//!     send.send(Outgoing::Start { status: 200, headers: Headers::new() }).await?;
//!     while let Incoming::Body { data, more } = receive.recv().await {
//!         send.send(Outgoing::Body { data, more }).await?;
//!     }
//!     Ok(())
//! }
//!
//! let outcome = memory::http("POST", "/echo?x=1").header("content-type", "text/plain").body("hello").run(echo);
//! assert_eq!(outcome.status(), Some(200));
//! assert_eq!(outcome.body(), b"hello");
//! assert!(outcome.result.is_ok());
//!
//! // In pieces, to a peer that takes one byte at a time; and the same with a peer that leaves in the middle.
//! let script = || memory::http("POST", "/").chunks(["a", "b", "c"]).trickle().high_water(1).take(1);
//! assert_eq!(script().run(echo).body(), b"abc");
//! let cut = script().hang_up_at(4).run(echo);
//! assert!(!cut.is_complete() && cut.verdict == memory::Verdict::Nothing);
//!
//! // What it does wrong: it answers the life of the server as if that were a request.
//! let wrong = memory::lifespan().run(echo);
//! assert_eq!(wrong.refused[0].1, transom::Violation::WrongProtocol.into());
//! assert_eq!(wrong.verdict, memory::Verdict::Exit);
//! ```
//!
//! | | |
//! |---|---|
//! | [`http`], [`websocket`], [`lifespan`] | begin a script |
//! | [`Script::run`] | calls the application and comes back with the [`Outcome`] |
//! | [`Script::start`] | gives the [`Call`], to take it forward step by step, or to `await` it in a runtime |
//! | [`Call::peer`] | gives the other end of a call that is awaited in a task of its own |
//!
//! # What it is like
//!
//! Whether an event is legal is decided by [`order`](crate::order), as in a server, so that the two cannot differ.
//! Back-pressure, readiness, `flush`, `closed`, sticky ends, dropped handles and handles that outlive their call are
//! as the contract has them. The rest is as strict as a server may be, so that a test finds out: the application is
//! polled only when it was woken; an event that was accepted is with the peer no sooner than after the poll; with
//! [`trickle`](Script::trickle) every `recv` waits first, and with [`high_water(1)`](Script::high_water) every `send`.
//! To find out what an application does when its peer leaves, run it with [`hang_up_at`](Script::hang_up_at) 1, 2, 3
//! and so on, until the [`polls`](Outcome::polls) are fewer.
//!
//! A panic of the application is not caught: the test fails with it.

mod call;
mod content;
mod lifespan;
mod outcome;
mod peer;
mod protocol;
mod script;
mod sent;
mod signal;
mod state;
mod wire;

use crate::{HttpScope, WebSocketScope};
pub use call::Call;
pub use lifespan::Lifespan;
pub use outcome::{Outcome, Verdict};
pub use peer::Peer;
pub use script::Script;

/// An HTTP request, so far without a body.
///
/// # Panics
/// If `target` is 4 GiB or longer.
pub fn http(method: &str, target: &str) -> Script<HttpScope> {
    Script::http(method, target)
}

/// A WebSocket handshake, and the socket if the application accepts it.
///
/// ```
/// use transom::{Error, Headers, Incoming, Outgoing, Receiver, Scope, Sender, memory};
///
/// async fn echo(_scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     send.send(Outgoing::Accept { subprotocol: Some("chat".into()), headers: Headers::new() }).await?;
///     while let Incoming::Message(message) = receive.recv().await {
///         send.send(Outgoing::Message(message)).await?;
///     }
///     Ok(())
/// }
///
/// let outcome = memory::websocket("/ws").subprotocols(["chat"]).text("hi").close(1000, "").run(echo);
/// assert_eq!(outcome.subprotocol(), Some("chat"));
/// assert!(outcome.messages().eq([&transom::Message::Text("hi".into())]));
/// ```
///
/// # Panics
/// If `target` is 4 GiB or longer.
pub fn websocket(target: &str) -> Script<WebSocketScope> {
    Script::websocket(target)
}

/// The life of the server process: startup, and once the application is ready, the stop.
///
/// ```
/// use transom::{Error, Incoming, Outgoing, Receiver, Scope, Sender, State, memory};
///
/// async fn app(_scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     send.send(Outgoing::Ready(State::new().with("pool"))).await?;
///     while !matches!(receive.recv().await, Incoming::Shutdown | Incoming::End(_)) {}
///     Ok(())
/// }
///
/// let outcome = memory::lifespan().run(app);
/// let state = outcome.state().expect("the application was ready").clone();
/// assert_eq!(state.get::<&str>(), Some(&"pool"));
/// // And into its exchanges: memory::http("GET", "/").state(state)
/// ```
pub fn lifespan() -> Lifespan {
    Lifespan::new()
}
