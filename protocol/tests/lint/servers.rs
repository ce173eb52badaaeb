//! Servers that break the contract, with an application that keeps it.

use crate::applications::{Ask, GET, POST, SOCKET, UPGRADE, file};
use crate::fake::Fake;
use crate::{Scenario, accept, body, close, respond, start, start_with};
use std::future::poll_fn;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;
use transom::lint::Blame::{Application, Server};
use transom::lint::{Reports, lint};
use transom::{
    Address, BadRequest, Capabilities, Connection, End, Error, Head, HttpScope, Incoming, LifespanScope, Message,
    Outgoing, Receiver, Scope, SendError, Sender, ServerInfo, State, Violation, memory,
};

/// What an application does: each without waiting, whatever comes of the one before.
#[derive(Clone)]
enum Step {
    Send(fn() -> Outgoing),
    Recv,
    Ready,
    Flush,
    Closed,
    DropSender,
    /// Returns, and does what is left with its dead handles, on the same thread.
    Return,
}
use Step::{Closed, DropSender, Flush, Ready, Recv, Return, Send};

/// Does one of the steps.
async fn act(step: &Step, receive: &mut Receiver, send: &mut Option<Sender>) {
    poll_fn(|cx| {
        match (step, &mut *send) {
            (Send(event), Some(send)) => drop(send.start_send(event())),
            (Recv, _) => drop(receive.poll_recv(cx)),
            (Ready, Some(send)) => drop(send.poll_ready(cx)),
            (Flush, Some(send)) => drop(send.poll_flush(cx)),
            (Closed, Some(send)) => drop(send.poll_closed(cx)),
            (DropSender, send) => *send = None,
            (Return, _) => unreachable!("it is no act"),
            (_, None) => unreachable!("the sender is gone"),
        }
        Poll::Ready(())
    })
    .await;
}

/// Runs the steps under `fake`.
fn run(ask: Ask, fake: Fake, steps: &[Step], reports: &Reports) {
    let mut parts = steps.split(|step| matches!(step, Return));
    let alive = parts.next().unwrap_or_default().to_vec();
    let dead = parts.next().map(<[Step]>::to_vec);
    let (out, handles) = mpsc::channel();
    let returns = dead.is_some();
    let app = move |_: Scope, mut receive: Receiver, send: Sender| {
        let (alive, out) = (alive.clone(), out.clone());
        async move {
            let mut send = Some(send);
            for step in &alive {
                act(step, &mut receive, &mut send).await;
            }
            out.send((receive, send)).expect("it is received below");
            if returns {
                return Err("as ever".into());
            }
            std::future::pending::<Result<(), Error>>().await
        }
    };
    fake.call(lint(app).collect(reports), ask.scope());
    let (mut receive, mut send) = handles.recv().expect("it was sent");
    for step in dead.unwrap_or_default() {
        transom::run(act(&step, &mut receive, &mut send));
    }
}

const GONE: End = End::Disconnected { code: None };
const MALFORMED: End = End::BadRequest(BadRequest::Malformed);

fn closed() -> End {
    End::Closed { code: 1006, reason: "".into(), clean: false }
}

fn gone() -> Result<(), SendError> {
    Err(SendError::Disconnected(GONE))
}

fn piece(data: &'static str, more: bool) -> Incoming {
    Incoming::Body { data: data.into(), more }
}

fn trailers(fields: &[(&str, &str)]) -> Incoming {
    Incoming::Trailers(fields.iter().copied().collect())
}

fn text() -> Incoming {
    Incoming::Message(Message::Text("hi".into()))
}

fn draining() -> Incoming {
    Incoming::Draining { grace: Duration::ZERO }
}

