//! Back-pressure, and what handles may be used for.

use crate::server::check::{Checked, checks, ensure, same};
use crate::server::events::{GET, at_once, last, more, respond, start};
use crate::server::stage::Stage;
use std::future::poll_fn;
use std::task::{Context, Waker};
use std::thread;
use transom::{Capabilities, Incoming};

checks! {
    sends_wait_for_the_peer: "FLOW-1" "FLOW-4" "FLOW-5" "FLUSH-1";
    nothing_has_to_be_flushed: "FLOW-8";
    nothing_waits_after_the_end: "FLOW-3" "FLOW-5";
    bodies_are_read_on_demand: "FLOW-10" "DISC-3";
    receives_that_are_dropped: "HANDLE-3" "HANDLE-2";
    sends_that_are_dropped: "HANDLE-4" "HANDLE-5";
    handles_on_other_threads: "HANDLE-1" "WAKE-1" "WAKE-4" "WAKE-6";
    wakers_that_are_replaced: "WAKE-3" "WAKE-4";
    calls_at_the_same_time: "APP-1";
}

/// More than a transport takes at once, and no multiple of anything.
const MUCH: usize = (32 << 20) + 7;

fn sends_wait_for_the_peer(stage: &Stage) -> Checked {
    let served = stage.http(|aside, scope, _receive, mut send| {
        Box::pin(async move {
            if scope.target() != b"/" {
                return Ok(send.send(respond("other")).await?);
            }
            send.send(start()).await?;
            // Above any mark, and accepted.
            send.start_send(more(vec![b'x'; MUCH]))?;
            let ready = at_once(poll_fn(|cx| send.poll_ready(cx))).await;
            let again = at_once(poll_fn(|cx| send.poll_ready(cx))).await;
            let flushed = at_once(send.flush()).await;
            aside.tell(format!("{ready:?} {again:?} {flushed:?}"));
            send.send(last("y")).await?;
            aside.tell("sent");
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send(GET);
    served.tells("None None None")?;
    // The server has had time to do wrong.
    for _ in 0..3 {
        served.connect()?.ask("GET /other HTTP/1.1\r\nhost: a\r\n\r\n")?.is(200, "other")?;
    }
    same("what goes on without the peer", served.rest(), Vec::<String>::new())?;
    let response = client.response()?;
    same("the length of the body", response.body.len(), MUCH + 1)?;
    ensure!(response.body[..MUCH].iter().all(|&byte| byte == b'x'), "another body");
    served.tells("sent")
}

fn nothing_has_to_be_flushed(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, _receive, mut send| {
        Box::pin(async move {
            send.send(start()).await?;
            for data in ["one", "two"] {
                send.send(more(data)).await?;
                aside.gate().await;
            }
            Ok(send.send(last("")).await?)
        })
    })?;
    let mut client = served.connect()?;
    client.send(GET);
    client.head()?;
    for data in ["one", "two"] {
        same("the chunk", client.chunk()?, data.as_bytes())?;
        served.open();
    }
    same("the last chunk", client.chunk()?, b"")
}

fn nothing_waits_after_the_end(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, _receive, mut send| {
        Box::pin(async move {
            send.send(start()).await?;
            send.start_send(last(vec![b'x'; MUCH]))?;
            let ready = at_once(poll_fn(|cx| send.poll_ready(cx))).await;
            let sent = at_once(send.send(last(""))).await;
            aside.tell(format!("{ready:?} {sent:?}"));
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send(GET);
    served.tells("Some(Ok(())) Some(Err(Finished))")?;
    same("the length of the body", client.response()?.body.len(), MUCH)
}

fn bodies_are_read_on_demand(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            aside.gate().await;
            let (mut count, mut is_right) = (0, true);
            while let Incoming::Body { data, more } = receive.recv().await {
                count += data.len();
                is_right &= data.iter().all(|&byte| byte == b'x');
                if !more {
                    break;
                }
            }
            Ok(send.send(respond(format!("{count} {is_right}"))).await?)
        })
    })?;
    let mut client = served.connect()?;
    client.send(format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {MUCH}\r\n\r\n"));
    let taken = client.stuff(&[b'x'; 64 << 10], MUCH)?;
    ensure!(taken < MUCH, "{taken} bytes were read, and nobody received");
    served.open();
    client.send(vec![b'x'; MUCH - taken]);
    client.response()?.is(200, &format!("{MUCH} true"))
}

fn receives_that_are_dropped(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            loop {
                // Each that waits is dropped, and the next may come just when there is something.
                let mut event = at_once(receive.recv()).await;
                if event.is_none() {
                    aside.tell("waits");
                    aside.gate().await;
                    event = at_once(receive.recv()).await;
                }
                let event = match event {
                    Some(event) => event,
                    None => receive.recv().await,
                };
                let Incoming::Body { data, more } = event else { return Err("the body ends early".into()) };
                aside.tell(format!("Body {}", data.escape_ascii()));
                if !more {
                    break;
                }
            }
            Ok(send.send(respond("ok")).await?)
        })
    })?;
    let mut client = served.connect()?;
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n");
    let (mut body, mut left) = (String::new(), "abcde".chars());
    while body.len() < 5 {
        match served.told()?.strip_prefix("Body ") {
            Some(data) => body.push_str(data),
            None => {
                client.send(left.next().map(String::from).unwrap_or_default());
                served.open();
            }
        }
    }
    same("the body", &*body, "abcde")?;
    client.response()?.is(200, "ok")
}

