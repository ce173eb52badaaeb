//! HTTP: what is received of a request.

use crate::server::check::{Checked, Fault, checks, same};
use crate::server::events::{GET, at_once, read, receive_and_tell, respond, show};
use crate::server::probe::Http;
use crate::server::stage::Stage;
use transom::{Capabilities, Incoming};

checks! {
    bodies: "HTTP-RECV-1" "HTTP-RECV-2" "HTTP-RECV-4" "EVENT-1" "EVENT-2";
    no_body: "HTTP-RECV-3";
    the_end_is_waited_for: "HTTP-RECV-5" "END-1" "END-3" "CLOSED-1" "CLOSED-3" "FLUSH-1";
    receiving_after_the_response: "HTTP-RECV-6";
    malformed_bodies: "HTTP-RECV-7" "HTTP-RECV-11" "HTTP-RECV-12";
    bodies_above_the_limit: "HTTP-RECV-8" "HTTP-RECV-12";
    answers_to_bad_requests: "RETURN-2" "HTTP-RECV-12";
    truncated_bodies: "HTTP-RECV-9" "DISC-4";
    a_receiver_that_is_dropped: "HTTP-RECV-13";
    bodies_that_are_not_read: "FLOW-11";
    trailers_of_requests: "TRAILERS-3" "TRAILERS-4" "HTTP-RECV-2";
}

/// Tells what it receives until the request ends, and answers.
const TELLS: Http = |aside, _, mut receive, mut send| {
    Box::pin(async move {
        let mut body = Vec::new();
        let (mut count, mut is_over) = (0, false);
        while !is_over {
            match receive.recv().await {
                Incoming::Body { data, more } => {
                    body.extend_from_slice(&data);
                    is_over = !more;
                    count += 1;
                }
                other => {
                    aside.tell(format!("{} after {}", show(&other), body.escape_ascii()));
                    is_over = true;
                    body.clear();
                }
            }
        }
        if count > 0 {
            aside.tell(format!("{}", body.escape_ascii()));
        }
        Ok(send.send(respond("ok")).await?)
    })
};

fn bodies(stage: &Stage) -> Checked {
    let served = stage.http(TELLS)?;
    for rest in [
        "content-length: 13\r\n\r\nhello, world!",
        "transfer-encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0001\r\n,\r\n7\r\n world!\r\n0\r\n\r\n",
    ] {
        let request = format!("POST / HTTP/1.1\r\nhost: a\r\n{rest}");
        let mut client = served.connect()?;
        client.ask(&request)?.is(200, "ok")?;
        served.tells("hello, world!")?;
        for byte in request.as_bytes() {
            client.send([*byte]);
        }
        client.response()?.is(200, "ok")?;
        served.tells("hello, world!")?;
        client.ask(GET)?.is(200, "ok")?;
        served.tells("")?;
    }
    same("further events", served.rest(), Vec::<String>::new())
}

fn no_body(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            receive_and_tell(&aside, &mut receive).await;
            let next = at_once(receive.recv()).await;
            aside.tell(next.as_ref().map_or("waits".into(), show));
            Ok(send.send(respond("ok")).await?)
        })
    })?;
    for rest in ["\r\n", "content-length: 0\r\n\r\n"] {
        served.connect()?.ask(format!("POST / HTTP/1.1\r\nhost: a\r\n{rest}"))?.is(200, "ok")?;
        served.tells("Body ")?;
        served.tells("waits")?;
    }
    Ok(())
}

fn the_end_is_waited_for(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            read(&mut receive).await?;
            let next = at_once(receive.recv()).await;
            aside.tell(next.as_ref().map_or("waits".into(), show));
            let closed = at_once(send.closed()).await;
            aside.tell(closed.map_or("is open".into(), |end| format!("{end:?}")));
            send.send(respond("ok")).await?;
            receive_and_tell(&aside, &mut receive).await;
            receive_and_tell(&aside, &mut receive).await;
            aside.tell(format!("{:?}", send.closed().await));
            aside.tell(format!("{:?}", send.flush().await));
            Ok(())
        })
    })?;
    served.connect()?.ask("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi")?.is(200, "ok")?;
    ["waits", "is open", "Complete", "Complete", "Complete", "Ok(())"].iter().try_for_each(|told| served.tells(told))
}

