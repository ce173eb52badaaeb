//! WebSockets.

use super::HANDSHAKE;
use crate::server::check::{Checked, Fault, checks, ensure, same};
use crate::server::client::Client;
use crate::server::events::{answer, at_once, receive_and_tell, respond_with, show, start_with};
use crate::server::probe::{Probe, Socket};
use crate::server::stage::{Served, Stage};
use transom::{Capabilities, Error, Headers, Incoming, Manifest, Message, Outgoing, State};

checks! {
    handshakes_without_websockets: "SCOPE-2";
    handshakes: "WS-1" "WS-3" "SCOPE-11";
    messages: "WS-10" "EVENT-1";
    events_before_the_handshake: "WS-2" "WS-3" "WS-4" "WS-5" "WS-6" "WS-8" "ERROR-1" "ERROR-2";
    events_after_the_handshake: "WS-2" "WS-6" "WS-8" "ERROR-1" "ERROR-2";
    receiving_before_the_handshake: "WS-9";
    handshakes_that_are_denied: "WS-7" "WS-13";
    handshakes_that_are_denied_at_length: "WS-13" "WS-5" "WS-2";
    handshakes_whose_peer_leaves: "WS-13" "WS-9";
    socket_calls_that_return: "WS-14" "APP-5";
    pings: "WS-11" "WS-10";
    pings_that_are_wanted: "WS-10" "WS-8" "WS-11" "APP-11";
    peers_that_close: "WS-12" "WS-15";
    peers_that_do_not_close: "WS-12" "WS-15";
    closes_by_the_application: "WS-16" "WS-2";
    breaches: "WS-17" "WS-15";
    messages_above_the_limit: "WS-17" "WS-18";
    sockets_at_the_stop: "WS-20";
    socket_receivers_that_are_dropped: "WS-22" "WS-11";
    socket_senders_that_are_dropped: "WS-21";
}

fn accept(subprotocol: Option<&'static str>) -> Outgoing {
    Outgoing::Accept { subprotocol: subprotocol.map(Into::into), headers: Headers::new() }
}

fn text(text: &'static str) -> Outgoing {
    Outgoing::Message(Message::Text(text.into()))
}

fn close(code: u16) -> Outgoing {
    Outgoing::Close { code, reason: "bye".into() }
}

fn open(served: &Served) -> Result<Client, Fault> {
    let mut client = served.connect()?;
    client.send(HANDSHAKE);
    same("the status", client.head()?.status, 101)?;
    Ok(client)
}

/// Accepts, and tells everything up to the end.
const TELLS: Socket = |aside, _, mut receive, mut send| {
    Box::pin(async move {
        send.send(accept(None)).await?;
        loop {
            let event = receive.recv().await;
            aside.tell(show(&event));
            if let Incoming::End(_) = event {
                return Ok(());
            }
        }
    })
};

fn handshakes_without_websockets(stage: &Stage) -> Checked {
    if stage.traits.websocket {
        return Err(Fault::Skipped("the server has WebSockets".into()));
    }
    let served = stage.http(|aside, scope, _receive, mut send| {
        aside.tell(format!("{} {:?}", scope.local_path().escape_ascii(), scope.protocol()));
        Box::pin(async move { Ok(send.send(respond_with(200, &[], "ok")).await?) })
    })?;
    served.connect()?.ask(HANDSHAKE)?.is(200, "ok")?;
    served.tells("/socket Some(\"websocket\")")
}

