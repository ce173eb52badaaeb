//! The smallest application: it answers every request with a greeting.

use transom::{Error, Headers, Outgoing, Receiver, Scope, Sender};

/// Answers `Hello, World!`.
pub async fn app(scope: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let Scope::Http(_) = scope else { return Err(Error::unsupported()) };
    let headers = Headers::from_static(&[("content-type", "text/plain")]);
    send.send(Outgoing::Response { status: 200, headers, body: "Hello, World!\n".into() }).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use transom::memory;

    #[test]
    fn greets() {
        let outcome = memory::http("GET", "/").run(app);
        assert_eq!((outcome.status(), outcome.header("content-type")), (Some(200), Some("text/plain")));
        assert_eq!(outcome.body(), b"Hello, World!\n");
    }

    /// SPEC: APP-7
    #[test]
    fn serves_nothing_but_http() {
        assert!(memory::websocket("/").run(app).result.is_err_and(|error| error.is_unsupported()));
        assert!(memory::lifespan().run(app).result.is_err_and(|error| error.is_unsupported()));
    }
}
