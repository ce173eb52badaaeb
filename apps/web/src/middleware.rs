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

#[cfg(all(test, feature = "compression", feature = "session", feature = "timeout"))]
mod tests {
    use super::*;
    use transom::memory;

    fn stack<A: transom::App>(app: A) -> impl transom::App {
        let app = Sessions::new(app, [1; 32]).rolling();
        let app = Timeout::new(BodyLimit::new(app).bytes(5));
        let app = Compression::new(CatchPanic::new(app)).min_size(0);
        let app = Cors::new(SetHeader::new(app).security()).origin("https://a.example");
        let app = TrustedHosts::new(HttpsRedirect::new(app)).host("a.example");
        Proxy::new(RequestIds::new(app).trust()).trust("127.0.0.1".parse().unwrap()).host()
    }

    const FIELDS: [(&str, &str); 5] = [
        ("origin", "https://a.example"),
        ("accept-encoding", "br"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "a.example"),
    ];

    #[test]
    fn one_around_the_other() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _guard = runtime.enter();
        trial::layer_within(&FIELDS, stack, |application| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            application.within(move |poll| {
                let _guard = runtime.enter();
                poll();
            })
        });
    }

    /// What one of them answers gets the fields of those outside.
    #[test]
    fn an_answer_from_within() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _guard = runtime.enter();
        for (method, body, status) in [("TRACE", "1", 500), ("PATCH", "123456", 413), ("BREW", "", 404)] {
            let script = FIELDS.iter().fold(memory::http(method, "/"), |script, field| script.header(field.0, field.1));
            let outcome = script.chunks([body]).run(stack(trial::everything));
            assert_eq!((outcome.status(), outcome.header("x-frame-options")), (Some(status), Some("DENY")));
            assert_eq!(outcome.header("access-control-allow-origin"), Some("https://a.example"));
            assert!(outcome.header("x-request-id").is_some());
        }
    }
}
