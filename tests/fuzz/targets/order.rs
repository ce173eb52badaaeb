//! The order of events: no sequence makes the tables panic, a refused event changes nothing, and an exchange in memory
//! decides as they do.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use std::fmt::Debug;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use transom::memory::{self, Call, Verdict};
use transom::order::{HttpRules, HttpSend, LifespanSend, Returned, WebSocketReturned, WebSocketSend};
use transom::{End, Error, Outgoing, Receiver, Scope, SendError, Sender, Utf8, Violation};
use transom_fuzz::{Event, Range, SUBPROTOCOLS, capabilities};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    protocol: Protocol,
    capabilities: u8,
    steps: Vec<Step<'a>>,
    result: Return,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Protocol {
    Get,
    Head,
    Connect,
    Upgrade,
    WebSocket,
    Lifespan,
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Send(Event<'a>),
    /// The exchange is over.
    Lost(bool),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Return {
    Good,
    Unsupported,
    Failed,
}

fuzz_target!(|input: Input<'_>| {
    let Input { protocol, capabilities: bits, steps, result } = input;
    // The events and what is to become of them are made where the application sends them.
    let script: Vec<_> = steps.iter().map(|step| (step_of(step), is_bad_file(step))).collect();
    let plan = Arc::new(Mutex::new(Some((script, result))));
    let (lost, seen) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(Seen::default())));
    let app = {
        let (plan, lost, seen) = (Arc::clone(&plan), Arc::clone(&lost), Arc::clone(&seen));
        move |scope: Scope, _receive: Receiver, mut send: Sender| {
            let (plan, lost, seen) = (Arc::clone(&plan), Arc::clone(&lost), Arc::clone(&seen));
            async move {
                let (script, result) = plan.lock().unwrap().take().expect("one call");
                let mut table = Table::new(&scope);
                for (step, bad_file) in script {
                    match step {
                        Ok(event) => {
                            let expected = table.accept(&event, bad_file);
                            let got = send.send(event).await;
                            assert_eq!(got, expected);
                            let mut seen = seen.lock().unwrap();
                            match got {
                                Ok(()) => seen.accepted += 1,
                                Err(refusal) => seen.refused.push(refusal),
                            }
                        }
                        Err(end) => {
                            *lost.lock().unwrap() = Some(end.clone());
                            yield_now().await;
                            table.lost(end);
                        }
                    }
                }
                let result = match result {
                    Return::Good => Ok(()),
                    Return::Unsupported => Err(Error::unsupported()),
                    Return::Failed => Err("failed".into()),
                };
                seen.lock().unwrap().verdict = Some(table.returned(result.as_ref().copied()));
                result
            }
        }
    };
    let mut call = start(protocol, bits, app);
    while call.poll().is_pending() {
        if let Some(end) = lost.lock().unwrap().take() {
            call.end(end);
        }
    }
    let outcome = call.run();
    let seen = seen.lock().unwrap();
    assert_eq!(outcome.events.len(), seen.accepted);
    assert!(outcome.refused.iter().map(|(_, refusal)| refusal).eq(&seen.refused));
    assert_eq!(Some(outcome.verdict), seen.verdict);
});

#[derive(Default)]
struct Seen {
    accepted: usize,
    refused: Vec<SendError>,
    verdict: Option<Verdict>,
}

fn step_of(step: &Step<'_>) -> Result<Outgoing, End> {
    match step {
        Step::Send(event) => Ok(event.outgoing()),
        Step::Lost(true) => Err(End::ServerShutdown),
        Step::Lost(false) => Err(End::Disconnected { code: None }),
    }
}

fn is_bad_file(step: &Step<'_>) -> bool {
    matches!(step, Step::Send(Event::File { range: Range::Outside { .. } | Range::Nowhere, .. }))
}

fn start(protocol: Protocol, bits: u8, app: impl transom::App) -> Call {
    let capabilities = capabilities(bits);
    let http = |method| memory::http(method, "/").capabilities(capabilities).high_water(u64::MAX);
    match protocol {
        Protocol::Get => http("GET").start(app),
        Protocol::Head => http("HEAD").start(app),
        Protocol::Connect => http("CONNECT").start(app),
        Protocol::Upgrade => http("GET").upgrade("foo").start(app),
        Protocol::WebSocket => {
            let script = memory::websocket("/").subprotocols(SUBPROTOCOLS[..2].iter().copied());
            script.capabilities(capabilities).high_water(u64::MAX).start(app)
        }
        Protocol::Lifespan => memory::lifespan().start(app),
    }
}

