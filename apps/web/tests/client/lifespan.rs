use super::{http, respond, start_with};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use transom::{App, Capabilities, Error, Incoming, Manifest, Outgoing, Receiver, Scope, Sender, State};
use transom_web::client::{self, Client};

/// Notes what becomes of its life, and serves its state.
#[derive(Clone, Default)]
struct Living {
    notes: Arc<Mutex<Vec<String>>>,
    fails: &'static str,
}

impl App for Living {
    async fn call(&self, scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let note = |text: String| self.notes.lock().unwrap().push(text);
        if let Scope::Http(http) = scope {
            if http.local_path() == b"/hang" {
                send.send(respond(200, "there")).await?;
                std::future::pending::<()>().await;
            }
            return Ok(send.send(respond(200, *http.state::<&str>().unwrap())).await?);
        }
        if self.fails == "start" {
            return Err("no database".into());
        }
        send.send(Outgoing::Ready(State::new().with("pool"))).await?;
        loop {
            match receive.recv().await {
                Incoming::Draining { grace } => note(format!("{grace:?}")),
                Incoming::Shutdown => break note("shutdown".into()),
                _ => {}
            }
        }
        match self.fails {
            "stop" => Err("not clean".into()),
            "stuck" => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

/// SPEC: LIFE-1, LIFE-2, LIFE-8, LIFE-9, STATE-1
#[tokio::test(start_paused = true)]
async fn the_whole_life() {
    let app = Living::default();
    let client = start_with(app.clone(), |builder| builder.grace(Duration::from_secs(5))).await;
    assert_eq!(client.state().get::<&str>(), Some(&"pool"));
    assert_eq!(client.get("/").send().await.unwrap().text().await.unwrap(), "pool");
    client.client.clone().close().await.unwrap();
    assert_eq!(*app.notes.lock().unwrap(), ["5s", "shutdown"]);
    assert!(matches!(client.get("/").send().await, Err(client::Error::Stopped)));
}

/// SPEC: APP-4
#[tokio::test(start_paused = true)]
async fn what_does_not_end_is_dropped() {
    let app = Living::default();
    let client = Client::new(app.clone()).await.unwrap();
    assert_eq!(client.get("/hang").send().await.unwrap().status(), 200);
    assert!(matches!(client.close().await, Err(client::Error::Stopped)));
    assert_eq!(*app.notes.lock().unwrap(), ["30s", "shutdown"]);
    let stuck = Client::new(Living { fails: "stuck", ..Living::default() }).await.unwrap();
    assert!(matches!(stuck.close().await, Err(client::Error::Stopped)));
}

/// SPEC: LIFE-4, LIFE-14
#[tokio::test]
async fn failures() {
    let start = Client::new(Living { fails: "start", ..Living::default() }).await;
    assert_eq!(start.unwrap_err().to_string(), "the application failed: no database");
    let stop = Client::new(Living { fails: "stop", ..Living::default() }).await.unwrap();
    assert_eq!(stop.close().await.unwrap_err().to_string(), "the application failed: not clean");
    async fn panics(_: Scope, _: Receiver, _: Sender) -> Result<(), Error> {
        panic!("at once")
    }
    assert_eq!(Client::new(panics).await.unwrap_err().to_string(), "the application failed: it panicked: at once");
}

/// SPEC: LIFE-3
#[tokio::test]
async fn an_application_need_not_be_interested() {
    for result in [true, false] {
        let app = move |scope, _: Receiver, mut send: Sender| async move {
            let Ok(_) = http(scope) else { return if result { Ok(()) } else { Err(Error::unsupported()) } };
            Ok(send.send(respond(204, "")).await?)
        };
        let client = Client::new(app).await.unwrap();
        assert_eq!(client.get("/").send().await.unwrap().status(), 204);
        client.close().await.unwrap();
    }
}

/// SPEC: APP-10
#[tokio::test]
async fn what_an_application_insists_on() {
    struct Strict;
    impl App for Strict {
        async fn call(&self, _: Scope, _: Receiver, _: Sender) -> Result<(), Error> {
            Ok(())
        }
        fn manifest(&self) -> Manifest {
            Manifest::default().requiring(Capabilities::UPGRADE | Capabilities::FILE)
        }
    }
    assert!(matches!(Client::new(Strict).await, Err(client::Error::Missing(Capabilities::UPGRADE))));
}
