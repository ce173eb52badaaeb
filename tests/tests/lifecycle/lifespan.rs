//! The lifespan call.

use crate::{GET, give_up};
use std::sync::{Mutex, mpsc};
use std::time::Duration;
use transom::{
    App, Capabilities, End, Error, Incoming, Manifest, Outgoing, Receiver, Scope, SendError, Sender, State, Violation,
};
use transom_server::{Config, ServeError};
use transom_tests::{Closed, PATIENCE, Running, quiet, respond, telling};

/// An application whose lifespan call is `life`, and that answers requests with the text of its state.
struct Living<F>(F);

impl<F, Fut> App for Living<F>
where
    F: Fn(Receiver, Sender) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Error>> + Send,
{
    async fn call(&self, scope: Scope, receive: Receiver, mut send: Sender) -> Result<(), Error> {
        match scope {
            Scope::Lifespan(_) => (self.0)(receive, send).await,
            Scope::Http(scope) => {
                let text = scope.state::<String>().cloned().unwrap_or("no state".into());
                Ok(send.send(respond(text)).await?)
            }
            _ => Err(Error::unsupported()),
        }
    }
}

/// A lifespan call that takes something with it.
fn once<T: Send, Fut>(
    given: T,
    life: impl Fn(T, Sender) -> Fut + Send + Sync,
) -> impl Fn(Receiver, Sender) -> Fut + Send + Sync {
    let given = Mutex::new(Some(given));
    move |_, send| life(given.lock().unwrap().take().expect("called once"), send)
}

fn ready() -> Outgoing {
    Outgoing::Ready(State::new().with("ready".to_owned()))
}

#[track_caller]
fn assert_serves(server: &Running, text: &str) {
    let mut client = server.connect();
    client.send(GET);
    assert_eq!(client.response().text(), text);
}

/// How a server ends that is stopped at once.
fn outcome<F, Fut>(life: F, config: Config) -> Result<(), String>
where
    F: Fn(Receiver, Sender) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Error>> + Send,
{
    stopped_at_once(Running::start(Living(life), config))
}

/// The same of one that breaks the contract.
fn careless_outcome<F, Fut>(life: F, config: Config) -> Result<(), String>
where
    F: Fn(Receiver, Sender) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), Error>> + Send,
{
    stopped_at_once(Running::start(Living(life), config).careless())
}

fn stopped_at_once(mut server: Running) -> Result<(), String> {
    server.stop();
    server.join().map_err(|error| format!("{error:?}"))
}

/// SPEC: STATE-1
#[test]
fn its_state_reaches_every_request() {
    let mut config = quiet();
    config.workers = 3;
    let server = Running::start(
        Living(async |mut receive: Receiver, mut send: Sender| {
            send.send(ready()).await?;
            assert!(matches!(receive.recv().await, Incoming::Draining { .. }));
            Ok(())
        }),
        config,
    );
    for _ in 0..6 {
        assert_serves(&server, "ready");
    }
}

/// SPEC: STATE-1, LIFE-3
#[test]
fn no_interest_is_fine() {
    let mut server = Running::start(Living(async |_, _| Ok(())), quiet());
    assert_serves(&server, "no state");
    server.stop();
    server.join().unwrap();
    let mut server = Running::start(Living(async |_, _| Err(Error::unsupported())), quiet());
    assert_serves(&server, "no state");
    server.stop();
    server.join().unwrap();
}

/// SPEC: LIFE-11
#[test]
fn neither_is_an_early_end_after_ready() {
    let mut server = Running::start(Living(async |_, mut send: Sender| Ok(send.send(ready()).await?)), quiet());
    assert_serves(&server, "ready");
    server.stop();
    server.join().unwrap();
}

/// Nobody is served before it is ready.
/// SPEC: LIFE-1, LIFE-2
#[test]
fn startup_comes_first() {
    let (tell, told) = telling();
    let (open, opened) = mpsc::channel::<()>();
    let server = Running::start(
        Living(once((tell, opened), |(tell, opened), mut send| async move {
            tell.send("starting")?;
            tokio::task::spawn_blocking(move || opened.recv_timeout(PATIENCE)).await??;
            tell.send("ready")?;
            Ok(send.send(ready()).await?)
        })),
        quiet(),
    );
    let mut client = server.connect();
    client.send(GET);
    assert_eq!(told.next(), "starting");
    assert!(told.rest().is_empty());
    open.send(()).unwrap();
    assert_eq!(client.response().text(), "ready");
    assert_eq!(told.next(), "ready");
}

