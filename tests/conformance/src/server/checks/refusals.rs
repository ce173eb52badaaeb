//! HTTP: what is refused, and that a refusal changes nothing.

use crate::server::check::{Checked, checks, same};
use crate::server::events::{GET, answer, last, more, read, respond, respond_with, start, start_with};
use crate::server::probe::{Aside, Http};
use crate::server::stage::Stage;
use transom::{Capabilities, Message, Outgoing, Sender, State};

checks! {
    refused_before_the_start: "HTTP-SEND-1" "STATE-4" "ERROR-1" "ERROR-2" "ERROR-3";
    refused_after_the_start: "HTTP-SEND-1" "STATE-4" "ERROR-1" "ERROR-2";
    refused_after_the_end: "HTTP-SEND-1" "ERROR-1" "ERROR-2" "FLOW-3";
    refused_statuses: "HTTP-SEND-3" "HTTP-SEND-4" "TUNNEL-1" "ERROR-1";
    refused_fields: "HTTP-SEND-5" "HTTP-SEND-6" "HTTP-SEND-7" "HTTP-SEND-8" "ERROR-1";
    refused_bodies: "HTTP-SEND-9" "HTTP-SEND-10" "HTTP-SEND-11" "HTTP-SEND-12" "ERROR-1";
    refused_trailers: "TRAILERS-1" "TRAILERS-2" "HTTP-SEND-5" "ERROR-1";
}

/// Sends what is to be refused, and tells each answer.
async fn offer(aside: &Aside, send: &mut Sender, events: Vec<Outgoing>) {
    for event in events {
        aside.tell(answer(&send.send(event).await));
    }
}

/// The application is refused these, in order, and the response is as if it had not tried.
fn refused(stage: &Stage, http: Http, answers: &[&str], status: u16, body: &str) -> Checked {
    let served = stage.http(http)?;
    let mut client = served.connect()?;
    client.send(GET);
    for expected in answers {
        served.tells(expected)?;
    }
    let response = client.response()?;
    response.is(status, body)?;
    same("a field that was refused", response.field("x-refused"), None)?;
    client.ask(GET)?.is(status, body)
}

fn foreign() -> [Outgoing; 5] {
    [
        Outgoing::Accept { subprotocol: None, headers: Default::default() },
        Outgoing::Message(Message::Text("x".into())),
        Outgoing::Close { code: 1000, reason: "".into() },
        Outgoing::Ready(State::new()),
        Outgoing::Extension(Box::new(())),
    ]
}

const FOREIGN: [&str; 5] =
    ["WrongProtocol", "WrongProtocol", "WrongProtocol", "WrongProtocol", "Unsupported(Capabilities())"];

fn refused_before_the_start(stage: &Stage) -> Checked {
    let http: Http = |aside, _, _receive, mut send| {
        Box::pin(async move {
            offer(&aside, &mut send, vec![more("x"), last("x")]).await;
            offer(&aside, &mut send, foreign().into()).await;
            Ok(send.send(respond("ok")).await?)
        })
    };
    refused(stage, http, &[&["OutOfOrder"; 2][..], &FOREIGN].concat(), 200, "ok")
}

fn refused_after_the_start(stage: &Stage) -> Checked {
    let http: Http = |aside, _, _receive, mut send| {
        Box::pin(async move {
            send.send(start()).await?;
            offer(&aside, &mut send, vec![start(), respond_with(204, &[("x-refused", "1")], "")]).await;
            offer(&aside, &mut send, foreign().into()).await;
            send.send(more("o")).await?;
            offer(&aside, &mut send, vec![start()]).await;
            Ok(send.send(last("k")).await?)
        })
    };
    refused(stage, http, &[&["OutOfOrder"; 2][..], &FOREIGN, &["OutOfOrder"]].concat(), 200, "ok")
}

fn refused_after_the_end(stage: &Stage) -> Checked {
    let http: Http = |aside, _, _receive, mut send| {
        Box::pin(async move {
            send.send(respond("ok")).await?;
            offer(&aside, &mut send, vec![start(), respond("x"), more("x"), last("x")]).await;
            offer(&aside, &mut send, foreign().into()).await;
            Ok(())
        })
    };
    refused(stage, http, &["Finished"; 9], 200, "ok")
}

fn refused_statuses(stage: &Stage) -> Checked {
    let has_interim = stage.traits.capabilities.contains(Capabilities::INFORMATIONAL);
    let http: Http = |aside, scope, _receive, mut send| {
        Box::pin(async move {
            for status in [0, 101, 199, 600, 999] {
                offer(&aside, &mut send, vec![respond_with(status, &[("x-refused", "1")], "")]).await;
                if status != 101 {
                    offer(&aside, &mut send, vec![start_with(status, &[("x-refused", "1")])]).await;
                }
            }
            if scope.capabilities().contains(Capabilities::UPGRADE) {
                // Nobody asks for another protocol.
                offer(&aside, &mut send, vec![start_with(101, &[])]).await;
            } else {
                aside.tell("BadStatus");
            }
            if scope.capabilities().contains(Capabilities::INFORMATIONAL) {
                for status in [99, 101, 200] {
                    let interim = Outgoing::Informational { status, headers: Default::default() };
                    offer(&aside, &mut send, vec![interim]).await;
                }
            }
            Ok(send.send(respond_with(599, &[], "ok")).await?)
        })
    };
    refused(stage, http, if has_interim { &["BadStatus"; 13] } else { &["BadStatus"; 10] }, 599, "ok")
}

