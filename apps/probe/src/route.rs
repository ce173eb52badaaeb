use crate::call::{Call, TEXT};
use crate::query::BadQuery;
use crate::{cookie, failure, inspect, reply, stream, text};
use transom::Error;

/// Serves one HTTP request.
pub(crate) async fn serve(mut call: Call<'_>) -> Result<(), Error> {
    call.record.requested();
    let Err(error) = route(&mut call).await else { return Ok(()) };
    let error = error.into_inner();
    match error.downcast_ref::<BadQuery>() {
        Some(bad) => call.respond(400, TEXT, bad.to_string()).await,
        None => Err(error.into()),
    }
}

/// What each path does.
async fn route(call: &mut Call<'_>) -> Result<(), Error> {
    let path = text::decoded(call.scope.local_path());
    match path.as_str() {
        "" | "/" => reply::root(call).await,
        "*" => inspect::serve(call).await,
        "/body" => reply::body(call).await,
        "/echo" => call.answer(reply::fields(call.scope.headers())).await,
        "/cookie" => call.answer(cookie::pairs(call.scope.headers())).await,
        "/noread" => call.answer("noread").await,
        "/fixed" => call.answer("hello").await,
        "/nocl" => reply::unannounced(call).await,
        "/close" => reply::close(call).await,
        "/dupheaders" => reply::duplicates(call).await,
        "/stream" => stream::messages(call).await,
        "/bytes" => stream::bytes(call).await,
        "/slow" => stream::slow(call).await,
        "/sse" => stream::events(call).await,
        "/crlfheader" => failure::split_header(call).await,
        "/raise" => Err("raised before the response".into()),
        "/nothing" => Ok(()),
        "/raise-after-start" => failure::raise_after_start(call, TEXT).await,
        "/raise-after-start-cl" => failure::raise_after_start(call, failure::announcing("100")).await,
        "/short" => failure::mismatch(call, "10", "hello").await,
        "/long" => failure::mismatch(call, "5", "helloWORLD").await,
        "/nobodymsg" => call.start(TEXT).await,
        "/wait" => reply::wait(call).await,
        "/state" => call.answer(call.record.report(call.scope.state())).await,
        "/browser" => reply::page(call).await,
        "/browser-result" => reply::page_result(call).await,
        path if path.starts_with("/inspect") => inspect::serve(call).await,
        path => {
            if let Some(status) = number_after("/status/", path) {
                reply::status(call, status, "").await
            } else if let Some(status) = number_after("/bodystatus/", path) {
                reply::status(call, status, "oops").await
            } else {
                call.respond(404, TEXT, "not found").await
            }
        }
    }
}

fn number_after(prefix: &str, path: &str) -> Option<u64> {
    path.strip_prefix(prefix)?.parse().ok()
}
