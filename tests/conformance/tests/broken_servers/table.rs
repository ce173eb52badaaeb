//! A broken server for each check.

use crate::layer::{Layer, Wrong};
use crate::proxy::Proxy;
use crate::start;
use std::io::Seek;
use std::task::Poll;
use transom::{
    BadRequest, BoxApp, Capabilities, End, FileSource, Incoming, Message, Outgoing, SendError, State, Violation,
    cancel_on_disconnect,
};
use transom_conformance::{BoxError, Running, Server};
use transom_server::Config;

pub(crate) struct Broken {
    pub(crate) check: &'static str,
    /// A part of what the check says.
    pub(crate) reason: &'static str,
    pub(crate) start: Box<dyn Fn(BoxApp) -> Result<Running, BoxError> + Send + Sync>,
    /// The server that is asked what there is to check.
    pub(crate) asked: fn(BoxApp) -> Result<Running, BoxError>,
    /// How the check is told of it.
    pub(crate) tune: fn(Server) -> Server,
}

fn broken(
    check: &'static str,
    reason: &'static str,
    start: impl Fn(BoxApp) -> Result<Running, BoxError> + Send + Sync + 'static,
) -> Broken {
    Broken {
        check,
        reason,
        start: Box::new(start),
        asked: start::start,
        tune: |server| server.message_limit(start::MESSAGE_LIMIT),
    }
}

fn layer(check: &'static str, reason: &'static str, wrong: Wrong) -> Broken {
    broken(check, reason, move |app| start::start(BoxApp::new(Layer { app, wrong })))
}

fn scope(check: &'static str, reason: &'static str, edit: fn(&mut transom::HttpScope)) -> Broken {
    layer(check, reason, Wrong::Scope(edit))
}

fn receive(check: &'static str, reason: &'static str, edit: fn(Incoming) -> Incoming) -> Broken {
    layer(check, reason, Wrong::Receive(edit))
}

fn send(check: &'static str, reason: &'static str, edit: fn(Outgoing) -> Option<Outgoing>) -> Broken {
    layer(check, reason, Wrong::Send(edit))
}

fn answer(
    check: &'static str,
    reason: &'static str,
    edit: fn(Result<(), SendError>) -> Result<(), SendError>,
) -> Broken {
    layer(check, reason, Wrong::Answer(edit))
}

/// `closed` gives another reason.
fn closed(check: &'static str, reason: &'static str) -> Broken {
    layer(check, reason, Wrong::Closed(|closed| closed.map(|_| End::Timeout)))
}

fn proxy(check: &'static str, reason: &'static str, proxy: Proxy) -> Broken {
    broken(check, reason, move |app| {
        let running = start::start(app)?;
        proxy.clone().before(running.address(), running)
    })
}

fn request(check: &'static str, reason: &'static str, from: &str, to: &str) -> Broken {
    let change = Some((from.into(), to.into()));
    proxy(check, reason, Proxy { requests: change, responses: None })
}

