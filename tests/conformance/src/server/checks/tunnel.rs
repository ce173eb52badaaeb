//! Tunnels.

use crate::server::check::{Checked, checks, ensure, same};
use crate::server::client::{Client, Closed};
use crate::server::events::{
    answer, at_once, last, more, receive_and_tell, respond, respond_with, show, start, start_with,
};
use crate::server::probe::Http;
use crate::server::stage::Stage;
use transom::{Capabilities, FileBody, FileSource, Incoming, Outgoing};

checks! {
    tunnels_by_upgrade: "TUNNEL-1" "TUNNEL-4" "TUNNEL-5" "TUNNEL-7" "TUNNEL-8" "TUNNEL-9" "HTTP-SEND-22" "HTTP-SEND-17";
    tunnels_by_connect: "TUNNEL-2" "TUNNEL-5" "TUNNEL-8" "HTTP-SEND-17";
    tunnels_that_are_declined: "TUNNEL-3" "TUNNEL-1";
    refused_in_tunnels: "HTTP-SEND-1" "ERROR-1";
    requests_in_front_of_tunnels: "TUNNEL-6";
    tunnels_that_are_cut: "RETURN-1" "RETURN-4";
    tunnels_whose_peer_is_lost: "TUNNEL-10" "DISC-1" "END-2";
}

const UPGRADE: &str = "GET / HTTP/1.1\r\nhost: a\r\nupgrade: foo/2\r\nconnection: upgrade\r\n\r\n";
const CONNECT: &str = "CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n";

/// Sends back in capitals what comes, and says good-bye at the end.
const ECHO: Http = |aside, scope, mut receive, mut send| {
    Box::pin(async move {
        let status = if scope.protocol().is_some() { 101 } else { 200 };
        // The end of the request, which is empty (TUNNEL-6), may come before or after.
        send.send(start_with(status, &[("x-a", "1"), ("content-length", "5"), ("transfer-encoding", "chunked")]))
            .await?;
        loop {
            match receive.recv().await {
                Incoming::Body { data, more: true } => send.send(more(data.to_ascii_uppercase())).await?,
                Incoming::Body { data, more: false } => {
                    aside.tell(format!("the end, with {}", data.escape_ascii()));
                    break;
                }
                other => {
                    aside.tell(show(&other));
                    break;
                }
            }
        }
        send.send(last("bye")).await?;
        receive_and_tell(&aside, &mut receive).await;
        Ok(())
    })
};

fn talk(client: &mut Client) -> Checked {
    for data in ["hello", "\r\n\0GET / HTTP/1.1\r\n\r\n"] {
        client.send(data);
        same("what comes back", client.take(data.len())?, data.to_ascii_uppercase().as_bytes())?;
    }
    client.half_close();
    let (rest, closed) = client.rest()?;
    same("the end", (rest.escape_ascii().to_string(), closed), ("bye".into(), Closed::Orderly))
}

fn tunnels_by_upgrade(stage: &Stage) -> Checked {
    stage.needs(Capabilities::UPGRADE)?;
    let served = stage.http(ECHO)?;
    let mut client = served.connect()?;
    client.send(UPGRADE);
    let head = client.head()?;
    same("the status", head.status, 101)?;
    same("upgrade", head.all("upgrade"), ["foo/2"])?;
    same("x-a", head.field("x-a"), Some("1"))?;
    same("connection", head.field("connection").map(str::to_ascii_lowercase), Some("upgrade".to_owned()))?;
    ensure!(head.field("content-length").or(head.field("transfer-encoding")).is_none(), "the framing of a body");
    talk(&mut client)?;
    served.tells("the end, with ")?;
    served.tells("Complete")
}

fn tunnels_by_connect(stage: &Stage) -> Checked {
    stage.needs(Capabilities::UPGRADE)?;
    let served = stage.http(ECHO)?;
    let mut client = served.connect()?;
    client.send(CONNECT);
    let head = client.head()?;
    same("the status", head.status, 200)?;
    same("x-a", head.field("x-a"), Some("1"))?;
    ensure!(head.field("content-length").or(head.field("transfer-encoding")).is_none(), "the framing of a body");
    talk(&mut client)?;
    served.tells("the end, with ")?;
    served.tells("Complete")
}

