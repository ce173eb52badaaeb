//! HTTP: the end of an exchange, in order and not.

use crate::server::check::{Checked, checks, ensure, same};
use crate::server::client::Closed;
use crate::server::events::{
    GET, answer, at_once, last, more, poll_once, read, receive_and_tell, respond, show, start, start_with,
};
use crate::server::probe::{Aside, Http};
use crate::server::stage::Stage;
use std::future::poll_fn;
use transom::{Capabilities, End, Error, Incoming, Outgoing, Receiver};

checks! {
    calls_that_answer_nothing: "RETURN-1" "RETURN-3" "RETURN-8" "APP-5" "APP-7";
    responses_that_are_cut: "RETURN-1" "RETURN-4" "RETURN-5" "APP-5";
    cut_where_the_end_is_the_end: "RETURN-4";
    failures_after_the_response: "RETURN-1" "RETURN-8";
    a_sender_that_is_dropped: "RETURN-9";
    a_sender_that_is_dropped_later: "RETURN-9" "RETURN-4";
    responses_before_the_return: "END-4" "END-7";
    handles_of_calls_that_returned: "END-5" "END-6";
    peers_that_leave: "DISC-1" "DISC-2" "END-2" "END-3" "CLOSED-1" "CLOSED-3" "FLOW-3" "FLUSH-1";
    peers_that_close_their_side: "DISC-4";
    calls_go_on_without_their_peer: "APP-3";
    losses_after_bad_requests: "CLOSED-2" "CLOSED-4" "END-3";
    losses_after_the_response: "DISC-6" "FLUSH-2";
}

/// Returns as the path says.
async fn return_as(path: &[u8]) -> Result<(), Error> {
    match path {
        b"/ok" => Ok(()),
        b"/unsupported" => Err(Error::unsupported()),
        b"/error" => Err("a secret".into()),
        _ => panic!("a secret, and this panic is meant"),
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")
}

fn calls_that_answer_nothing(stage: &Stage) -> Checked {
    let served = stage.http(|_, scope, _receive, mut send| {
        Box::pin(async move {
            match scope.target() {
                b"/" => Ok(send.send(respond("ok")).await?),
                path => return_as(path).await,
            }
        })
    })?;
    let mut other = served.connect()?;
    other.ask(GET)?.is(200, "ok")?;
    for (path, status) in [("/ok", 500), ("/unsupported", 501), ("/error", 500), ("/panic", 500)] {
        let response = served.connect()?.ask(get(path))?;
        same("the status", response.status, status)?;
        ensure!(!response.text().contains("secret"), "the peer is told {:?}", response.text());
        ensure!(!response.fields.iter().any(|field| field.1.contains("secret")), "the peer is told in a field");
        other.ask(GET)?.is(200, "ok")?;
    }
    served.connect()?.ask(GET)?.is(200, "ok")
}

fn responses_that_are_cut(stage: &Stage) -> Checked {
    let served = stage.http(|_, scope, _receive, mut send| {
        Box::pin(async move {
            let path = scope.raw_path();
            match scope.query() {
                Some(_) => send.send(start_with(200, &[("content-length", "9")])).await?,
                None => send.send(start()).await?,
            }
            send.send(more("part")).await?;
            return_as(path).await
        })
    })?;
    for path in ["/ok", "/unsupported", "/error", "/panic"] {
        let mut client = served.connect()?;
        client.send(get(path));
        same("the status", client.head()?.status, 200)?;
        let (rest, _) = client.rest()?;
        ensure!(rest.starts_with(b"4\r\npart\r\n"), "what was accepted is not sent: {:?}", rest.escape_ascii());
        ensure!(!rest.ends_with(b"0\r\n\r\n"), "the response looks complete");
        client = served.connect()?;
        client.send(get(&format!("{path}?length")));
        same("content-length", client.head()?.field("content-length"), Some("9"))?;
        same("the body", client.rest()?.0.escape_ascii().to_string(), "part")?;
    }
    Ok(())
}

fn cut_where_the_end_is_the_end(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, _receive, mut send| {
        Box::pin(async move {
            send.send(start()).await?;
            send.send(more("part")).await?;
            aside.gate().await;
            Err("cut".into())
        })
    })?;
    let mut client = served.connect()?;
    client.send("GET / HTTP/1.0\r\n\r\n");
    client.head()?;
    same("the body", client.take(4)?, b"part")?;
    served.open();
    same("the end", client.rest()?.1, Closed::Reset)
}