fn response(check: &'static str, reason: &'static str, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Broken {
    let change = Some((from.as_ref().into(), to.as_ref().into()));
    proxy(check, reason, Proxy { requests: None, responses: change })
}

fn config(check: &'static str, reason: &'static str, edit: fn(&mut Config)) -> Broken {
    broken(check, reason, move |app| {
        let mut config = start::config();
        edit(&mut config);
        start::start_with(app, config)
    })
}

/// There are capabilities that it lacks.
fn without_sockets() -> Config {
    let mut config = start::config();
    config.websocket.enabled = false;
    config
}

/// Its stop is a failure.
fn failing_stop(check: &'static str, reason: &'static str) -> Broken {
    broken(check, reason, |app| {
        let running = start::start(app)?;
        Ok(Running::new(running.address(), move || running.stop().and(Err("it fails".into()))))
    })
}

fn capitals(event: Incoming) -> Incoming {
    match event {
        Incoming::Body { data, more } => Incoming::Body { data: data.to_ascii_uppercase().into(), more },
        Incoming::Message(Message::Text(text)) => Incoming::Message(Message::Text(text.to_uppercase().into())),
        other => other,
    }
}

/// Every end is this one.
fn timeout(event: Incoming) -> Incoming {
    match event {
        Incoming::End(_) => Incoming::End(End::Timeout),
        other => other,
    }
}

/// Every close is as clean as it was not.
fn otherwise(event: Incoming) -> Incoming {
    match event {
        Incoming::End(End::Closed { code, reason, clean }) => {
            Incoming::End(End::Closed { code, reason, clean: !clean })
        }
        other => other,
    }
}

fn accepts(result: Result<(), SendError>) -> Result<(), SendError> {
    let _ = result;
    Ok(())
}

fn confuses(result: Result<(), SendError>) -> Result<(), SendError> {
    result.map_err(|error| match error {
        SendError::Violation(_) => SendError::Finished,
        _ => Violation::OutOfOrder.into(),
    })
}

pub(crate) fn all() -> Vec<Broken> {
    [scopes(), requests(), responses(), ends(), handles(), tunnels(), sockets(), lives()]
        .into_iter()
        .flatten()
        .collect()
}

fn scopes() -> Vec<Broken> {
    vec![
        request(
            "one_call_for_each_request",
            "the status of what is no request: expected 400, found 200",
            "HTTP/1.1\r\n\r\n",
            "HTTP/1.1\r\nhost: a\r\n\r\n",
        ),
        layer(
            "manifest_comes_first",
            "what happens first: expected Some(\"manifest\"), found Some(\"GET / path",
            Wrong::NoManifest,
        ),
        Broken {
            asked: |app| start::start_with(app, without_sockets()),
            ..broken("what_is_required_is_there", "the server serves", |app| {
                start::start_with(BoxApp::new(Layer { app, wrong: Wrong::NoManifest }), without_sockets())
            })
        },
        request(
            "methods_and_targets",
            "expected \"get / path / query None\", found \"GET / path / query None\"",
            "get /",
            "GET /",
        ),
        request(
            "absolute_targets",
            "expected \"GET / path / query None at example.org:81\", found \"GET /",
            "http://example.org:81",
            "http://example.org:82",
        ),
        Broken { tune: |server| server.root_path("/api"), ..broken("root_paths", "expected", start::start) },
        scope("fields", "expected \"x-empty: \", found \"x-one: a, b\\\\tc\"", |scope| {
            scope.headers_mut().remove("x-empty");
        }),
        request(
            "bodies_that_are_announced",
            "expected \"Exact(5)\", found \"Exact(4)\"",
            "content-length: 5\r\n\r\nhello",
            "content-length: 4\r\n\r\nhell",
        ),
        request(
            "protocols",
            "expected \"Some(\\\"foo/2\\\")\", found \"Some(\\\"bar\\\")\"",
            "foo/2, bar",
            "bar, foo/2",
        ),
        proxy("connections", "client, server and tls: expected", Proxy::default()),
        request("scopes_that_are_kept", "what was kept: expected", "host: one", "host: two"),
        send("state", "the response: expected (200, \"a value\"), found (200, \"none\")", |event| match event {
            Outgoing::Ready(_) => Some(Outgoing::Ready(State::new())),
            other => Some(other),
        }),
        scope("capabilities", "expected \"true\", found \"false\"", |scope| scope.mask(Capabilities::INFORMATIONAL)),
    ]
}

fn requests() -> Vec<Broken> {
    vec![
        receive("bodies", "expected \"hello, world!\", found \"HELLO, WORLD!\"", capitals),
        receive("no_body", "expected \"Body \", found \"Body , more\"", |event| match event {
            Incoming::Body { data, .. } => Incoming::Body { data, more: true },
            other => other,
        }),
        closed("the_end_is_waited_for", "expected \"Complete\", found \"Timeout\""),
        receive("receiving_after_the_response", "expected \"hello\", found \"HELLO\"", capitals),
        receive("malformed_bodies", "expected \"BadRequest(Malformed) after abc\", found", |event| match event {
            Incoming::End(End::BadRequest(_)) => Incoming::End(End::BadRequest(BadRequest::Truncated)),
            other => other,
        }),
        Broken {
            tune: |server| server.body_limit(4096),
            ..config("bodies_above_the_limit", "nothing comes after \"\"", |config| config.limits.body = None)
        },
        response("answers_to_bad_requests", "the status: expected 400, found 500", "HTTP/1.1 400", "HTTP/1.1 500"),
        config("truncated_bodies", "expected \"Disconnected { code: None } after ab\", found", |config| {
            config.half_close = true
        }),
        layer(
            "a_receiver_that_is_dropped",
            "expected \"None\", found \"Some(Complete)\"",
            Wrong::Closed(|_| Poll::Ready(End::Complete)),
        ),
        response(
            "bodies_that_are_not_read",
            "the response: expected (200, \"/two\"), found (200, \"/one\")",
            "/two",
            "/one",
        ),
        receive(
            "trailers_of_requests",
            "expected \"hi and Trailers x-sum: 1, x-sum: 2\", found \"hi and Trailers",
            |event| match event {
                Incoming::Trailers(mut fields) => {
                    fields.push("host", b"b");
                    Incoming::Trailers(fields)
                }
                other => other,
            },
        ),
        response("continue_when_the_body_is_awaited", "nothing comes after \"\"", CONTINUE, ""),
        response(
            "continue_once",
            "the response: expected (200, \"hi\"), found (100, \"\")",
            CONTINUE,
            CONTINUE.repeat(2),
        ),
        response(
            "no_continue_when_the_body_came",
            "the response: expected (200, \"hi\"), found (100, \"\")",
            "HTTP/1.1 200",
            format!("{CONTINUE}HTTP/1.1 200"),
        ),
        response(
            "no_continue_without_interest",
            "connection: expected Some(\"close\"), found None",
            "connection: close\r\n",
            "",
        ),
        response(
            "interim_responses",
            "its fields: expected [(\"link\", \"</a>\"), (\"link\", \"</b>\")], found",
            "</b>",
            "</c>",
        ),
    ]
}

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

fn responses() -> Vec<Broken> {
    vec![
        answer("refused_before_the_start", "expected \"OutOfOrder\", found \"accepted\"", accepts),
        answer("refused_after_the_start", "expected \"OutOfOrder\", found \"accepted\"", accepts),
        answer("refused_after_the_end", "expected \"Finished\", found \"accepted\"", accepts),
        answer("refused_statuses", "expected \"BadStatus\", found \"Finished\"", confuses),
        answer("refused_fields", "expected \"BadHeader\", found \"accepted\"", accepts),
        answer("refused_bodies", "expected \"LengthMismatch\", found \"accepted\"", accepts),
        answer("refused_trailers", "expected \"BadHeader\", found \"Finished\"", confuses),
        response("whole_responses", "the fields: expected", "x-b: 1\r\n", ""),
        response(
            "streamed_responses",
            "content-length and transfer-encoding: ([\"5\"], [\"chunked\"])",
            CHUNKED,
            format!("{CHUNKED}content-length: 5\r\n"),
        ),
        response(
            "streamed_to_http10",
            "the connection ends (Orderly) within a line, after \"hello\"",
            "connection: close\r\n",
            CHUNKED,
        ),
        response("announced_responses", "nothing comes after \"hello\"", "content-length: 5\r\n", CHUNKED),
        response(
            "responses_to_head",
            "content-length: expected Some(\"7\"), found Some(\"0\")",
            "content-length: 7\r\n",
            "content-length: 0\r\n",
        ),
        response(
            "statuses_without_body",
            "a content-length with 204",
            "204 No Content\r\n",
            "204 No Content\r\ncontent-length: 0\r\n",
        ),
        response(
            "fields_of_one_hop",
            "keep-alive: expected None, found Some(\"timeout=5\")",
            "x-kept: 1\r\n",
            "x-kept: 1\r\nkeep-alive: timeout=5\r\n",
        ),
        response(
            "connections_that_are_to_close",
            "connection: expected Some(\"close\"), found None",
            "connection: close\r\n",
            "",
        ),
        response(
            "fields_of_the_application",
            "server: expected [\"mine\"], found [\"mine\", \"yours\"]",
            "server: mine\r\n",
            "server: mine\r\nserver: yours\r\n",
        ),
        response("upgrade_required", "connection: ", "connection: upgrade\r\n", ""),
        send("trailers", "the trailers: expected [(\"x-sum\", \"1\"), (\"x-sum\", \"2\")], found []", |event| {
            match event {
                Outgoing::Trailers(_) => Some(Outgoing::Body { data: Default::default(), more: false }),
                other => Some(other),
            }
        }),
        send("ranges_of_files", "expected \"3\", found \"0\"", |event| {
            if let Outgoing::File { file, .. } = &event
                && let FileSource::File(file) = &file.source
            {
                (&**file).rewind().unwrap();
            }
            Some(event)
        }),
        config("files_count_as_they_are_long", "expected \"None\"", |config| config.limits.high_water = usize::MAX),
        answer("files_that_cannot_be_sent", "expected \"BadFile\", found \"accepted\"", accepts),
        send("files_that_become_shorter", "bytes, and no end", |event| match event {
            Outgoing::File { file, more } => Some(Outgoing::Body { data: vec![0; file.len as usize].into(), more }),
            other => Some(other),
        }),
    ]
}

const CHUNKED: &str = "transfer-encoding: chunked\r\n";

fn ends() -> Vec<Broken> {
    vec![
        response("calls_that_answer_nothing", "the status: expected 501, found 500", "HTTP/1.1 501", "HTTP/1.1 500"),
        response("responses_that_are_cut", "the response looks complete", "4\r\npart\r\n", "4\r\npart\r\n0\r\n\r\n"),
        proxy("cut_where_the_end_is_the_end", "the end: expected Reset, found Orderly", Proxy::default()),
        // It forgets what it answered when the call fails.
        broken(
            "failures_after_the_response",
            "the response: expected (200, \"ok\"), found (500, \"Internal Server",
            |app| start::start(BoxApp::new(Layer { app, wrong: Wrong::Deferred })),
        ),
        layer("a_sender_that_is_dropped", "nothing comes after \"\"", Wrong::Held),
        layer("a_sender_that_is_dropped_later", "nothing comes after", Wrong::Held),
        layer("responses_before_the_return", "nothing comes after \"\"", Wrong::Deferred),
        closed("handles_of_calls_that_returned", "what the handles say: expected Some(\"Ok(()) [\\\"Finished\\\","),
        receive("peers_that_leave", "expected \"Disconnected { code: None }\", found \"Timeout\"", timeout),
        config("peers_that_close_their_side", "the application does not get as far as it should", |config| {
            config.half_close = true
        }),
        broken("calls_go_on_without_their_peer", "the application does not get as far as it should", |app| {
            start::start(BoxApp::new(cancel_on_disconnect(app)))
        }),
        receive(
            "losses_after_bad_requests",
            "expected \"BadRequest(Malformed)\", found \"Disconnected { code: None }\"",
            |event| match event {
                Incoming::End(_) => Incoming::End(End::Disconnected { code: None }),
                other => other,
            },
        ),
        answer("losses_after_the_response", "expected \"Finished\", found \"OutOfOrder\"", confuses),
    ]
}

fn handles() -> Vec<Broken> {
    vec![
        config(
            "sends_wait_for_the_peer",
            "expected \"None None None\", found \"Some(Ok(())) Some(Ok(())) None\"",
            |config| config.limits.high_water = usize::MAX,
        ),
        layer("nothing_has_to_be_flushed", "nothing comes after \"\"", Wrong::Deferred),
        layer("nothing_waits_after_the_end", "the application does not get as far as it should", Wrong::NeverReady),
        proxy("bodies_are_read_on_demand", "bytes were read, and nobody received", Proxy::default()),
        receive("receives_that_are_dropped", "the body: expected \"abcde\", found \"ABCDE\"", capitals),
        config("sends_that_are_dropped", "expected \"None\", found \"Some(Ok(()))\"", |config| {
            config.limits.high_water = usize::MAX
        }),
        layer("handles_on_other_threads", "nothing comes after \"\"", Wrong::OneThread),
        layer("wakers_that_are_replaced", "the application does not get as far", Wrong::FirstWaker),
        config("calls_at_the_same_time", "the application does not get as far as it should", |config| {
            config.limits.in_flight = Some(1)
        }),
    ]
}

fn tunnels() -> Vec<Broken> {
    vec![
        response(
            "tunnels_by_upgrade",
            "upgrade: expected [\"foo/2\"], found [\"foo/3\"]",
            "upgrade: foo/2\r\n",
            "upgrade: foo/3\r\n",
        ),
        response("tunnels_by_connect", "the framing of a body", "x-a: 1\r\n", "x-a: 1\r\ncontent-length: 5\r\n"),
        answer("tunnels_that_are_declined", "expected \"BadStatus\", found \"Finished\"", confuses),
        answer("refused_in_tunnels", "expected \"OutOfOrder\", found \"Finished\"", confuses),
        receive("requests_in_front_of_tunnels", "the application does not get as far as it should", capitals),
        proxy("tunnels_that_are_cut", "the end: expected Reset, found Orderly", Proxy::default()),
        closed("tunnels_whose_peer_is_lost", "expected \"true Some(Disconnected { code: None })\", found \"true"),
    ]
}

fn sockets() -> Vec<Broken> {
    vec![
        response(
            "handshakes",
            "sec-websocket-accept: expected [\"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"],",
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "S3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        ),
        receive("messages", "expected \"Text grüß\", found \"Text GRÜSS\"", capitals),
        answer("events_before_the_handshake", "expected \"OutOfOrder\", found \"Finished\"", confuses),
        answer("events_after_the_handshake", "expected \"OutOfOrder\", found \"Finished\"", confuses),
        layer("receiving_before_the_handshake", "expected \"waits\", found \"Text early\"", Wrong::Early),
        response("handshakes_that_are_denied", "the status: expected 403, found 401", "HTTP/1.1 403", "HTTP/1.1 401"),
        response(
            "handshakes_that_are_denied_at_length",
            "the response: expected (404, \"where?\"), found (403, \"where?\")",
            "HTTP/1.1 404",
            "HTTP/1.1 403",
        ),
        receive("handshakes_whose_peer_leaves", "expected \"Disconnected { code: None }\", found \"Timeout\"", timeout),
        response("socket_calls_that_return", "the status: expected 501, found 500", "HTTP/1.1 501", "HTTP/1.1 500"),
        response("pings", "the answer: expected", "are you there?", "here i am....."),
        layer("pings_that_are_wanted", "expected \"true\", found \"false\"", Wrong::NoManifest),
        receive(
            "peers_that_close",
            "expected \"Closed { code: 4001, reason: \\\"later\\\", clean: true }\",",
            otherwise,
        ),
        receive("peers_that_do_not_close", "the end: Closed { code: 1006, reason: \"\", clean: true }", otherwise),
        receive(
            "closes_by_the_application",
            "expected \"Closed { code: 3000, reason: \\\"\\\", clean: true }\", found",
            otherwise,
        ),
        receive("breaches", "the end: expected \"Closed { code: 1002", otherwise),
        config("messages_above_the_limit", "nothing comes after \"\"", |config| config.websocket.max_message = None),
        response(
            "sockets_at_the_stop",
            "the close frame: expected (8, Some(1012)), found (8, Some(1011))",
            b"\x03\xf4",
            b"\x03\xf3",
        ),
        Broken {
            asked: |app| start::start_with(app, without_sockets()),
            ..broken("handshakes_without_websockets", "found (501", start::start)
        },
        layer("socket_receivers_that_are_dropped", "nothing comes after", Wrong::HeldReceiver),
        layer("socket_senders_that_are_dropped", "nothing comes after \"\"", Wrong::Held),
    ]
}

fn lives() -> Vec<Broken> {
    vec![
        layer(
            "startup",
            "what happens first: expected Some(\"manifest\"), found Some(\"lifespan\")",
            Wrong::NoManifest,
        ),
        failing_stop("no_interest", "the stop: expected Ok(()), found Err(\"it fails\")"),
        layer("startup_that_fails", "the server serves", Wrong::Swallowed),
        layer("startup_that_panics", "the server serves", Wrong::Swallowed),
        answer("events_of_the_lifespan", "expected \"WrongProtocol\", found \"accepted\"", accepts),
        receive("the_stop", "expected \"Draining\", found \"Shutdown\"", |event| match event {
            Incoming::Draining { .. } => Incoming::Shutdown,
            other => other,
        }),
        failing_stop("an_early_return", "the stop: expected Ok(())"),
        layer("failures_while_the_server_runs", "the server goes on", Wrong::Swallowed),
        layer("failures_while_the_server_drains", "the server calls it a success", Wrong::Swallowed),
        layer("failures_after_shutdown", "the server calls it a success", Wrong::Swallowed),
        failing_stop("lifespan_handles_that_are_dropped", "the stop: expected Ok(()), found Err(\"it fails\")"),
        closed(
            "lifespan_handles_that_are_left",
            "what the handles say: expected Some(\"Complete Complete Finished\"),",
        ),
    ]
}