/// SPEC: APP-5, LIFE-4, LIFE-5
#[test]
fn startup_fails() {
    let failure = |reason: &str| Err(format!("Startup({reason:?})"));
    assert_eq!(outcome(async |_, _| Err("no database".into()), quiet()), failure("no database"));
    let panicked = outcome(async |_, _| panic!("no database"), quiet()).unwrap_err();
    assert!(panicked.starts_with("Startup(\"panicked") && panicked.ends_with("no database\")"), "{panicked}");
    // Ready and failed at once is failed.
    let both = async |_: Receiver, mut send: Sender| {
        send.send(ready()).await?;
        Err("after all".into())
    };
    assert_eq!(outcome(both, quiet()), failure("after all"));
    let mut config = quiet();
    config.lifespan_timeout = Some(Duration::from_millis(50));
    let never = async |_, _| std::future::pending().await;
    assert_eq!(outcome(never, config), failure("it was not ready in time"));
}

/// SPEC: LIFE-2, LIFE-4
#[test]
fn a_server_that_does_not_start_serves_nobody() {
    let (fail, failed) = mpsc::channel::<()>();
    let server = Running::start(
        Living(once(failed, |failed: mpsc::Receiver<()>, _| async move {
            tokio::task::spawn_blocking(move || failed.recv_timeout(PATIENCE)).await??;
            Err("no database".into())
        })),
        quiet(),
    );
    let mut client = server.connect();
    client.send(GET);
    fail.send(()).unwrap();
    assert_eq!(client.rest().0, b"");
    let error = server.join().unwrap_err();
    assert!(error.is_startup());
    assert_eq!(error.to_string(), "the application failed to start: no database");
}

/// SPEC: APP-10
#[test]
fn what_is_required_is_there_or_named() {
    struct Demanding(Capabilities);
    impl App for Demanding {
        async fn call(&self, scope: Scope, _: Receiver, mut send: Sender) -> Result<(), Error> {
            let Scope::Http(_) = scope else { return Err(Error::unsupported()) };
            Ok(send.send(respond("ok")).await?)
        }

        fn manifest(&self) -> Manifest {
            Manifest::default().requiring(self.0)
        }
    }
    let lacking = Capabilities::FILE | Capabilities::WEBSOCKET_CONTROL;
    let mut without = quiet();
    without.websocket.enabled = false;
    match Running::start(Demanding(lacking), without).join() {
        Err(ServeError::Unsupported(missing)) => assert_eq!(missing, Capabilities::WEBSOCKET_CONTROL),
        other => panic!("{other:?}"),
    }
    let server = Running::start(Demanding(Capabilities::FILE | Capabilities::TRAILERS), quiet());
    assert_serves(&server, "ok");
}

/// The server stops by itself, in order: what runs comes to its end.
/// SPEC: LIFE-12
#[test]
fn failure_while_running() {
    let (fail, failed) = mpsc::channel::<()>();
    let server = Running::start(
        Living(once(failed, |failed: mpsc::Receiver<()>, mut send| async move {
            send.send(ready()).await?;
            tokio::task::spawn_blocking(move || failed.recv_timeout(PATIENCE)).await??;
            Err("the database is gone".into())
        })),
        quiet(),
    );
    let mut client = server.connect();
    client.send(GET);
    assert_eq!(client.response().text(), "ready");
    fail.send(()).unwrap();
    assert_eq!(client.rest(), (vec![], Closed::Orderly));
    match server.join() {
        Err(error @ ServeError::Running(_)) => {
            let text = "stopped because the application's lifespan failed: the database is gone";
            assert_eq!((error.to_string().as_str(), error.is_startup()), (text, false));
        }
        other => panic!("{other:?}"),
    }
}

/// SPEC: EVENT-1, LIFE-5, LIFE-10, LIFE-14
#[test]
fn cleaning_up() {
    async fn until_shutdown(receive: &mut Receiver, send: &mut Sender) -> Result<(), Error> {
        send.send(ready()).await?;
        assert!(matches!(receive.recv().await, Incoming::Draining { .. }));
        assert!(matches!(receive.recv().await, Incoming::Shutdown));
        assert!(matches!(receive.recv().await, Incoming::End(End::Complete)));
        assert!(matches!(receive.recv().await, Incoming::End(End::Complete)));
        assert_eq!(send.closed().await, End::Complete);
        Ok(())
    }
    let good = async |mut receive: Receiver, mut send: Sender| until_shutdown(&mut receive, &mut send).await;
    assert_eq!(outcome(good, quiet()), Ok(()));
    let bad = async |mut receive: Receiver, mut send: Sender| {
        until_shutdown(&mut receive, &mut send).await?;
        Err("disk full".into())
    };
    assert_eq!(outcome(bad, quiet()), Err("Shutdown(\"disk full\")".into()));
    let worse = async |mut receive: Receiver, mut send: Sender| {
        until_shutdown(&mut receive, &mut send).await?;
        panic!("disk full")
    };
    let panicked = outcome(worse, quiet()).unwrap_err();
    assert!(panicked.starts_with("Shutdown(\"panicked") && panicked.ends_with("disk full\")"), "{panicked}");
    let mut config = quiet();
    config.lifespan_timeout = Some(Duration::from_millis(50));
    let never = async |mut receive: Receiver, mut send: Sender| {
        until_shutdown(&mut receive, &mut send).await?;
        std::future::pending().await
    };
    assert_eq!(outcome(never, config), Err("Shutdown(\"it did not clean up in time\")".into()));
}