const EXACT: Ask = Ask::Http(|| memory::http("POST", "/").body("abc"));
const UPGRADE_WITH_BODY: Ask = Ask::Http(|| memory::http("POST", "/").upgrade("raw").body("abc"));
const TUNNEL: Step = Send(|| start_with(101, &[]));
const START: Step = Send(start);
const RESPOND: Step = Send(|| respond(200, &[], ""));
const ACCEPT: Step = Send(accept);
const READY: Step = Send(|| Outgoing::Ready(State::new()));

type Broken = (&'static str, Ask, fn() -> Fake, &'static [Step]);

fn receiving() -> Vec<Broken> {
    vec![
        ("EVENT-1", POST, || Fake::new().gives(text()), &[Recv]),
        ("EVENT-1", SOCKET, || Fake::new().gives(piece("", true)), &[Recv]),
        ("EVENT-1", Ask::Lifespan, || Fake::new().gives(piece("", true)), &[Recv]),
        ("STATE-4", POST, || Fake::new().gives(Incoming::Extension(Box::new(()))), &[Recv]),
        ("HTTP-RECV-2", POST, || Fake::new().gives(piece("a", false)).gives(piece("b", false)), &[Recv, Recv]),
        ("HTTP-RECV-2", POST, || Fake::new().gives(piece("a", false)).ends(End::Timeout), &[Recv, Recv]),
        ("HTTP-RECV-3", GET, || Fake::new().gives(piece("a", false)), &[Recv]),
        ("HTTP-RECV-3", GET, || Fake::new().gives(piece("", false)).gives(piece("", false)), &[Recv, Recv]),
        ("HTTP-RECV-4", EXACT, || Fake::new().gives(piece("abcd", true)), &[Recv]),
        ("HTTP-RECV-4", EXACT, || Fake::new().gives(piece("ab", false)), &[Recv]),
        (
            "HTTP-RECV-5",
            POST,
            || Fake::new().gives(piece("a", false)).closes(Poll::Ready(End::Complete)).keeps_waiting(),
            &[Recv, RESPOND, Closed, Recv],
        ),
        ("HTTP-RECV-10", UPGRADE, || Fake::new().ends(End::Timeout), &[TUNNEL, Recv]),
        ("TUNNEL-6", UPGRADE_WITH_BODY, || Fake::new().gives(piece("abc", false)), &[TUNNEL, Recv]),
        ("TUNNEL-6", UPGRADE, || Fake::new().gives(trailers(&[("a", "b")])), &[TUNNEL, Recv]),
        ("TUNNEL-7", UPGRADE, || Fake::new().gives(piece("a", false)), &[TUNNEL, Recv]),
        ("TRAILERS-3", POST, || Fake::new().gives(trailers(&[("set-cookie", "b")])), &[Recv]),
        ("TRAILERS-3", POST, || Fake::new().gives(trailers(&[])), &[Recv]),
        ("HEADERS-1", POST, || Fake::new().gives(trailers(&[("a b", "c")])), &[Recv]),
        ("HEADERS-2", POST, || Fake::new().gives(trailers(&[("a", " b")])), &[Recv]),
        ("WS-9", SOCKET, || Fake::new().gives(text()), &[Recv]),
        ("WS-10", SOCKET, || Fake::new().gives(Incoming::Message(Message::Ping("".into()))), &[ACCEPT, Recv]),
        ("WS-12", SOCKET, || Fake::new().ends(GONE), &[ACCEPT, Recv]),
        ("WS-12", SOCKET, || Fake::new().closes(Poll::Ready(End::Complete)), &[ACCEPT, Closed]),
        ("WS-13", SOCKET, || Fake::new().ends(closed()), &[Recv]),
        ("WS-13", SOCKET, || Fake::new().ends(closed()), &[Send(close), Recv]),
        ("LIFE-8", Ask::Lifespan, || Fake::new().gives(Incoming::Shutdown), &[READY, Recv]),
        ("LIFE-8", Ask::Lifespan, || Fake::new().gives(draining()).gives(draining()), &[READY, Recv, Recv]),
        ("LIFE-9", Ask::Lifespan, || Fake::new().ends(End::Complete), &[READY, Recv]),
        (
            "LIFE-10",
            Ask::Lifespan,
            || Fake::new().gives(draining()).gives(Incoming::Shutdown).ends(GONE),
            &[READY, Recv, Recv, Recv],
        ),
    ]
}

