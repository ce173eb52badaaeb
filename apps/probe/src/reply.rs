//! The plain answers.

use crate::call::{Call, TEXT};
use transom::{BadRequest, End, Error, Headers, Method};

/// `OK`, or the body of a method that brings one.
pub(crate) async fn root(call: &mut Call<'_>) -> Result<(), Error> {
    match call.scope.method() {
        Method::Post | Method::Put | Method::Patch | Method::Delete => {
            let body = call.read().await?;
            call.answer(body).await
        }
        _ => call.answer("OK").await,
    }
}

/// The request body.
pub(crate) async fn body(call: &mut Call<'_>) -> Result<(), Error> {
    let body = call.read().await?;
    call.respond(200, Headers::from_static(&[("content-type", "application/octet-stream")]), body).await
}

/// `name: value`, one field per line.
pub(crate) fn fields(headers: &Headers) -> Vec<u8> {
    headers.iter().flat_map(|(name, value)| [name.as_bytes(), b": ", value, b"\n"].concat()).collect()
}

/// `hello`, of a length that is not announced.
pub(crate) async fn unannounced(call: &mut Call<'_>) -> Result<(), Error> {
    call.start(TEXT).await?;
    call.finish("hello").await
}

/// `hello`, and the connection is to be closed.
pub(crate) async fn close(call: &mut Call<'_>) -> Result<(), Error> {
    const HEADERS: Headers = Headers::from_static(&[("content-type", "text/plain"), ("connection", "close")]);
    call.respond(200, HEADERS, "hello").await
}

/// Two fields of one name, with another between them.
pub(crate) async fn duplicates(call: &mut Call<'_>) -> Result<(), Error> {
    const HEADERS: Headers = Headers::from_static(&[
        ("content-type", "text/plain"),
        ("set-cookie", "a=1"),
        ("x-mid", "m"),
        ("set-cookie", "b=2"),
    ]);
    call.respond(200, HEADERS, "ok").await
}

/// Any status, without fields. One that may not be sent, or not with this body, is the server's to refuse.
pub(crate) async fn status(call: &mut Call<'_>, status: u64, body: &'static str) -> Result<(), Error> {
    call.respond(u16::try_from(status)?, Headers::new(), body).await
}

/// Counts the client's leaving, and never responds.
pub(crate) async fn wait(call: &mut Call<'_>) -> Result<(), Error> {
    if let End::Disconnected { .. } | End::BadRequest(BadRequest::Truncated) = call.end().await {
        call.record.disconnected();
    }
    Ok(())
}

/// The page that tests the server from inside a browser.
pub(crate) async fn page(call: &mut Call<'_>) -> Result<(), Error> {
    call.respond(200, Headers::from_static(&[("content-type", "text/html")]), include_str!("browser.html")).await
}

/// Keeps what the page found out.
pub(crate) async fn page_result(call: &mut Call<'_>) -> Result<(), Error> {
    if *call.scope.method() == Method::Post {
        let body = call.read().await?;
        call.record.browsed(String::from_utf8_lossy(&body).into_owned());
    }
    call.answer("OK").await
}