/// Lets the other side of the exchange go on.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The tables, asked by themselves.
enum Table {
    Http(HttpSend),
    /// And the code of the application's close, and whether it is over.
    WebSocket(WebSocketSend, Option<u16>, bool),
    Lifespan(LifespanSend, Option<End>),
}

impl Table {
    fn new(scope: &Scope) -> Self {
        match scope {
            Scope::Http(scope) => Self::Http(HttpSend::new(HttpRules::of(scope))),
            Scope::WebSocket(scope) => Self::WebSocket(WebSocketSend::new(scope), None, false),
            _ => Self::Lifespan(LifespanSend::new(), None),
        }
    }

    fn accept(&mut self, event: &Outgoing, bad_file: bool) -> Result<(), SendError> {
        match self {
            Self::Http(send) => {
                let over = send.is_over();
                let result = decide(send, event, bad_file, HttpSend::accept);
                assert!(!over || matches!(result, Err(SendError::Finished | SendError::Disconnected(_))));
                assert!(u8::from(send.is_idle()) + u8::from(send.is_tunnel()) + u8::from(send.is_over()) <= 1);
                result
            }
            Self::WebSocket(send, closing, _) => {
                let (over, connecting) = (send.is_over(), send.is_connecting());
                let result = decide(send, event, bad_file, WebSocketSend::accept);
                assert!(!over || matches!(result, Err(SendError::Finished | SendError::Disconnected(_))));
                assert!(connecting || !send.is_connecting(), "a decision is for ever");
                if let (Outgoing::Close { code, .. }, Ok(()), false) = (event, &result, send.is_denied()) {
                    *closing = Some(*code);
                }
                result
            }
            Self::Lifespan(_, Some(end)) => Err(SendError::Disconnected(end.clone())),
            Self::Lifespan(send, None) => decide(send, event, bad_file, LifespanSend::accept),
        }
    }

    fn lost(&mut self, end: End) {
        match self {
            Self::Http(send) => send.lost(end),
            // A server may tell the table a later reason, but this one knows the first and no other.
            Self::WebSocket(_, _, true) => {}
            Self::WebSocket(send, closing, over) => {
                // The peer answered a close before it left.
                let answered = closing.map(|code| End::Closed { code, reason: Utf8::default(), clean: true });
                send.lost(answered.unwrap_or(end));
                *over = true;
                assert!(send.is_over());
            }
            Self::Lifespan(_, lost) => {
                lost.get_or_insert(end);
            }
        }
    }

    fn returned(&self, result: Result<(), &Error>) -> Verdict {
        let returned = match self {
            Self::Http(send) => send.returned(result),
            Self::WebSocket(send, ..) => match send.returned(result) {
                WebSocketReturned::Handshake(returned) => returned,
                WebSocketReturned::Close(code) => return Verdict::Close(code),
                WebSocketReturned::Nothing => Returned::Nothing,
            },
            Self::Lifespan(send, _) => match result {
                Ok(()) => Returned::Nothing,
                Err(error) if error.is_unsupported() && !send.is_ready() => Returned::Nothing,
                Err(_) => return Verdict::Exit,
            },
        };
        match returned {
            Returned::Nothing => Verdict::Nothing,
            Returned::Respond(status) => Verdict::Respond(status),
            Returned::Abort => Verdict::Abort,
        }
    }
}

/// What a server does with an event: legal first, readable second, and a refusal changes nothing.
fn decide<T: Clone + Debug>(
    table: &mut T,
    event: &Outgoing,
    bad_file: bool,
    accept: impl Fn(&mut T, &Outgoing) -> Result<(), SendError>,
) -> Result<(), SendError> {
    let mut next = table.clone();
    let before = format!("{next:?}");
    match accept(&mut next, event) {
        Ok(()) if bad_file => Err(Violation::BadFile.into()),
        Ok(()) => {
            *table = next;
            Ok(())
        }
        Err(refusal) => {
            assert_eq!(format!("{next:?}"), before, "a refusal changed the state");
            Err(refusal)
        }
    }
}
