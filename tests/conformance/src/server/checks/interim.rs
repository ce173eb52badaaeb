//! HTTP: `Expect: 100-continue`, and interim responses.

use crate::server::check::{Checked, checks, same};
use crate::server::events::{read, respond};
use crate::server::stage::Stage;
use transom::{Capabilities, Headers, Outgoing};

checks! {
    continue_when_the_body_is_awaited: "CONTINUE-1";
    continue_once: "CONTINUE-1" "CONTINUE-2";
    no_continue_when_the_body_came: "CONTINUE-2";
    no_continue_without_interest: "CONTINUE-3";
    interim_responses: "HTTP-SEND-19" "HTTP-SEND-20";
}

const EXPECTS: &str = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n";

fn continue_when_the_body_is_awaited(stage: &Stage) -> Checked {
    let served = stage.http(|_, _, mut receive, mut send| {
        Box::pin(async move {
            let body = read(&mut receive).await?;
            Ok(send.send(respond(body)).await?)
        })
    })?;
    let mut client = served.connect()?;
    for _ in 0..2 {
        same("the interim response", client.ask(EXPECTS)?.status, 100)?;
        client.ask("hi")?.is(200, "hi")?;
    }
    Ok(())
}

fn continue_once(stage: &Stage) -> Checked {
    stage.needs(Capabilities::INFORMATIONAL)?;
    let served = stage.http(|_, _, mut receive, mut send| {
        Box::pin(async move {
            send.send(Outgoing::Informational { status: 100, headers: Headers::new() }).await?;
            let body = read(&mut receive).await?;
            Ok(send.send(respond(body)).await?)
        })
    })?;
    let mut client = served.connect()?;
    same("the interim response", client.ask(EXPECTS)?.status, 100)?;
    client.ask("hi")?.is(200, "hi")
}

fn no_continue_when_the_body_came(stage: &Stage) -> Checked {
    let served = stage.http(|_, _, mut receive, mut send| {
        Box::pin(async move {
            let body = read(&mut receive).await?;
            Ok(send.send(respond(body)).await?)
        })
    })?;
    served.connect()?.ask(format!("{EXPECTS}hi"))?.is(200, "hi")
}

fn no_continue_without_interest(stage: &Stage) -> Checked {
    let served = stage.http(|_, _, _receive, mut send| Box::pin(async move { Ok(send.send(respond("no")).await?) }))?;
    let mut client = served.connect()?;
    let response = client.ask(EXPECTS)?;
    response.is(200, "no")?;
    same("connection", response.field("connection"), Some("close"))?;
    client.ends()
}

fn interim_responses(stage: &Stage) -> Checked {
    stage.needs(Capabilities::INFORMATIONAL)?;
    let served = stage.http(|_, _, _receive, mut send| {
        Box::pin(async move {
            let headers = [
                ("link", "</a>"),
                ("connection", "close"),
                ("content-length", "5"),
                ("keep-alive", "timeout=1"),
                ("proxy-connection", "close"),
                ("te", "trailers"),
                ("link", "</b>"),
                ("upgrade", "foo"),
            ];
            let headers = headers.into_iter().collect();
            send.send(Outgoing::Informational { status: 103, headers }).await?;
            send.send(Outgoing::Informational { status: 199, headers: Headers::new() }).await?;
            Ok(send.send(respond("ok")).await?)
        })
    })?;
    let mut client = served.connect()?;
    let early = client.ask(crate::server::events::GET)?;
    same("the first response", early.status, 103)?;
    let fields = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    same("its fields", early.fields, [fields("link", "</a>"), fields("link", "</b>")])?;
    same("the second response", client.response()?.status, 199)?;
    client.response()?.is(200, "ok")
}
