//! The life of the server.

use super::scope::refuses;
use crate::server::check::{Checked, checks, ensure, same};
use crate::server::events::{GET, answer, poll_once, receive_and_tell, respond, show};
use crate::server::probe::{Life, Probe, hello};
use crate::server::stage::Stage;
use std::time::Instant;
use transom::{Error, Incoming, Message, Outgoing, State};

checks! {
    startup: "LIFE-1" "LIFE-2" "APP-9";
    no_interest: "LIFE-3";
    startup_that_fails: "LIFE-4" "LIFE-2";
    startup_that_panics: "LIFE-4" "APP-5";
    events_of_the_lifespan: "LIFE-6" "LIFE-7" "ERROR-1";
    the_stop: "LIFE-8" "LIFE-9" "LIFE-10" "APP-3";
    an_early_return: "LIFE-11";
    failures_while_the_server_runs: "LIFE-12";
    failures_while_the_server_drains: "LIFE-13";
    failures_after_shutdown: "LIFE-14";
    lifespan_handles_that_are_dropped: "LIFE-15";
    lifespan_handles_that_are_left: "LIFE-16";
}

fn ready() -> Outgoing {
    Outgoing::Ready(State::new())
}

fn startup(stage: &Stage) -> Checked {
    let served = stage.life(
        |aside, mut receive, mut send| {
            Box::pin(async move {
                aside.tell("lifespan");
                aside.tell("ready");
                send.send(ready()).await?;
                while !matches!(receive.recv().await, Incoming::Shutdown) {}
                Ok(())
            })
        },
        |aside, scope, receive, send| {
            aside.tell("request");
            hello(aside, scope, receive, send)
        },
    )?;
    for _ in 0..2 {
        served.connect()?.ask(GET)?.is(200, "hello")?;
    }
    let told = served.all();
    same("what happens first", told.first().map(String::as_str), Some("manifest"))?;
    let told: Vec<_> = told.into_iter().filter(|told| told != "manifest").collect();
    same("the calls", told, ["lifespan", "ready", "request", "request"])
}

fn no_interest(stage: &Stage) -> Checked {
    let ways: [Life; 3] = [
        |_, _receive, _send| Box::pin(async { Ok(()) }),
        |_, _receive, _send| Box::pin(async { Err(Error::unsupported()) }),
        |_, _receive, _send| Box::pin(async { Err(Error::from(Error::unsupported().into_inner())) }),
    ];
    for life in ways {
        let mut served = stage.life(life, hello)?;
        served.connect()?.ask(GET)?.is(200, "hello")?;
        same("the stop", served.stop()?, Ok(()))?;
    }
    Ok(())
}

fn startup_that_fails(stage: &Stage) -> Checked {
    let life: Life = |_, _receive, _send| Box::pin(async { Err("there is no database".into()) });
    refuses(stage.try_serve(Probe { life: Some(life), http: Some(hello), ..Probe::default() })?)
}

fn startup_that_panics(stage: &Stage) -> Checked {
    let life: Life = |_, _receive, _send| Box::pin(async { panic!("this panic is meant") });
    refuses(stage.try_serve(Probe { life: Some(life), http: Some(hello), ..Probe::default() })?)
}

fn events_of_the_lifespan(stage: &Stage) -> Checked {
    let served = stage.life(
        |aside, mut receive, mut send| {
            Box::pin(async move {
                let offers = || {
                    [
                        respond("x"),
                        Outgoing::Message(Message::Text("x".into())),
                        Outgoing::Accept { subprotocol: None, headers: Default::default() },
                        Outgoing::Extension(Box::new(())),
                    ]
                };
                for event in offers() {
                    aside.tell(answer(&send.send(event).await));
                }
                aside.tell(answer(&send.send(ready()).await));
                aside.tell(answer(&send.flush().await));
                for event in [ready()].into_iter().chain(offers()) {
                    aside.tell(answer(&send.send(event).await));
                }
                while !matches!(receive.recv().await, Incoming::Shutdown) {}
                Ok(())
            })
        },
        hello,
    )?;
    let foreign = ["WrongProtocol", "WrongProtocol", "WrongProtocol", "Unsupported(Capabilities())"];
    for told in foreign.iter().chain(&["accepted", "accepted", "OutOfOrder"]).chain(&foreign) {
        served.tells(told)?;
    }
    served.connect()?.ask(GET)?.is(200, "hello")
}