fn receiving_after_the_response(stage: &Stage) -> Checked {
    stage.needs(Capabilities::FULL_DUPLEX)?;
    let served = stage.http(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            send.send(respond("ok")).await?;
            aside.tell(read(&mut receive).await?.escape_ascii());
            receive_and_tell(&aside, &mut receive).await;
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.ask("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n")?.is(200, "ok")?;
    client.send("hello");
    served.tells("hello")?;
    served.tells("Complete")
}

fn malformed_bodies(stage: &Stage) -> Checked {
    let served = stage.http(TELLS)?;
    for fault in ["zz\r\n", "-1\r\n", "3\nabc", " 3\r\n"] {
        let mut client = served.connect()?;
        let request = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n";
        let response = client.ask(format!("{request}{fault}"))?;
        served.tells("BadRequest(Malformed) after abc")?;
        served.told()?;
        response.is(200, "ok")?;
        same("connection", response.field("connection"), Some("close"))?;
        client.ends()?;
    }
    Ok(())
}

fn bodies_above_the_limit(stage: &Stage) -> Checked {
    let Some(limit) = stage.limits.body else {
        return Err(Fault::Skipped("body_limit was not set".into()));
    };
    let served = stage.http(|aside, _, mut receive, send| {
        Box::pin(async move {
            while let Incoming::Body { more: true, .. } = receive.recv().await {}
            receive_and_tell(&aside, &mut receive).await;
            drop(send);
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    let chunk = format!("200\r\n{}\r\n", "x".repeat(512));
    (0..=limit / 512).for_each(|_| client.send(&chunk));
    let response = client.response()?;
    served.tells("BadRequest(TooLarge)")?;
    same("the status", response.status, 413)?;
    same("connection", response.field("connection"), Some("close"))?;
    client.ends()
}

fn answers_to_bad_requests(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, mut receive, send| {
        Box::pin(async move {
            while let Incoming::Body { more: true, .. } = receive.recv().await {}
            receive_and_tell(&aside, &mut receive).await;
            drop(send);
            Err("it is not the application's fault".into())
        })
    })?;
    let mut client = served.connect()?;
    let response = client.ask("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nx\r\n")?;
    served.tells("BadRequest(Malformed)")?;
    same("the status", response.status, 400)?;
    same("connection", response.field("connection"), Some("close"))?;
    client.ends()
}

fn truncated_bodies(stage: &Stage) -> Checked {
    let served = stage.http(TELLS)?;
    for (rest, begun) in
        [("content-length: 5\r\n\r\nab", "ab"), ("transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", "abc")]
    {
        let mut client = served.connect()?;
        client.send(format!("POST / HTTP/1.1\r\nhost: a\r\n{rest}"));
        client.half_close();
        let end = if stage.half_close { "BadRequest(Truncated)" } else { "Disconnected { code: None }" };
        served.tells(format!("{end} after {begun}"))?;
        if stage.half_close {
            client.response()?.is(200, "ok")?;
        }
        served.told()?;
    }
    Ok(())
}

fn a_receiver_that_is_dropped(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, receive, mut send| {
        Box::pin(async move {
            drop(receive);
            aside.tell(format!("{:?}", at_once(send.closed()).await));
            Ok(send.send(respond("ok")).await?)
        })
    })?;
    let mut client = served.connect()?;
    for _ in 0..2 {
        client.ask("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi")?.is(200, "ok")?;
        served.tells("None")?;
    }
    Ok(())
}

fn bodies_that_are_not_read(stage: &Stage) -> Checked {
    let served = stage.http(|_, scope, _receive, mut send| {
        let body = scope.target().escape_ascii().to_string();
        Box::pin(async move { Ok(send.send(respond(body)).await?) })
    })?;
    for length in [5, 200_000] {
        let mut client = served.connect()?;
        client.send(format!("POST /one HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n"));
        client.send("x".repeat(length));
        client.send("GET /two HTTP/1.1\r\nhost: a\r\n\r\n");
        let response = client.response()?;
        response.is(200, "/one")?;
        // Or it is closed, with or without a word.
        if let Ok(next) = client.response() {
            next.is(200, "/two")?;
        }
    }
    Ok(())
}

fn trailers_of_requests(stage: &Stage) -> Checked {
    let served = stage.http(|aside, scope, mut receive, mut send| {
        Box::pin(async move {
            let mut body = Vec::new();
            let trailers = loop {
                match receive.recv().await {
                    Incoming::Body { data, more } => {
                        body.extend_from_slice(&data);
                        if !more {
                            break "none".into();
                        }
                    }
                    other => break show(&other),
                }
            };
            aside.tell(format!("{} and {trailers}", body.escape_ascii()));
            aside.tell(scope.headers().get("x-sum").is_some());
            Ok(send.send(respond("ok")).await?)
        })
    })?;
    let request = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n";
    let mut client = served.connect()?;
    client.ask(format!("{request}X-Sum: 1\r\nContent-Length: 7\r\nhost: b\r\nx-sum: 2\r\n\r\n"))?.is(200, "ok")?;
    served.tells("hi and Trailers x-sum: 1, x-sum: 2")?;
    served.tells("false")?;
    client.ask(format!("{request}content-length: 7\r\n\r\n"))?.is(200, "ok")?;
    served.tells("hi and none")
}