fn ending() -> Vec<Broken> {
    vec![
        ("END-1", GET, || Fake::new().ends(End::Complete), &[START, Recv]),
        ("END-1", GET, || Fake::new().closes(Poll::Ready(End::Complete)), &[START, Closed]),
        (
            "END-2",
            GET,
            || Fake::new().ends(GONE).answers(Err(SendError::Disconnected(End::ServerShutdown))),
            &[Recv, START],
        ),
        ("END-3", POST, || Fake::new().ends(GONE).gives(piece("a", true)), &[Recv, Recv]),
        ("END-3", POST, || Fake::new().ends(MALFORMED).ends(GONE), &[Recv, Recv]),
        ("END-3", POST, || Fake::new().ends(MALFORMED).keeps_waiting(), &[Recv, Recv]),
        ("RETURN-9", POST, || Fake::new().ends(End::Complete), &[START, DropSender, Recv]),
        ("DISC-1", POST, || Fake::new().answers(gone()), &[START, Recv]),
        ("DISC-1", POST, || Fake::new().answers(gone()), &[START, Flush]),
        ("CLOSED-1", POST, || Fake::new().ends(GONE), &[Recv, Closed]),
        ("CLOSED-2", POST, || Fake::new().ends(MALFORMED).closes(Poll::Ready(MALFORMED)), &[Recv, Closed]),
        (
            "CLOSED-3",
            POST,
            || Fake::new().closes(Poll::Ready(GONE)).closes(Poll::Ready(End::ServerShutdown)),
            &[Closed, Closed],
        ),
        ("CLOSED-3", POST, || Fake::new().ends(GONE).closes(Poll::Ready(End::ServerShutdown)), &[Recv, Closed]),
        (
            "CLOSED-4",
            POST,
            || Fake::new().ends(MALFORMED).flushes(Poll::Ready(Err(SendError::Disconnected(MALFORMED)))),
            &[Recv, START, Flush],
        ),
        (
            "HTTP-RECV-11",
            POST,
            || Fake::new().ends(MALFORMED).answers(Err(SendError::Disconnected(MALFORMED))),
            &[Recv, RESPOND],
        ),
        ("FLUSH-1", GET, || Fake::new().flushes(Poll::Ready(Err(SendError::Finished))), &[START, Flush]),
        (
            "FLUSH-2",
            GET,
            || Fake::new().flushes(Poll::Ready(Ok(()))).flushes(Poll::Ready(gone())),
            &[RESPOND, Flush, Flush],
        ),
        ("FLOW-3", GET, || Fake::new().readies(Poll::Pending), &[RESPOND, Ready]),
        ("FLOW-3", GET, || Fake::new().ends(GONE).readies(Poll::Pending), &[Recv, Ready]),
        ("FLOW-4", GET, || Fake::new().readies(Poll::Ready(Ok(()))).readies(Poll::Pending), &[Ready]),
        ("LIFE-7", Ask::Lifespan, || Fake::new().readies(Poll::Pending), &[Ready]),
        ("LIFE-7", Ask::Lifespan, Fake::new, &[Flush]),
    ]
}

