//! HTTP: what a response is on the wire.

use crate::server::check::{Checked, checks, ensure, same};
use crate::server::client::Response;
use crate::server::events::{GET, last, more, respond, respond_with, start, start_with};
use crate::server::probe::Http;
use crate::server::stage::Stage;
use transom::{Capabilities, Outgoing};

checks! {
    whole_responses: "HTTP-SEND-15" "HTTP-SEND-20";
    streamed_responses: "HTTP-SEND-14" "HTTP-SEND-16" "EVENT-3" "EVENT-4";
    streamed_to_http10: "HTTP-SEND-16";
    announced_responses: "HTTP-SEND-14" "HTTP-SEND-15";
    responses_to_head: "HTTP-SEND-13" "HTTP-SEND-12";
    statuses_without_body: "HTTP-SEND-17" "HTTP-SEND-10";
    fields_of_one_hop: "HTTP-SEND-17" "HTTP-SEND-18" "HTTP-SEND-20";
    connections_that_are_to_close: "HTTP-SEND-18";
    fields_of_the_application: "HTTP-SEND-21";
    upgrade_required: "HTTP-SEND-17" "HTTP-SEND-22";
    trailers: "ERROR-3" "HTTP-SEND-1";
}

/// The fields that the application may have sent: those of the server and of the operator left out.
fn own(response: &Response) -> Vec<(&str, &str)> {
    let fields = response.fields.iter().map(|(name, value)| (&**name, &**value));
    fields.filter(|(name, _)| name.starts_with("x-") || *name == "set-cookie").collect()
}

const FIELDS: [(&str, &str); 5] =
    [("x-b", "2"), ("set-cookie", "a=1"), ("x-a", "  1\t\"x\"; y  z"), ("set-cookie", "b=2"), ("x-b", "1")];

fn whole_responses(stage: &Stage) -> Checked {
    let served = stage.http(|_, _, _receive, mut send| {
        let trimmed = FIELDS.map(|(name, value)| (name, value.trim()));
        Box::pin(async move { Ok(send.send(respond_with(203, &trimmed, "hello")).await?) })
    })?;
    let mut client = served.connect()?;
    for _ in 0..2 {
        let response = client.ask(GET)?;
        response.is(203, "hello")?;
        same("content-length", response.all("content-length"), ["5"])?;
        same("the fields", own(&response), FIELDS.map(|(name, value)| (name, value.trim())))?;
    }
    Ok(())
}

const STREAMS: Http = |_, _, _receive, mut send| {
    Box::pin(async move {
        send.send(start()).await?;
        for data in ["", "he", "", "l", "lo", ""] {
            send.send(more(data)).await?;
        }
        Ok(send.send(last("")).await?)
    })
};

fn streamed_responses(stage: &Stage) -> Checked {
    let served = stage.http(STREAMS)?;
    let mut client = served.connect()?;
    for _ in 0..2 {
        let response = client.ask(GET)?;
        response.is(200, "hello")?;
        ensure!(response.field("content-length").is_none(), "a length that nobody announced");
        same("connection", response.field("connection"), None)?;
    }
    Ok(())
}

fn streamed_to_http10(stage: &Stage) -> Checked {
    let served = stage.http(STREAMS)?;
    let response = served.connect()?.ask("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")?;
    response.is(200, "hello")?;
    same("transfer-encoding", response.field("transfer-encoding"), None)
}

fn announced_responses(stage: &Stage) -> Checked {
    let served = stage.http(|_, _, _receive, mut send| {
        Box::pin(async move {
            send.send(start_with(200, &[("content-length", "5"), ("transfer-encoding", "chunked")])).await?;
            send.send(more("he")).await?;
            send.send(more("llo")).await?;
            Ok(send.send(last("")).await?)
        })
    })?;
    let mut client = served.connect()?;
    for _ in 0..2 {
        let response = client.ask(GET)?;
        response.is(200, "hello")?;
        same("content-length", response.all("content-length"), ["5"])?;
    }
    Ok(())
}