fn failures_after_the_response(stage: &Stage) -> Checked {
    let served = stage.http(|_, scope, _receive, mut send| {
        Box::pin(async move {
            send.send(respond("ok")).await?;
            return_as(scope.target()).await
        })
    })?;
    let mut client = served.connect()?;
    for path in ["/ok", "/unsupported", "/error", "/panic", "/ok"] {
        client.ask(get(path))?.is(200, "ok")?;
    }
    Ok(())
}

fn a_sender_that_is_dropped(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, mut receive, send| {
        Box::pin(async move {
            read(&mut receive).await?;
            drop(send);
            receive_and_tell(&aside, &mut receive).await;
            aside.gate().await;
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    same("the status", client.ask(GET)?.status, 500)?;
    served.tells("Complete")?;
    served.open();
    Ok(())
}

fn a_sender_that_is_dropped_later(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            read(&mut receive).await?;
            send.send(start()).await?;
            send.send(more("part")).await?;
            drop(send);
            receive_and_tell(&aside, &mut receive).await;
            aside.gate().await;
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send(GET);
    let (rest, _) = client.rest()?;
    ensure!(!rest.ends_with(b"0\r\n\r\n"), "the response looks complete");
    served.tells("Disconnected { code: None }")?;
    served.open();
    Ok(())
}

fn responses_before_the_return(stage: &Stage) -> Checked {
    let served = stage.http(|aside, scope, _receive, mut send| {
        Box::pin(async move {
            let path = scope.target().escape_ascii().to_string();
            aside.tell(format!("{path} begins"));
            send.send(respond(path.clone())).await?;
            if path == "/one" {
                aside.gate().await;
            }
            aside.tell(format!("{path} returns"));
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send([get("/one"), get("/two")].concat());
    client.response()?.is(200, "/one")?;
    // Another connection is served meanwhile.
    served.tells("/one begins")?;
    served.connect()?.ask(get("/three"))?.is(200, "/three")?;
    served.tells("/three begins")?;
    served.tells("/three returns")?;
    served.open();
    client.response()?.is(200, "/two")?;
    ["/one returns", "/two begins", "/two returns"].iter().try_for_each(|told| served.tells(told))
}

fn handles_of_calls_that_returned(stage: &Stage) -> Checked {
    let served = stage.http(|aside, scope, receive, mut send| {
        Box::pin(async move {
            match scope.target() {
                b"/keep" => {
                    send.send(respond("ok")).await?;
                    aside.keep(receive, send);
                }
                _ => {
                    send.send(start()).await?;
                    aside.gate().await;
                    send.send(last("ok")).await?;
                }
            }
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.ask(get("/keep"))?.is(200, "ok")?;
    // The call has returned when the next begins.
    client.send(GET);
    client.head()?;
    let (mut receive, mut send) = served.kept()?;
    let answers = poll_once(async {
        let ready = poll_fn(|cx| send.poll_ready(cx)).await;
        let sent = [last("stale"), respond("stale")].map(|event| answer(&send.start_send(event)));
        let flushed = answer(&send.flush().await);
        let (received, again) = (show(&receive.recv().await), show(&receive.recv().await));
        format!("{ready:?} {sent:?} {flushed} {received} {again} {:?}", send.closed().await)
    });
    let expected = r#"Ok(()) ["Finished", "Finished"] Finished Complete Complete Complete"#;
    same("what the handles say", answers.as_deref(), Some(expected))?;
    drop((receive, send));
    served.open();
    same("the next response", [client.chunk()?, client.chunk()?], [&b"ok"[..], b""])
}

/// Waits as the path says until the peer has left, and tells everything that there is to be told.
const WAITS: Http = |aside, scope, mut receive, mut send| {
    Box::pin(async move {
        match scope.target() {
            b"/recv" => {
                read(&mut receive).await?;
                aside.tell("waits");
                receive.recv().await;
            }
            b"/send" => {
                send.send(start()).await?;
                aside.tell("waits");
                while send.send(more(vec![b'x'; 64 << 10])).await.is_ok() {}
            }
            b"/flush" => {
                send.send(start()).await?;
                send.start_send(more(vec![b'x'; 64 << 20]))?;
                aside.tell("waits");
                let _ = send.flush().await;
            }
            _ => {
                aside.tell("waits");
                send.closed().await;
            }
        }
        aside.tell(format!("closed {:?}", send.closed().await));
        aside.tell(answer(&send.send(respond("late")).await));
        aside.tell(answer(&send.flush().await));
        while let Incoming::Body { .. } = receive.recv().await {}
        receive_and_tell(&aside, &mut receive).await;
        Ok(())
    })
};

fn peers_that_leave(stage: &Stage) -> Checked {
    for path in ["/recv", "/send", "/flush", "/closed"] {
        if path == "/closed" && !stage.traits.capabilities.contains(Capabilities::CLOSED_WATCH) {
            continue;
        }
        let served = stage.http(WAITS)?;
        let mut client = served.connect()?;
        client.send(get(path));
        served.tells("waits")?;
        drop(client);
        let end = End::Disconnected { code: None };
        let refusal = format!("Disconnected({end:?})");
        for told in [&format!("closed {end:?}"), &refusal, &refusal, &format!("{end:?}")] {
            served.tells(told)?;
        }
    }
    Ok(())
}

fn peers_that_close_their_side(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            read(&mut receive).await?;
            aside.tell("read");
            match is_let_through(&mut receive, &aside).await {
                true => Ok(send.send(respond("ok")).await?),
                false => Ok(()),
            }
        })
    })?;
    let mut client = served.connect()?;
    client.send(GET);
    served.tells("read")?;
    client.half_close();
    if stage.half_close {
        // It is served, though it is not known when the server sees the end.
        served.open();
        return client.response()?.is(200, "ok");
    }
    served.tells("Disconnected { code: None }")
}

/// Whether the gate was passed, and not the end came before, which is told.
async fn is_let_through(receive: &mut Receiver, aside: &Aside) -> bool {
    let mut gate = Box::pin(aside.gate());
    let end = poll_fn(|cx| {
        if gate.as_mut().poll(cx).is_ready() {
            return std::task::Poll::Ready(None);
        }
        receive.poll_recv(cx).map(Some)
    })
    .await;
    match end {
        None => true,
        Some(end) => {
            aside.tell(show(&end));
            false
        }
    }
}

fn calls_go_on_without_their_peer(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, mut receive, send| {
        Box::pin(async move {
            aside.tell("called");
            while !matches!(receive.recv().await, Incoming::End(_)) {}
            aside.tell("gone");
            drop((receive, send));
            aside.gate().await;
            aside.tell("goes on");
            aside.gate().await;
            aside.tell("returns");
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send(GET);
    served.tells("called")?;
    drop(client);
    served.tells("gone")?;
    served.open();
    served.tells("goes on")?;
    let mut other = served.connect()?;
    other.send(GET);
    served.tells("called")?;
    served.open();
    served.tells("returns")
}

fn losses_after_bad_requests(stage: &Stage) -> Checked {
    stage.needs(Capabilities::CLOSED_WATCH)?;
    let served = stage.http(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            while let Incoming::Body { .. } = receive.recv().await {}
            let closed = at_once(send.closed()).await;
            aside.tell(closed.map_or("is open".into(), |end| format!("{end:?}")));
            send.send(start()).await?;
            send.send(more("part")).await?;
            aside.tell(format!("{:?}", send.closed().await));
            aside.tell(answer(&send.send(last("")).await));
            aside.tell(answer(&send.flush().await));
            receive_and_tell(&aside, &mut receive).await;
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nx\r\n");
    served.tells("is open")?;
    client.head()?;
    same("the response", client.chunk()?, b"part")?;
    drop(client);
    let end = "Disconnected { code: None }";
    let refusal = format!("Disconnected({end})");
    [end, &refusal, &refusal, "BadRequest(Malformed)"].iter().try_for_each(|told| served.tells(told))
}

fn losses_after_the_response(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            read(&mut receive).await?;
            send.send(respond("ok")).await?;
            send.flush().await?;
            aside.tell(format!("closed {:?}", send.closed().await));
            aside.gate().await;
            aside.tell(answer(&send.flush().await));
            aside.tell(answer(&send.send(respond("again")).await));
            receive_and_tell(&aside, &mut receive).await;
            let event = Outgoing::Extension(Box::new(()));
            aside.tell(answer(&send.send(event).await));
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.ask(GET)?.is(200, "ok")?;
    served.tells("closed Complete")?;
    drop(client);
    served.open();
    ["accepted", "Finished", "Complete", "Finished"].iter().try_for_each(|told| served.tells(told))
}