fn handshakes(stage: &Stage) -> Checked {
    let served = stage.socket(|aside, scope, _receive, mut send| {
        Box::pin(async move {
            let offered = scope.subprotocols().collect::<Vec<_>>().join(" ");
            aside.tell(format!("{} {offered} {:?}", scope.http().target().escape_ascii(), scope.http().protocol()));
            let headers = [("x-a", "1")].into_iter().collect();
            send.send(Outgoing::Accept { subprotocol: Some("v2".into()), headers }).await?;
            aside.gate().await;
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send(HANDSHAKE);
    let head = client.head()?;
    served.tells("/socket?x v1 v2 Some(\"websocket\")")?;
    same("the status", head.status, 101)?;
    same("x-a", head.field("x-a"), Some("1"))?;
    same("sec-websocket-protocol", head.all("sec-websocket-protocol"), ["v2"])?;
    // RFC 6455 section 1.3.
    same("sec-websocket-accept", head.all("sec-websocket-accept"), ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="])?;
    same("upgrade", head.field("upgrade").map(str::to_ascii_lowercase), Some("websocket".to_owned()))?;
    for fault in [HANDSHAKE.replace("version: 13", "version: 12"), HANDSHAKE.replace("b25jZQ==", "b25j")] {
        let status = served.connect()?.ask(fault)?.status;
        ensure!((400..500).contains(&status), "a handshake that is none is answered with {status}");
    }
    same("what else the application saw", served.rest(), Vec::<String>::new())
}

fn messages(stage: &Stage) -> Checked {
    let served = stage.socket(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            send.send(accept(None)).await?;
            while let Incoming::Message(message) = receive.recv().await {
                aside.tell(show(&Incoming::Message(message.clone())));
                send.send(Outgoing::Message(message)).await?;
            }
            Ok(())
        })
    })?;
    let mut client = open(&served)?;
    client.frame(0x81, "grüß".as_bytes());
    client.frame(0x02, b"a");
    client.frame(0x00, b"");
    client.frame(0x80, b"b\xff");
    client.frame(0x81, b"");
    for (told, frame) in [
        ("Text grüß", (1, "grüß".as_bytes().to_vec())),
        ("Binary ab\\xff", (2, b"ab\xff".to_vec())),
        ("Text ", (1, Vec::new())),
    ] {
        served.tells(told)?;
        same("what comes back", client.read_frame()?, frame)?;
    }
    Ok(())
}

fn events_before_the_handshake(stage: &Stage) -> Checked {
    let served = stage.socket(|aside, _, _receive, mut send| {
        Box::pin(async move {
            let fields = |name| Outgoing::Accept { subprotocol: None, headers: [(name, "x")].into_iter().collect() };
            for event in [
                text("x"),
                Outgoing::Ready(State::new()),
                Outgoing::Extension(Box::new(())),
                accept(Some("v3")),
                fields("a b"),
                fields("connection"),
                fields("content-length"),
                fields("keep-alive"),
                fields("transfer-encoding"),
                fields("upgrade"),
                fields("sec-websocket-extensions"),
                respond_with(200, &[], ""),
                respond_with(101, &[], ""),
                start_with(299, &[]),
                close(1005),
            ] {
                aside.tell(answer(&send.send(event).await));
            }
            send.send(accept(None)).await?;
            aside.gate().await;
            Ok(())
        })
    })?;
    let _client = open(&served)?;
    for told in ["OutOfOrder", "WrongProtocol", "Unsupported(Capabilities())", "BadSubprotocol"] {
        served.tells(told)?;
    }
    (0..7).try_for_each(|_| served.tells("BadHeader"))?;
    (0..3).try_for_each(|_| served.tells(if has_denial(stage) { "BadStatus" } else { NO_DENIAL }))?;
    served.tells("BadCloseCode")
}

const NO_DENIAL: &str = "Unsupported(Capabilities(websocket-denial))";

fn has_denial(stage: &Stage) -> bool {
    stage.traits.capabilities.contains(Capabilities::WEBSOCKET_DENIAL)
}

fn events_after_the_handshake(stage: &Stage) -> Checked {
    let served = stage.socket(|aside, _, _receive, mut send| {
        Box::pin(async move {
            send.send(accept(None)).await?;
            let long = Outgoing::Close { code: 1000, reason: "x".repeat(124).into() };
            for event in [accept(None), respond_with(403, &[], ""), Outgoing::Ready(State::new()), long] {
                aside.tell(answer(&send.send(event).await));
            }
            for code in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000] {
                aside.tell(answer(&send.send(close(code)).await));
            }
            aside.tell(answer(&send.send(Outgoing::Message(Message::Ping("x".into()))).await));
            send.send(text("fine")).await?;
            send.send(close(4999)).await?;
            aside.tell(answer(&send.send(text("late")).await));
            aside.tell(answer(&send.send(close(1000)).await));
            Ok(())
        })
    })?;
    let mut client = open(&served)?;
    ["OutOfOrder", "WrongProtocol", "WrongProtocol"].iter().try_for_each(|told| served.tells(told))?;
    (0..9).try_for_each(|_| served.tells("BadCloseCode"))?;
    served.tells("Unsupported(Capabilities(websocket-control))")?;
    same("the message", client.read_frame()?, (1, b"fine".to_vec()))?;
    client.closes(4999)?;
    served.tells("Finished")?;
    served.tells("Finished")
}

fn receiving_before_the_handshake(stage: &Stage) -> Checked {
    let served = stage.socket(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            let event = at_once(receive.recv()).await;
            aside.tell(event.as_ref().map_or("waits".into(), show));
            send.send(accept(None)).await?;
            receive_and_tell(&aside, &mut receive).await;
            Ok(())
        })
    })?;
    let mut client = open(&served)?;
    served.tells("waits")?;
    client.frame(0x81, b"hi");
    served.tells("Text hi")
}