/// SPEC: STATE-4, LIFE-6, LIFE-7
#[test]
fn what_it_may_send() {
    let life = async |mut receive: Receiver, mut send: Sender| {
        let headers = || Default::default();
        let wrong = Err(SendError::Violation(Violation::WrongProtocol));
        assert_eq!(send.send(respond("x")).await, wrong);
        assert_eq!(send.send(Outgoing::Start { status: 200, headers: headers() }).await, wrong);
        assert_eq!(send.send(Outgoing::Trailers(headers())).await, wrong);
        send.send(ready()).await?;
        assert_eq!(send.send(ready()).await, Err(SendError::Violation(Violation::OutOfOrder)));
        assert_eq!(give_up(send.flush()).await, Some(Ok(())));
        let unknown = give_up(send.send(Outgoing::Extension(Box::new(())))).await;
        assert_eq!(unknown, Some(Err(SendError::Unsupported(Capabilities::NONE))));
        assert!(matches!(receive.recv().await, Incoming::Draining { .. }));
        Ok(())
    };
    assert_eq!(careless_outcome(life, quiet()), Ok(()));
}

/// SPEC: LIFE-13
#[test]
fn failure_while_draining() {
    let life = async |mut receive: Receiver, mut send: Sender| {
        send.send(ready()).await?;
        assert!(matches!(receive.recv().await, Incoming::Draining { .. }));
        Err("cannot say goodbye".into())
    };
    assert_eq!(outcome(life, quiet()), Err("Running(\"cannot say goodbye\")".into()));
}

/// SPEC: LIFE-15
#[test]
fn handles_that_are_dropped() {
    let (tell, told) = telling();
    let life = move |mut receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            send.send(ready()).await?;
            drop(send);
            assert!(matches!(receive.recv().await, Incoming::Draining { .. }));
            assert!(matches!(receive.recv().await, Incoming::Shutdown));
            Ok(tell.send("seen to its end")?)
        }
    };
    let mut server = Running::start(Living(life), quiet());
    assert_serves(&server, "ready");
    server.stop();
    server.join().unwrap();
    assert_eq!(told.next(), "seen to its end");

    let life = async |receive: Receiver, mut send: Sender| {
        drop(receive);
        Ok(send.send(ready()).await?)
    };
    let mut server = Running::start(Living(life), quiet());
    assert_serves(&server, "ready");
    server.stop();
    server.join().unwrap();
}

/// SPEC: LIFE-11, LIFE-16
#[test]
fn handles_that_are_left() {
    let (tell, told) = telling();
    let life = move |receive: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            send.send(ready()).await?;
            tell.send((receive, send)).map_err(|_| "nobody wants them")?;
            Ok(())
        }
    };
    let server = Running::start(Living(life), quiet()).careless();
    let (mut receive, mut send) = told.next();
    assert_serves(&server, "ready");
    for _ in 0..2 {
        assert!(matches!(transom::run(give_up(receive.recv())), Some(Incoming::End(End::Complete))));
        assert_eq!(transom::run(give_up(send.closed())), Some(End::Complete));
    }
    assert_eq!(transom::run(give_up(send.send(ready()))), Some(Err(SendError::Finished)));
}

/// SPEC: APP-9
#[test]
fn the_manifest_is_read_first() {
    struct Telling(mpsc::Sender<&'static str>);
    impl App for Telling {
        async fn call(&self, scope: Scope, _: Receiver, _: Sender) -> Result<(), Error> {
            self.0.send(if matches!(scope, Scope::Lifespan(_)) { "lifespan" } else { "call" })?;
            Err(Error::unsupported())
        }

        fn manifest(&self) -> Manifest {
            let _ = self.0.send("manifest");
            Manifest::default()
        }
    }
    let (tell, told) = telling();
    let server = Running::without_lint(Telling(tell), quiet());
    let mut client = server.connect();
    client.send(GET);
    assert_eq!(client.response().status, 501);
    let mut told = told.rest();
    told.dedup();
    assert_eq!(told, ["manifest", "lifespan", "call"]);
}