fn sends_that_are_dropped(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, _receive, mut send| {
        Box::pin(async move {
            send.send(start()).await?;
            send.start_send(more(vec![b'x'; MUCH]))?;
            for _ in 0..3 {
                let sent = at_once(send.send(more("lost"))).await;
                aside.tell(format!("{sent:?}"));
            }
            Ok(send.send(last("y")).await?)
        })
    })?;
    let mut client = served.connect()?;
    client.send(GET);
    (0..3).try_for_each(|_| served.tells("None"))?;
    let body = client.response()?.body;
    same("the length of the body", body.len(), MUCH + 1)?;
    same("its last byte", body.last(), Some(&b'y'))
}

fn handles_on_other_threads(stage: &Stage) -> Checked {
    stage.needs(Capabilities::FULL_DUPLEX)?;
    let served = stage.http(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            let (tell, told) = std::sync::mpsc::channel();
            thread::spawn(move || {
                while let Incoming::Body { data, more } = receive.recv_blocking() {
                    if tell.send((data, more)).is_err() || !more {
                        break;
                    }
                }
            });
            let own = std::sync::Arc::clone(&aside);
            thread::spawn(move || {
                let mut result = send.send_blocking(start());
                for (data, is_more) in told {
                    result = result.and_then(|()| send.send_blocking(if is_more { more(data) } else { last(data) }));
                }
                own.tell(crate::server::events::answer(&result));
                own.keep_sender(send);
                own.open_gate();
            });
            aside.gate().await;
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    for _ in 0..2 {
        client.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
        client.head()?;
        for data in ["one", "two", "three"] {
            client.send(format!("{:x}\r\n{data}\r\n", data.len()));
            same("what comes back", client.chunk()?, data.as_bytes())?;
        }
        client.send("0\r\n\r\n");
        same("what comes back", client.chunk()?, b"")?;
        same("what is behind it", client.take(2)?, b"\r\n")?;
        served.tells("accepted")?;
    }
    Ok(())
}

fn wakers_that_are_replaced(stage: &Stage) -> Checked {
    let served = stage.http(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            let nobody = || Context::from_waker(Waker::noop());
            let received = receive.poll_recv(&mut nobody()).is_pending();
            let closed = send.poll_closed(&mut nobody()).is_pending();
            aside.tell(format!("{received} {closed}"));
            aside.tell(crate::server::events::show(&receive.recv().await));
            send.send(start()).await?;
            send.start_send(more(vec![b'x'; MUCH]))?;
            let ready = send.poll_ready(&mut nobody()).is_pending();
            aside.tell(ready);
            poll_fn(|cx| send.poll_ready(cx)).await?;
            aside.tell("ready");
            send.send(last("y")).await?;
            aside.tell(format!("{:?}", send.closed().await));
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n");
    served.tells("true true")?;
    client.send("hi");
    let told = served.told()?;
    ensure!(told.starts_with("Body "), "{told}");
    served.tells("true")?;
    same("the length of the body", client.response()?.body.len(), MUCH + 1)?;
    served.tells("ready")?;
    served.tells("Complete")
}

fn calls_at_the_same_time(stage: &Stage) -> Checked {
    const COUNT: usize = 20;
    let served = stage.http(|aside, scope, _receive, mut send| {
        Box::pin(async move {
            aside.tell("called");
            aside.gate().await;
            let body = scope.target().escape_ascii().to_string();
            Ok(send.send(respond(body)).await?)
        })
    })?;
    let mut clients = (0..COUNT).map(|_| served.connect()).collect::<Result<Vec<_>, _>>()?;
    for (index, client) in clients.iter_mut().enumerate() {
        client.send(format!("GET /{index} HTTP/1.1\r\nhost: a\r\n\r\n"));
    }
    (0..COUNT).try_for_each(|_| served.tells("called"))?;
    (0..COUNT).for_each(|_| served.open());
    for (index, client) in clients.iter_mut().enumerate() {
        client.response()?.is(200, &format!("/{index}"))?;
    }
    same("further calls", served.rest(), Vec::<String>::new())
}
