//! Middleware: applications around an application.
//!
//! Each is a struct with the application in it, is made with `new(app)`, and is told by its other methods what to do.
//! They nest, the outermost first to see a request and last to see its response:
//!
//! ```
//! use transom::{App, Error, Outgoing, Receiver, Scope, Sender, memory};
//! use transom_web::middleware::{BodyLimit, CatchPanic, Cors, RequestIds, TrustedHosts};
//!
//! async fn app(_: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
//!     Ok(send.send(Outgoing::Response { status: 200, headers: Default::default(), body: "hi".into() }).await?)
//! }
//!
//! let app = BodyLimit::new(app).bytes(64 << 10);
//! let app = CatchPanic::new(app);
//! let app = Cors::new(app).origin("https://a.example");
//! let app = TrustedHosts::new(app).host("localhost");
//! let app = RequestIds::new(app);
//!
//! let outcome = memory::http("GET", "/").header("origin", "https://a.example").run(app);
//! assert_eq!(outcome.header("access-control-allow-origin"), Some("https://a.example"));
//! assert!(outcome.header("x-request-id").is_some());
//! ```
//!
//! None of them holds a response back or collects a body: what streams goes on streaming. The lifespan passes through
//! all of them, and a WebSocket through those that do not say otherwise. Where one answers itself, the body is problem
//! details in JSON (RFC 9457).
//!
//! # Which one outside
//!
//! 1. [`Proxy`], so that all the others know the client.
//! 2. [`RequestIds`], [`TrustedHosts`], [`HttpsRedirect`].
//! 3. [`SetHeader`] and [`Cors`], whose fields are then on the answers of all that is further in.
#![cfg_attr(feature = "compression", doc = "4. [`Compression`].")]
#![cfg_attr(feature = "timeout", doc = "5. [`Timeout`].")]
//! 6. [`CatchPanic`], [`BodyLimit`].
#![cfg_attr(feature = "session", doc = "7. [`Sessions`].")]

mod body_limit;
mod catch_panic;
#[cfg(feature = "compression")]
mod compression;
mod cors;
mod debug_page;
mod forwarded;
mod head;
mod host;
mod https_redirect;
mod lent;
mod network;
mod problem;
mod proxy;
mod request_id;
#[cfg(feature = "session")]
mod session;
mod set_header;
#[cfg(feature = "timeout")]
mod timeout;
mod trusted_hosts;

#[cfg(test)]
mod trial;

pub use body_limit::BodyLimit;
pub use catch_panic::{CatchPanic, Failure};
#[cfg(feature = "compression")]
pub use compression::{Coding, Compression};
pub use cors::Cors;
pub use https_redirect::HttpsRedirect;
pub use network::{BadNetwork, Network};
pub use proxy::{Client, Proxy, client};
pub use request_id::{RequestId, RequestIds};
#[cfg(feature = "session")]
pub use session::{SameSite, Session, SessionError, Sessions};
pub use set_header::SetHeader;
#[cfg(feature = "timeout")]
pub use timeout::Timeout;
pub use trusted_hosts::TrustedHosts;