fn tunnels_that_are_declined(stage: &Stage) -> Checked {
    stage.needs(Capabilities::UPGRADE)?;
    let served = stage.http(|aside, scope, _receive, mut send| {
        Box::pin(async move {
            if scope.protocol().is_none() && scope.target() != b"/" {
                aside.tell(answer(&send.send(respond_with(200, &[], "")).await));
                aside.tell(answer(&send.send(respond_with(299, &[], "")).await));
            }
            aside.tell(answer(&send.send(respond_with(101, &[], "")).await));
            Ok(send.send(respond_with(403, &[], "no")).await?)
        })
    })?;
    let mut client = served.connect()?;
    client.ask(UPGRADE)?.is(403, "no")?;
    served.tells("BadStatus")?;
    client.ask(CONNECT)?.is(403, "no")?;
    (0..3).try_for_each(|_| served.tells("BadStatus"))
}

fn refused_in_tunnels(stage: &Stage) -> Checked {
    stage.needs(Capabilities::UPGRADE)?;
    let served = stage.http(|aside, _, _receive, mut send| {
        Box::pin(async move {
            send.send(start_with(101, &[])).await?;
            let source = FileSource::Path(std::env::temp_dir().into());
            let file = Outgoing::File { file: FileBody { source, offset: 0, len: 0 }, more: false };
            for event in [start(), respond("x"), file, Outgoing::Trailers([("x", "y")].into_iter().collect())] {
                aside.tell(answer(&send.send(event).await));
            }
            send.send(last("bye")).await?;
            aside.tell(answer(&send.send(last("")).await));
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send(UPGRADE);
    same("the status", client.head()?.status, 101)?;
    let expected = ["OutOfOrder", "OutOfOrder", "WrongProtocol", "WrongProtocol", "Finished"];
    expected.iter().try_for_each(|told| served.tells(told))?;
    same("the tunnel", client.take(3)?, b"bye")?;
    client.half_close();
    client.ends()
}

fn requests_in_front_of_tunnels(stage: &Stage) -> Checked {
    stage.needs(Capabilities::UPGRADE)?;
    let served = stage.http(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            send.send(start_with(101, &[])).await?;
            let mut all = Vec::new();
            while let Incoming::Body { data, more } = receive.recv().await {
                all.extend_from_slice(&data);
                if !more {
                    break;
                }
                // Nothing but the end of the tunnel is an end.
                if all.ends_with(b"raw") {
                    aside.tell(all.escape_ascii());
                }
            }
            aside.tell("the end");
            Ok(send.send(last("")).await?)
        })
    })?;
    let mut client = served.connect()?;
    client.send(UPGRADE.replace("\r\n\r\n", "\r\ncontent-length: 4\r\n\r\nbody"));
    same("the status", client.head()?.status, 101)?;
    client.send("raw");
    served.tells("bodyraw")?;
    client.half_close();
    served.tells("the end")?;
    client.ends()
}

fn tunnels_that_are_cut(stage: &Stage) -> Checked {
    stage.needs(Capabilities::UPGRADE)?;
    let served = stage.http(|aside, _, _receive, mut send| {
        Box::pin(async move {
            send.send(start_with(101, &[])).await?;
            send.send(more("part")).await?;
            aside.gate().await;
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send(UPGRADE);
    same("the status", client.head()?.status, 101)?;
    same("the tunnel", client.take(4)?, b"part")?;
    served.open();
    same("the end", client.rest()?.1, Closed::Reset)
}

fn tunnels_whose_peer_is_lost(stage: &Stage) -> Checked {
    stage.needs(Capabilities::UPGRADE)?;
    let served = stage.http(|aside, _, mut receive, mut send| {
        Box::pin(async move {
            send.send(start_with(101, &[])).await?;
            send.send(more("unread")).await?;
            send.flush().await?;
            aside.tell("open");
            let end = loop {
                match receive.recv().await {
                    Incoming::Body { more: true, .. } => {}
                    other => break show(&other),
                }
            };
            // Nothing more reaches the peer, which is known at the latest when that is tried.
            while send.send(more(vec![b'x'; 64 << 10])).await.is_ok() {}
            aside.tell(format!("{} {:?}", end != "Body x", at_once(send.closed()).await));
            Ok(())
        })
    })?;
    let mut client = served.connect()?;
    client.send(UPGRADE);
    client.head()?;
    served.tells("open")?;
    drop(client);
    served.tells("true Some(Disconnected { code: None })")
}
