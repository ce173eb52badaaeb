//! What an application must not do, done.

use crate::call::{Call, TEXT};
use std::time::Duration;
use tokio::time::sleep;
use transom::{Error, Headers};

/// A value that would smuggle a field in.
pub(crate) async fn split_header(call: &mut Call<'_>) -> Result<(), Error> {
    let mut headers = TEXT;
    headers.push("x-inj", b"a\r\nx-evil: 1");
    call.respond(200, headers, "OK").await
}

/// Fails when the client has a part of the response.
pub(crate) async fn raise_after_start(call: &mut Call<'_>, headers: Headers) -> Result<(), Error> {
    call.start(headers).await?;
    call.part("partial").await?;
    sleep(Duration::from_millis(50)).await;
    Err("raised after the response was started".into())
}

/// Ends a body that is not as long as announced.
pub(crate) async fn mismatch(call: &mut Call<'_>, length: &str, body: &'static str) -> Result<(), Error> {
    call.start(announcing(length)).await?;
    call.finish(body).await
}

/// The fields of a text of this length.
pub(crate) fn announcing(length: &str) -> Headers {
    let mut headers = TEXT;
    headers.push("content-length", length.as_bytes());
    headers
}