fn answering() -> Vec<Broken> {
    const BAD_FILE: Result<(), SendError> = Err(SendError::Violation(Violation::BadFile));
    vec![
        ("HTTP-SEND-1", GET, || Fake::new().answers(Err(Violation::OutOfOrder.into())), &[START]),
        ("HTTP-SEND-1", GET, || Fake::new().answers(Err(SendError::Finished)), &[START]),
        ("HTTP-SEND-1", GET, || Fake::new().answers(gone()).answers(Ok(())), &[START, START]),
        ("WS-2", SOCKET, || Fake::new().answers(Err(Violation::BadHeader.into())), &[ACCEPT]),
        ("LIFE-6", Ask::Lifespan, || Fake::new().answers(Err(Violation::WrongProtocol.into())), &[READY]),
        ("FILE-1", GET, || Fake::new().answers(Ok(())).answers(BAD_FILE), &[START, Send(|| file("Cargo.toml", 1))]),
        ("FILE-1", GET, Fake::new, &[START, Send(|| file("Cargo.toml", u64::MAX))]),
        ("FILE-1", GET, Fake::new, &[START, Send(|| file("no/such/file", 0))]),
    ]
}

fn dead() -> Vec<Broken> {
    const HALF: Step = Send(|| body("x", true));
    vec![
        ("END-6", POST, || Fake::new().gives(piece("late", true)), &[RESPOND, Return, Recv]),
        ("END-6", POST, || Fake::new().keeps_waiting().ends(GONE), &[RESPOND, Recv, Return, Recv]),
        ("END-6", POST, || Fake::new().closes(Poll::Ready(GONE)), &[RESPOND, Return, Closed]),
        ("END-6", POST, || Fake::new().flushes(Poll::Ready(Ok(()))), &[RESPOND, Return, Flush]),
        ("END-6", POST, || Fake::new().readies(Poll::Pending), &[RESPOND, Return, Ready]),
        ("END-6", POST, Fake::new, &[START, Return, HALF]),
        ("LIFE-16", Ask::Lifespan, || Fake::new().ends(GONE), &[READY, Return, Recv]),
        ("LIFE-16", Ask::Lifespan, || Fake::new().closes(Poll::Ready(GONE)), &[READY, Return, Closed]),
        ("LIFE-16", Ask::Lifespan, Fake::new, &[Return, READY]),
    ]
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    let broken = [receiving(), ending(), answering(), dead()].into_iter().flatten();
    let mut scenarios: Vec<_> = broken
        .map(|(clause, ask, fake, steps)| {
            Scenario::new(clause, &[Server], move |reports| run(ask, fake(), steps, reports))
        })
        .collect();
    scenarios.push(Scenario::new("LIFE-9", &[Server], stops_too_early));
    let changes_its_answer = |reports: &Reports| {
        let fake = Fake::new().answers(Ok(())).answers(gone());
        run(GET, fake, &[RESPOND, RESPOND], reports);
    };
    let answers_beside_the_point = |reports: &Reports| {
        run(GET, Fake::new().answers(Err(Violation::BadStatus.into())), &[Send(|| body("early", true))], reports);
    };
    scenarios.push(Scenario::new("HTTP-SEND-1", &[Application, Server], answers_beside_the_point));
    scenarios.push(Scenario::new("DISC-6", &[Server], changes_its_answer).after(&[("HTTP-SEND-1", Application)]));
    scenarios
}

/// Tells of the shutdown while a call runs.
fn stops_too_early(reports: &Reports) {
    let app = |scope: Scope, mut receive: Receiver, mut send: Sender| async move {
        if let Scope::Lifespan(_) = scope {
            send.send(Outgoing::Ready(State::new())).await?;
        }
        loop {
            receive.recv().await;
        }
    };
    let app = Arc::new(lint(app).collect(reports));
    let server = Arc::new(ServerInfo::new("fake", Capabilities::NONE));
    let scope = LifespanScope::new(Arc::clone(&server));
    let mut lifespan = Fake::new().begin(Arc::clone(&app), Scope::Lifespan(scope));
    let connection = Connection::new(1, Address::Unknown, Address::Unknown, State::new(), server);
    let head = Head { target: b"/".to_vec(), path_len: 1, connection: connection.into(), ..Head::default() };
    let running = Fake::new().begin(app, Scope::Http(HttpScope::new(head.into(), Capabilities::NONE)));
    lifespan.give(draining());
    lifespan.give(Incoming::Shutdown);
    drop(running);
}