fn the_stop(stage: &Stage) -> Checked {
    let mut served = stage.life(
        |aside, mut receive, mut send| {
            Box::pin(async move {
                send.send(ready()).await?;
                receive_and_tell(&aside, &mut receive).await;
                receive_and_tell(&aside, &mut receive).await;
                receive_and_tell(&aside, &mut receive).await;
                aside.tell("returns");
                Ok(())
            })
        },
        |aside, _, _receive, mut send| {
            Box::pin(async move {
                aside.tell("called");
                aside.gate().await;
                send.send(respond("ok")).await?;
                aside.tell("the request returns");
                Ok(())
            })
        },
    )?;
    let mut client = served.connect()?;
    client.send(GET);
    served.tells("called")?;
    let stopping = served.begin_stop();
    served.tells("Draining")?;
    served.open();
    client.response()?.is(200, "ok")?;
    drop(client);
    ["the request returns", "Shutdown", "Complete", "returns"].iter().try_for_each(|told| served.tells(told))?;
    same("the stop", stopping.wait()?, Ok(()))?;
    ensure!(served.connect().and_then(|mut client| client.ask(GET)).is_err(), "the server still serves");
    Ok(())
}

fn an_early_return(stage: &Stage) -> Checked {
    let mut served =
        stage.life(|_, _receive, mut send| Box::pin(async move { Ok(send.send(ready()).await?) }), hello)?;
    for _ in 0..2 {
        served.connect()?.ask(GET)?.is(200, "hello")?;
    }
    same("the stop", served.stop()?, Ok(()))
}

fn failures_while_the_server_runs(stage: &Stage) -> Checked {
    let ways: [Life; 2] = [
        |aside, _receive, mut send| {
            Box::pin(async move {
                send.send(ready()).await?;
                aside.gate().await;
                Err("it fails".into())
            })
        },
        |aside, _receive, mut send| {
            Box::pin(async move {
                send.send(ready()).await?;
                aside.gate().await;
                panic!("this panic is meant")
            })
        },
    ];
    for life in ways {
        let mut served = stage.life(life, hello)?;
        served.connect()?.ask(GET)?.is(200, "hello")?;
        served.open();
        // It stops by itself.
        let begun = Instant::now();
        while served.connect().and_then(|mut client| client.ask(GET)).is_ok() {
            ensure!(begun.elapsed() < stage.patience, "the server goes on");
        }
        ensure!(served.stop()?.is_err(), "the server calls it a success");
    }
    Ok(())
}

fn failures_while_the_server_drains(stage: &Stage) -> Checked {
    let mut served = stage.life(
        |aside, mut receive, mut send| {
            Box::pin(async move {
                send.send(ready()).await?;
                receive_and_tell(&aside, &mut receive).await;
                Err("it fails".into())
            })
        },
        |aside, _, _receive, mut send| {
            Box::pin(async move {
                aside.tell("called");
                aside.gate().await;
                Ok(send.send(respond("ok")).await?)
            })
        },
    )?;
    let mut client = served.connect()?;
    client.send(GET);
    served.tells("called")?;
    let stopping = served.begin_stop();
    served.tells("Draining")?;
    served.open();
    client.response()?.is(200, "ok")?;
    drop(client);
    ensure!(stopping.wait()?.is_err(), "the server calls it a success");
    Ok(())
}

fn failures_after_shutdown(stage: &Stage) -> Checked {
    let ways: [Life; 2] = [
        |_, mut receive, mut send| {
            Box::pin(async move {
                send.send(ready()).await?;
                while !matches!(receive.recv().await, Incoming::Shutdown) {}
                Err("it fails".into())
            })
        },
        |_, mut receive, mut send| {
            Box::pin(async move {
                send.send(ready()).await?;
                while !matches!(receive.recv().await, Incoming::Shutdown) {}
                panic!("this panic is meant")
            })
        },
    ];
    for life in ways {
        let mut served = stage.life(life, hello)?;
        served.connect()?.ask(GET)?.is(200, "hello")?;
        ensure!(served.stop()?.is_err(), "the server calls it a success");
    }
    Ok(())
}

fn lifespan_handles_that_are_dropped(stage: &Stage) -> Checked {
    let mut served = stage.life(
        |aside, receive, mut send| {
            Box::pin(async move {
                drop(receive);
                send.send(ready()).await?;
                drop(send);
                aside.gate().await;
                aside.tell("returns");
                Ok(())
            })
        },
        hello,
    )?;
    for _ in 0..2 {
        served.connect()?.ask(GET)?.is(200, "hello")?;
    }
    let stopping = served.begin_stop();
    served.open();
    served.tells("returns")?;
    same("the stop", stopping.wait()?, Ok(()))
}

fn lifespan_handles_that_are_left(stage: &Stage) -> Checked {
    let served = stage.life(
        |aside, receive, mut send| {
            Box::pin(async move {
                send.send(ready()).await?;
                aside.keep(receive, send);
                Ok(())
            })
        },
        hello,
    )?;
    // The call has returned by then, for it was polled before.
    served.connect()?.ask(GET)?.is(200, "hello")?;
    let (mut receive, mut send) = served.kept()?;
    let told = poll_once(async {
        let closed = send.closed().await;
        format!("{} {closed:?} {}", show(&receive.recv().await), answer(&send.send(ready()).await))
    });
    same("what the handles say", told.as_deref(), Some("Complete Complete Finished"))
}