fn handshakes_that_are_denied(stage: &Stage) -> Checked {
    let served = stage.socket(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            send.send(close(1000)).await?;
            aside.tell(answer(&send.send(accept(None)).await));
            receive_and_tell(&aside, &mut receive).await;
            Ok(())
        })
    })?;
    same("the status", served.connect()?.ask(HANDSHAKE)?.status, 403)?;
    served.tells("Finished")?;
    served.tells("Complete")
}

fn handshakes_that_are_denied_at_length(stage: &Stage) -> Checked {
    stage.needs(Capabilities::WEBSOCKET_DENIAL)?;
    let served = stage.socket(|aside, scope, mut receive, mut send| {
        Box::pin(async move {
            if scope.subprotocols().count() == 0 {
                return Ok(send.send(respond_with(401, &[("x-a", "1")], "who?")).await?);
            }
            send.send(start_with(404, &[])).await?;
            aside.tell(answer(&send.send(accept(None)).await));
            aside.tell(answer(&send.send(close(1000)).await));
            send.send(Outgoing::Body { data: "where?".into(), more: false }).await?;
            receive_and_tell(&aside, &mut receive).await;
            Ok(())
        })
    })?;
    served.connect()?.ask(HANDSHAKE)?.is(404, "where?")?;
    ["OutOfOrder", "OutOfOrder", "Complete"].iter().try_for_each(|told| served.tells(told))?;
    let response = served.connect()?.ask(HANDSHAKE.replace("sec-websocket-protocol", "x"))?;
    same("x-a", response.field("x-a"), Some("1"))?;
    response.is(401, "who?")
}