fn responses_to_head(stage: &Stage) -> Checked {
    let served = stage.http(|_, scope, _receive, mut send| {
        Box::pin(async move {
            match scope.target() {
                b"/whole" => send.send(respond_with(200, &[("x-a", "1")], "hello")).await?,
                b"/length" => send.send(respond_with(200, &[("content-length", "7")], "")).await?,
                b"/stream" => {
                    send.send(start()).await?;
                    send.send(more("hello")).await?;
                    send.send(last("")).await?;
                }
                _ => {
                    send.send(start_with(200, &[("content-length", "5")])).await?;
                    send.send(last("")).await?;
                }
            }
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    for (target, length) in [("/whole", Some("5")), ("/length", Some("7")), ("/stream", None), ("/started", Some("5"))]
    {
        client.send(format!("HEAD {target} HTTP/1.1\r\nhost: a\r\n\r\n"));
        let response = client.head()?;
        same("the status", response.status, 200)?;
        same("content-length", response.field("content-length"), length)?;
    }
    client.ask("GET /whole HTTP/1.1\r\nhost: a\r\n\r\n")?.is(200, "hello")
}

fn statuses_without_body(stage: &Stage) -> Checked {
    let served = stage.http(|_, scope, _receive, mut send| {
        Box::pin(async move {
            match scope.target() {
                b"/204" => send.send(respond_with(204, &[("content-length", "0")], "")).await?,
                b"/205" => send.send(respond_with(205, &[], "")).await?,
                b"/304" => send.send(respond_with(304, &[("content-length", "5")], "")).await?,
                _ => {
                    send.send(start_with(204, &[])).await?;
                    send.send(last("")).await?;
                }
            }
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    for (target, status) in [("/204", 204), ("/205", 205), ("/304", 304), ("/start", 204), ("/204", 204)] {
        let response = client.ask(format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n"))?;
        response.is(status, "")?;
        ensure!(status != 204 || response.field("content-length").is_none(), "a content-length with 204");
    }
    Ok(())
}

fn fields_of_one_hop(stage: &Stage) -> Checked {
    let served = stage.http(|_, _, _receive, mut send| {
        let fields = [
            ("x-kept", "1"),
            ("connection", "x-kept, keep-alive"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("te", "trailers"),
            ("transfer-encoding", "gzip, chunked"),
            ("upgrade", "h2c"),
            ("x-kept", "2"),
        ];
        Box::pin(async move { Ok(send.send(respond_with(200, &fields, "ok")).await?) })
    })?;
    let mut client = served.connect()?;
    for _ in 0..2 {
        let response = client.ask(GET)?;
        response.is(200, "ok")?;
        same("the fields", own(&response), [("x-kept", "1"), ("x-kept", "2")])?;
        for name in ["keep-alive", "proxy-connection", "te", "upgrade", "connection"] {
            same(name, response.field(name), None)?;
        }
    }
    Ok(())
}

fn connections_that_are_to_close(stage: &Stage) -> Checked {
    let served = stage.http(|_, _, _receive, mut send| {
        Box::pin(async move { Ok(send.send(respond_with(200, &[("connection", "Close")], "ok")).await?) })
    })?;
    let mut client = served.connect()?;
    let response = client.ask(GET)?;
    response.is(200, "ok")?;
    same("connection", response.field("connection").map(str::to_ascii_lowercase), Some("close".to_owned()))?;
    client.ends()
}

fn fields_of_the_application(stage: &Stage) -> Checked {
    let served = stage.http(|_, _, _receive, mut send| {
        let fields = [("date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("server", "mine")];
        Box::pin(async move { Ok(send.send(respond_with(200, &fields, "ok")).await?) })
    })?;
    let response = served.connect()?.ask(GET)?;
    response.is(200, "ok")?;
    same("date", response.all("date"), ["Thu, 01 Jan 1970 00:00:00 GMT"])?;
    same("server", response.all("server"), ["mine"])
}

fn upgrade_required(stage: &Stage) -> Checked {
    let served = stage.http(|_, _, _receive, mut send| {
        Box::pin(async move { Ok(send.send(respond_with(426, &[("upgrade", "foo/2")], "")).await?) })
    })?;
    let response = served.connect()?.ask(GET)?;
    same("the status", response.status, 426)?;
    same("upgrade", response.all("upgrade"), ["foo/2"])?;
    let options = response.all("connection").join(",").to_ascii_lowercase();
    ensure!(options.split(',').any(|option| option.trim() == "upgrade"), "connection: {options}");
    Ok(())
}

fn trailers(stage: &Stage) -> Checked {
    stage.needs(Capabilities::TRAILERS)?;
    let served = stage.http(|_, scope, _receive, mut send| {
        Box::pin(async move {
            if scope.target() != b"/" {
                return Ok(send.send(respond("next")).await?);
            }
            send.send(start_with(200, &[("trailer", "x-sum")])).await?;
            send.send(more("hello")).await?;
            Ok(send.send(Outgoing::Trailers([("x-sum", "1"), ("x-sum", "2")].into_iter().collect())).await?)
        })
    })?;
    let mut client = served.connect()?;
    let response = client.ask(GET)?;
    response.is(200, "hello")?;
    let field = |value: &str| ("x-sum".to_owned(), value.to_owned());
    same("the trailers", &response.trailers[..], [field("1"), field("2")])?;
    client.ask("GET /next HTTP/1.1\r\nhost: a\r\n\r\n")?.is(200, "next")
}
