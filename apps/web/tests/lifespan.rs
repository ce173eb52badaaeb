//! Startup and stop: of a router, of what is mounted in it, and of all together.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use transom::lint::lint;
use transom::memory::{self, Verdict};
use transom::{App, End, Error, Incoming, Outgoing, Receiver, Scope, SendError, Sender, Violation};
use transom_web::{Draining, Lifespan, Router, State};

/// What happens, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(", ")
    }
}

/// The part of the state that is called `name`, with its place among all.
#[derive(Clone, Debug, PartialEq)]
struct First(&'static str);
#[derive(Clone, Debug, PartialEq)]
struct Second(&'static str);

/// A router whose life is logged.
fn living(router: Router, log: &Log, name: &'static str, state: transom::State) -> Router {
    let log = log.clone();
    router.lifespan(move |lifespan: Lifespan| {
        let (log, state) = (log.clone(), state.clone());
        async move {
            log.add(format!("{name} starts"));
            let mut running = lifespan.ready(state).await?;
            log.add(format!("{name} is ready"));
            let grace = running.draining().await.expect("the server drains");
            log.add(format!("{name} drains {}", grace.as_secs()));
            running.stopped().await;
            log.add(format!("{name} stops"));
            Ok(())
        }
    })
}

async fn both(State(first): State<First>, State(second): State<Second>) -> String {
    format!("{} {}", first.0, second.0)
}

#[test]
fn all_lives_are_one() {
    let log = Log::default();
    let inner = living(Router::new().get("/both", both), &log, "inner", transom::State::new().with(Second("two")));
    let hosted = living(Router::new(), &log, "hosted", transom::State::new());
    let nested = living(Router::new().get("/both", both), &log, "nested", transom::State::new().with(Second("last")));
    let outer = living(Router::new(), &log, "outer", transom::State::new().with(First("one")));
    let router =
        outer.mount("/inner", lint(inner)).host("api.example", hosted).nest("/nested", nested).mount("/bare", bare);

    let outcome = memory::lifespan().grace(Duration::from_secs(7)).run(lint(router.clone()));
    assert!(outcome.result.is_ok() && outcome.refused.is_empty());
    let all = |what: &str| ["outer", "inner", "hosted", "nested"].map(|name| format!("{name} {what}")).join(", ");
    let starts =
        ["outer", "inner", "hosted", "nested"].map(|name| format!("{name} starts, {name} is ready")).join(", ");
    assert_eq!(log.take(), format!("{starts}, {}, {}", all("drains 7"), all("stops")));

    // What any of them made all of them see; of one type the last.
    let state = outcome.state().unwrap().clone();
    for target in ["/inner/both", "/nested/both"] {
        let outcome = memory::http("GET", target).state(state.clone()).run(lint(router.clone()));
        assert_eq!(outcome.body(), b"one last", "{target}");
    }
}

/// It serves HTTP alone.
async fn bare(scope: Scope, _receive: Receiver, _send: Sender) -> Result<(), Error> {
    let Scope::Http(_) = scope else { return Err(Error::unsupported()) };
    Ok(())
}

#[test]
fn a_router_without_a_life_is_ready_all_the_same() {
    let outcome = memory::lifespan().run(lint(Router::new().mount("/bare", bare)));
    assert!(outcome.result.is_ok() && outcome.state().is_some());
}

#[test]
fn one_that_does_not_start_keeps_the_server_from_starting() {
    let log = Log::default();
    let good = living(Router::new(), &log, "good", transom::State::new());
    async fn bad(_: Lifespan) -> Result<(), Error> {
        Err("no database".into())
    }
    let outcome = memory::lifespan().run(lint(Router::new().mount("/good", good).lifespan(bad)));
    assert_eq!((outcome.verdict, outcome.state().is_none()), (Verdict::Exit, true));
    assert_eq!(outcome.result.unwrap_err().to_string(), "no database");
    assert_eq!(log.take(), "good starts, good is ready");
}

#[test]
fn one_that_fails_later_ends_the_server() {
    async fn fails(lifespan: Lifespan) -> Result<(), Error> {
        lifespan.ready(transom::State::new()).await?.draining().await;
        Err("lost".into())
    }
    let outcome = memory::lifespan().run(lint(Router::new().lifespan(fails)));
    assert!(outcome.state().is_some());
    assert_eq!((outcome.verdict, outcome.result.unwrap_err().to_string()), (Verdict::Exit, "lost".to_owned()));
}

/// One that returns early stays out of what follows, and the others go on.
#[test]
fn one_that_returns_early() {
    let log = Log::default();
    async fn brief(lifespan: Lifespan) -> Result<(), Error> {
        drop(lifespan.ready(transom::State::new().with(First("brief"))).await?);
        Ok(())
    }
    let router = living(Router::new(), &log, "long", transom::State::new()).lifespan(brief);
    let outcome = memory::lifespan().run(lint(router));
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.state().unwrap().get(), Some(&First("brief")));
    assert_eq!(log.take(), "long starts, long is ready, long drains 30, long stops");
}

/// To what it serves a router is a server, down to what it refuses and how it ends.
#[test]
fn a_router_keeps_the_contract_of_the_lifespan() {
    async fn careless(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
        let Scope::Lifespan(_) = scope else { return Err(Error::unsupported()) };
        let wrong = send.send(Outgoing::Body { data: "".into(), more: false }).await;
        assert_eq!(wrong, Err(Violation::WrongProtocol.into()));
        let unknown = send.send(Outgoing::Extension(Box::new(()))).await;
        assert!(matches!(unknown, Err(SendError::Unsupported(_))));
        send.send(Outgoing::Ready(transom::State::new())).await?;
        let again = send.send(Outgoing::Ready(transom::State::new())).await;
        assert_eq!(again, Err(Violation::OutOfOrder.into()));
        // It goes on until it is over, and not only until it is told to stop.
        while !matches!(receive.recv().await, Incoming::End(End::Complete)) {}
        assert_eq!(send.closed().await, End::Complete);
        KEPT.lock().unwrap().replace((receive, send));
        Ok(())
    }
    static KEPT: Mutex<Option<(Receiver, Sender)>> = Mutex::new(None);
    let outcome = memory::lifespan().run(Router::new().mount("/", careless));
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    let (mut receive, mut send) = KEPT.lock().unwrap().take().unwrap();
    assert!(matches!(receive.recv_blocking(), Incoming::End(End::Complete)));
    assert_eq!(send.send_blocking(Outgoing::Ready(transom::State::new())), Err(SendError::Finished));
}

#[test]
fn handlers_know_that_the_server_drains() {
    async fn wait(mut draining: Draining) -> String {
        let before = draining.has_begun();
        draining.begun().await;
        // Again, too.
        draining.begun().await;
        format!("{before} {}", draining.has_begun())
    }
    let router = Router::new().mount("/in", Router::new().get("/wait", wait));
    let mut life = memory::lifespan().unfinished().start(router.clone());
    while life.is_woken() {
        let _ = life.poll();
    }
    let Some(Outgoing::Ready(state)) = life.events().first() else { panic!("not ready") };
    // The routers inside have one of their own, which begins as well.
    let script = memory::http("GET", "/in/wait").state(state.clone());
    let mut call = script.start(lint(router));
    while call.is_woken() {
        assert!(call.poll().is_pending());
    }
    life.push(Incoming::Draining { grace: Duration::ZERO });
    let _ = life.poll();
    assert_eq!(call.run().body(), b"false true");
}

#[test]
fn without_a_lifespan_nothing_drains() {
    async fn ask(draining: Draining) -> String {
        draining.has_begun().to_string()
    }
    let outcome = memory::http("GET", "/").run(lint(Router::new().get("/", ask)));
    assert_eq!(outcome.body(), b"false");
}

#[test]
fn the_kit_finds_nothing() {
    let log = Log::default();
    let inner = living(Router::new(), &log, "inner", transom::State::new());
    let outer = living(Router::new(), &log, "outer", transom::State::new());
    fn is_an_app(_: &impl App) {}
    let router = outer.mount("/inner", lint(inner)).mount("/bare", bare);
    is_an_app(&router);
    let requests = [transom_conformance::Request::lifespan()];
    transom_conformance::application(router).requests(requests).cases(20).run().assert_ok();
}