fn handshakes_whose_peer_leaves(stage: &Stage) -> Checked {
    let served = stage.socket(|aside, _, mut receive, send| {
        Box::pin(async move {
            aside.tell("called");
            receive_and_tell(&aside, &mut receive).await;
            drop(send);
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send(HANDSHAKE);
    served.tells("called")?;
    drop(client);
    served.tells("Disconnected { code: None }")
}

fn socket_calls_that_return(stage: &Stage) -> Checked {
    let served = stage.socket(|_, scope, _receive, mut send| {
        Box::pin(async move {
            if scope.http().local_path().starts_with(b"/open") {
                send.send(accept(None)).await?;
            }
            match scope.http().query() {
                Some(b"ok") => Ok(()),
                Some(b"unsupported") => Err(Error::unsupported()),
                Some(b"error") => Err("a secret".into()),
                _ => panic!("this panic is meant"),
            }
        })
    })?;
    for (way, status, code) in
        [("ok", 403, 1000), ("unsupported", 501, 1011), ("error", 500, 1011), ("panic", 500, 1011)]
    {
        let handshake = |path: &str| HANDSHAKE.replace("/socket?x", &format!("{path}?{way}"));
        let response = served.connect()?.ask(handshake("/"))?;
        same("the status", response.status, status)?;
        ensure!(!response.text().contains("secret"), "the peer is told {:?}", response.text());
        let mut client = served.connect()?;
        client.send(handshake("/open"));
        same("the status", client.head()?.status, 101)?;
        client.closes(code)?;
    }
    Ok(())
}

fn pings(stage: &Stage) -> Checked {
    let served = stage.socket(TELLS)?;
    let mut client = open(&served)?;
    client.frame(0x89, b"are you there?");
    same("the answer", client.read_frame()?, (10, b"are you there?".to_vec()))?;
    client.frame(0x8a, b"nobody asked");
    client.frame(0x81, b"hi");
    served.tells("Text hi")
}

fn pings_that_are_wanted(stage: &Stage) -> Checked {
    stage.needs(Capabilities::WEBSOCKET_CONTROL)?;
    if !stage.traits.websocket {
        return Err(Fault::Skipped("the server has no WebSockets".into()));
    }
    let socket: Socket = |aside, scope, mut receive, mut send| {
        Box::pin(async move {
            aside.tell(scope.http().capabilities().contains(Capabilities::WEBSOCKET_CONTROL));
            send.send(accept(None)).await?;
            let long = Message::Ping(vec![0; 126].into());
            aside.tell(answer(&send.send(Outgoing::Message(long)).await));
            send.send(Outgoing::Message(Message::Ping("you?".into()))).await?;
            receive_and_tell(&aside, &mut receive).await;
            receive_and_tell(&aside, &mut receive).await;
            Ok(())
        })
    };
    let manifest = Manifest::default().wanting(Capabilities::WEBSOCKET_CONTROL);
    let served = stage.serve(Probe { socket: Some(socket), manifest, ..Probe::default() })?;
    let mut client = open(&served)?;
    served.tells("true")?;
    served.tells("LengthMismatch")?;
    same("the ping", client.read_frame()?, (9, b"you?".to_vec()))?;
    client.frame(0x8a, b"you?");
    client.frame(0x89, b"and you?");
    served.tells("Message(Pong(b\"you?\"))")?;
    served.tells("Message(Ping(b\"and you?\"))")?;
    same("the answer", client.read_frame()?, (10, b"and you?".to_vec()))
}

fn peers_that_close(stage: &Stage) -> Checked {
    let served = stage.socket(TELLS)?;
    for (payload, end) in [
        (&b"\x0f\xa1later"[..], "Closed { code: 4001, reason: \"later\", clean: true }"),
        (b"", "Closed { code: 1005, reason: \"\", clean: true }"),
    ] {
        let mut client = open(&served)?;
        client.frame(0x81, b"last words");
        client.frame(0x88, payload);
        served.tells("Text last words")?;
        served.tells(end)?;
        let (opcode, answer) = client.read_frame()?;
        same("the answer", (opcode, &answer[..2.min(answer.len())]), (8, &payload[..2.min(payload.len())]))?;
        client.ends()?;
    }
    Ok(())
}

fn peers_that_do_not_close(stage: &Stage) -> Checked {
    let served = stage.socket(TELLS)?;
    let mut client = open(&served)?;
    client.frame(0x81, b"last words");
    drop(client);
    served.tells("Text last words")?;
    let end = served.told()?;
    ensure!(end.starts_with("Closed { code: 1006,") && end.ends_with("clean: false }"), "the end: {end}");
    Ok(())
}

fn closes_by_the_application(stage: &Stage) -> Checked {
    let served = stage.socket(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            send.send(accept(None)).await?;
            send.send(close(3000)).await?;
            for _ in 0..3 {
                receive_and_tell(&aside, &mut receive).await;
            }
            Ok(())
        })
    })?;
    let mut client = open(&served)?;
    client.closes(3000)?;
    client.frame(0x81, b"one more");
    client.frame(0x88, b"\x0b\xb8");
    served.tells("Text one more")?;
    served.tells("Closed { code: 3000, reason: \"\", clean: true }")?;
    served.tells("Closed { code: 3000, reason: \"\", clean: true }")?;
    client.ends()
}

fn breaches(stage: &Stage) -> Checked {
    let served = stage.socket(TELLS)?;
    for (frame, code) in [
        (&b"\x81\x02hi"[..], 1002),
        (b"\xc1\x80\0\0\0\0", 1002),
        (b"\x83\x80\0\0\0\0", 1002),
        (b"\x80\x80\0\0\0\0", 1002),
        (b"\x09\x80\0\0\0\0", 1002),
        (b"\x81\x82\0\0\0\0\xc3\x28", 1007),
    ] {
        let mut client = open(&served)?;
        client.frame(0x81, b"before");
        client.send(frame);
        served.tells("Text before")?;
        let end = served.told()?;
        let (opcode, payload) = client.read_frame()?;
        let reason = String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned();
        same("the close frame", (opcode, payload.get(..2)), (8, Some(&u16::to_be_bytes(code)[..])))?;
        same("the end", end, format!("Closed {{ code: {code}, reason: {reason:?}, clean: false }}"))?;
    }
    Ok(())
}

fn messages_above_the_limit(stage: &Stage) -> Checked {
    let Some(limit) = stage.limits.message else {
        return Err(Fault::Skipped("message_limit was not set".into()));
    };
    let served = stage.socket(TELLS)?;
    let mut client = open(&served)?;
    // As long as it may be without being in more bytes than it needs; the payload never comes.
    match u16::try_from(limit + 1) {
        Ok(length) => client.send([&b"\x82\xfe"[..], &length.to_be_bytes(), b"\0\0\0\0"].concat()),
        Err(_) => client.send([&b"\x82\xff"[..], &(limit as u64 + 1).to_be_bytes(), b"\0\0\0\0"].concat()),
    }
    client.closes(1009)?;
    let end = served.told()?;
    ensure!(end.starts_with("Closed { code: 1009,") && end.ends_with("clean: false }"), "the end: {end}");
    Ok(())
}

fn sockets_at_the_stop(stage: &Stage) -> Checked {
    let mut served = stage.socket(TELLS)?;
    let mut client = open(&served)?;
    client.frame(0x81, b"hi");
    served.tells("Text hi")?;
    let stopping = served.begin_stop();
    client.closes(1012)?;
    client.frame(0x88, b"\x03\xf4");
    served.tells("Closed { code: 1012, reason: \"\", clean: true }")?;
    client.ends()?;
    drop(client);
    same("the stop", stopping.wait()?, Ok(()))
}

fn socket_receivers_that_are_dropped(stage: &Stage) -> Checked {
    let served = stage.socket(|aside, _, receive, mut send| {
        Box::pin(async move {
            send.send(accept(None)).await?;
            drop(receive);
            aside.tell(format!("{:?}", send.closed().await));
            Ok(())
        })
    })?;
    let mut client = open(&served)?;
    for _ in 0..100 {
        client.frame(0x82, &[0; 125]);
    }
    client.frame(0x89, b"there?");
    same("the answer", client.read_frame()?, (10, b"there?".to_vec()))?;
    for _ in 0..100 {
        client.frame(0x82, &[0; 125]);
    }
    client.frame(0x88, b"\x0f\xa1");
    served.tells("Closed { code: 4001, reason: \"\", clean: true }")?;
    client.closes(4001)
}

fn socket_senders_that_are_dropped(stage: &Stage) -> Checked {
    let served = stage.socket(|aside, scope, _receive, mut send| {
        Box::pin(async move {
            if scope.http().local_path() == b"/open" {
                send.send(accept(None)).await?;
            }
            drop(send);
            aside.gate().await;
            Ok(())
        })
    })?;
    same("the status", served.connect()?.ask(HANDSHAKE)?.status, 500)?;
    let mut client = served.connect()?;
    client.send(HANDSHAKE.replace("/socket?x", "/open"));
    same("the status", client.head()?.status, 101)?;
    client.closes(1011)
}