fn refused_fields(stage: &Stage) -> Checked {
    let http: Http = |aside, _, _receive, mut send| {
        Box::pin(async move {
            let fields: [(&str, &str); 8] = [
                ("", "x"),
                ("a b", "x"),
                ("a:", "x"),
                ("x\r\ny", "x"),
                ("x", "a\r\nx-refused: 1"),
                ("x", "a\nb"),
                ("x", "a\0b"),
                ("x", "a\x7f"),
            ];
            for field in fields {
                let fields = [("x-refused", "1"), field];
                offer(&aside, &mut send, vec![start_with(200, &fields), respond_with(200, &fields, "ok")]).await;
            }
            for length in ["", "-1", "+1", "1x", "0x1", "1 ", "9223372036854775808", "00000000000000000001"] {
                offer(&aside, &mut send, vec![start_with(200, &[("content-length", length)])]).await;
            }
            let twice = [("content-length", "2"), ("content-length", "2")];
            offer(
                &aside,
                &mut send,
                vec![
                    start_with(200, &twice),
                    respond_with(200, &twice, "ok"),
                    respond_with(200, &[("content-length", "3")], "ok"),
                    respond_with(200, &[("content-length", "1")], ""),
                    start_with(205, &[("content-length", "1")]),
                ],
            )
            .await;
            Ok(send.send(respond("ok")).await?)
        })
    };
    refused(stage, http, &["BadHeader"; 29], 200, "ok")
}

fn refused_bodies(stage: &Stage) -> Checked {
    let mismatch = |http: Http, count: usize, status: u16, body: &str| {
        refused(stage, http, &vec!["LengthMismatch"; count], status, body)
    };
    mismatch(
        |aside, _, _receive, mut send| {
            Box::pin(async move {
                let whole = [204, 205, 304].map(|status| respond_with(status, &[("x-refused", "1")], "x"));
                offer(&aside, &mut send, whole.into()).await;
                send.send(start_with(200, &[("content-length", "2")])).await?;
                offer(&aside, &mut send, vec![more("oko"), last("oko"), last("o"), last("")]).await;
                send.send(more("o")).await?;
                offer(&aside, &mut send, vec![more("ko"), last("ko"), last("")]).await;
                Ok(send.send(last("k")).await?)
            })
        },
        10,
        200,
        "ok",
    )?;
    mismatch(
        |aside, _, _receive, mut send| {
            Box::pin(async move {
                send.send(start_with(204, &[])).await?;
                offer(&aside, &mut send, vec![more("x"), last("x")]).await;
                Ok(send.send(last("")).await?)
            })
        },
        2,
        204,
        "",
    )?;
    mismatch(
        |aside, _, _receive, mut send| {
            Box::pin(async move {
                send.send(start_with(304, &[("content-length", "1")])).await?;
                offer(&aside, &mut send, vec![more("x"), last("x")]).await;
                Ok(send.send(last("")).await?)
            })
        },
        2,
        304,
        "",
    )
}

/// The list of TRAILERS-2.
const NOT_TRAILERS: &str = "age, authorization, cache-control, connection, content-encoding, content-length, \
    content-range, content-type, cookie, date, expect, expires, forwarded, host, keep-alive, location, max-forwards, \
    pragma, proxy-authenticate, proxy-authorization, proxy-connection, range, retry-after, set-cookie, te, trailer, \
    transfer-encoding, upgrade, vary, via, www-authenticate, x-forwarded-for, x-forwarded-host, x-forwarded-proto, \
    x-real-ip";

fn refused_trailers(stage: &Stage) -> Checked {
    stage.needs(Capabilities::TRAILERS)?;
    let unsupported = "Unsupported(Capabilities(trailers))";
    let trailers: Http = |aside, _, _receive, mut send| {
        Box::pin(async move {
            send.send(start()).await?;
            send.send(more("ok")).await?;
            for name in NOT_TRAILERS.split(", ") {
                offer(&aside, &mut send, vec![Outgoing::Trailers([(name, "1")].into_iter().collect())]).await;
            }
            offer(&aside, &mut send, vec![Outgoing::Trailers([("x", "a\nb")].into_iter().collect())]).await;
            Ok(send.send(Outgoing::Trailers([("x-sum", "1")].into_iter().collect())).await?)
        })
    };
    refused(stage, trailers, &vec!["BadHeader"; NOT_TRAILERS.split(", ").count() + 1], 200, "ok")?;
    let announced: Http = |aside, _, mut receive, mut send| {
        Box::pin(async move {
            read(&mut receive).await?;
            send.send(start_with(200, &[("content-length", "2")])).await?;
            send.send(more("ok")).await?;
            offer(&aside, &mut send, vec![Outgoing::Trailers([("x-sum", "1")].into_iter().collect())]).await;
            Ok(send.send(last("")).await?)
        })
    };
    refused(stage, announced, &[unsupported], 200, "ok")?;
    let bodyless: Http = |aside, _, _receive, mut send| {
        Box::pin(async move {
            send.send(start_with(204, &[])).await?;
            offer(&aside, &mut send, vec![Outgoing::Trailers([("x-sum", "1")].into_iter().collect())]).await;
            Ok(send.send(last("")).await?)
        })
    };
    refused(stage, bodyless, &[unsupported], 204, "")
}
