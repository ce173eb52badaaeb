//! Layers that break the contract, between two lints.

use crate::applications::{Ask, GET, POST, sends};
use crate::{Scenario, body, respond, start, start_with};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use transom::lint::Blame::{Application, Layer};
use transom::lint::{Lint, Reports, lint};
use transom::{
    Address, App, Capabilities, Connection, End, Error, Head, HttpScope, Incoming, Manifest, Outgoing, Receiver, Scope,
    SendError, Sender, Sink, State, Violation, cancel_on_disconnect, memory,
};

type Parts = (Scope, Receiver, Sender);

/// A layer that changes what the call gets. It passes on the manifest.
struct Changing<A, F> {
    inner: A,
    change: F,
}

impl<A: App, F: Fn(Parts) -> Parts + Send + Sync + 'static> App for Changing<A, F> {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let (scope, receive, send) = (self.change)((scope, receive, send));
        self.inner.call(scope, receive, send).await
    }

    fn manifest(&self) -> Manifest {
        self.inner.manifest()
    }
}

/// `app`, between two lints, the outer one around the layer.
fn between(
    app: impl App,
    change: impl Fn(Parts) -> Parts + Send + Sync + 'static,
    reports: &Reports,
) -> Lint<impl App> {
    lint(Changing { inner: lint(app).collect(reports), change }).collect(reports)
}

fn changing(
    ask: Ask,
    app: impl Fn() -> Vec<Outgoing> + 'static,
    change: fn(Parts) -> Parts,
) -> impl Fn(&Reports) + 'static {
    move |reports| ask.run(between(sends(app()), change, reports))
}

/// Reads to the end, and on.
async fn reads(_: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    for _ in 0..3 {
        receive.recv().await;
    }
    Ok(send.send(respond(200, &[], "")).await?)
}

fn reading(change: fn(Parts) -> Parts) -> impl Fn(&Reports) + 'static {
    move |reports| {
        memory::http("POST", "/").chunks(["a"]).truncate().run(between(reads, change, reports));
    }
}

/// Answers in place of what it is around.
struct Answering {
    inner: Sender,
    answer: fn(Result<(), SendError>) -> Result<(), SendError>,
}

impl Sink for Answering {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.inner.poll_ready(cx)
    }
    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        (self.answer)(self.inner.start_send(event))
    }
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.inner.poll_flush(cx)
    }
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        self.inner.poll_closed(cx)
    }
}

fn answering((scope, receive, send): Parts, answer: fn(Result<(), SendError>) -> Result<(), SendError>) -> Parts {
    (scope, receive, Sender::layer(Answering { inner: send, answer }))
}

/// A scope with a capability that the one before lacked.
fn adding((scope, receive, send): Parts) -> Parts {
    let server = Arc::clone(scope.server());
    let Scope::Http(before) = scope else { return (scope, receive, send) };
    let connection = Connection::new(1, Address::Unknown, Address::Unknown, State::new(), server);
    let head = Head { target: b"/".to_vec(), path_len: 1, connection: connection.into(), ..Head::default() };
    let mut after = HttpScope::new(head.into(), before.capabilities() | Capabilities::FILE);
    *after.extensions_mut() = before.extensions().clone();
    (Scope::Http(after), receive, send)
}

fn masking((scope, receive, send): Parts) -> Parts {
    let Scope::Http(mut scope) = scope else { return (scope, receive, send) };
    scope.mask(Capabilities::TRAILERS);
    (Scope::Http(scope), receive, send)
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    let without_file = Ask::Http(|| memory::http("GET", "/").capabilities(Capabilities::NONE));
    let announced = || vec![start_with(200, &[("content-length", "2")]), body("ab", true)];
    vec![
        Scenario::new(
            "LAYER-2",
            &[Layer],
            reading(|(scope, receive, send)| {
                let receive = receive.map(|event| match event {
                    Incoming::End(_) => Incoming::End(End::Timeout),
                    event => event,
                });
                (scope, receive, send)
            }),
        ),
        Scenario::new(
            "LAYER-2",
            &[Layer],
            reading(|(scope, receive, send)| {
                let mut ends = 0;
                let receive = receive.map(move |event| {
                    ends += usize::from(matches!(event, Incoming::End(_)));
                    if ends == 2 { Incoming::Body { data: "more".into(), more: true } } else { event }
                });
                (scope, receive, send)
            }),
        ),
        Scenario::new("LAYER-3", &[Layer], |reports| {
            let app = |_: Scope, _receive: Receiver, mut send: Sender| async move {
                let _ = send.send(start()).await;
                Err("the peer left".into())
            };
            let change = |parts| answering(parts, |_| Ok(()));
            memory::http("GET", "/").hang_up_at(1).run(between(app, change, reports));
        }),
        Scenario::new(
            "LAYER-3",
            &[Layer],
            changing(
                GET,
                || vec![start(), start()],
                |parts| answering(parts, |answer| answer.map_err(|_| Violation::BadStatus.into())),
            ),
        )
        .after(&[("HTTP-SEND-1", Application)]),
        Scenario::new(
            "LAYER-4",
            &[Layer],
            changing(GET, || vec![start(), Outgoing::Trailers([("x", "y")].into_iter().collect())], masking),
        )
        .after(&[("CAP-3", Application)]),
        Scenario::new("LAYER-5", &[Layer], |reports| {
            struct Wanting;
            impl App for Wanting {
                async fn call(&self, _: Scope, _: Receiver, mut send: Sender) -> Result<(), Error> {
                    Ok(send.send(respond(200, &[], "")).await?)
                }
                fn manifest(&self) -> Manifest {
                    Manifest::default().wanting(Capabilities::FILE)
                }
            }
            let inner = Arc::new(lint(Wanting).collect(reports));
            let forgets = move |scope: Scope, receive: Receiver, send: Sender| {
                let inner = Arc::clone(&inner);
                async move { inner.call(scope, receive, send).await }
            };
            GET.run(lint(forgets).collect(reports));
        }),
        Scenario::new(
            "LAYER-7",
            &[Layer],
            changing(GET, announced, |(scope, receive, send)| {
                let send = send.map(|event| match event {
                    Outgoing::Body { more, .. } => Some(Outgoing::Body { data: "longer".into(), more }),
                    event => Some(event),
                });
                (scope, receive, send)
            }),
        ),
        Scenario::new("CAP-4", &[Layer], changing(without_file, || vec![respond(200, &[], "")], adding)),
        // What comes wrong on one side alone is the layer's, whatever the clause.
        Scenario::new(
            "HTTP-SEND-1",
            &[Layer],
            changing(
                GET,
                || vec![start()],
                |(scope, receive, send)| {
                    let send = send.map(|event| match event {
                        Outgoing::Start { .. } => Some(body("early", true)),
                        event => Some(event),
                    });
                    (scope, receive, send)
                },
            ),
        ),
        Scenario::new("HTTP-RECV-2", &[Layer], |reports| {
            let change = |(scope, receive, send): Parts| {
                let mut is_over = false;
                let receive = receive.map(move |event| {
                    is_over = is_over || matches!(event, Incoming::Body { more: false, .. });
                    if is_over { Incoming::Body { data: "".into(), more: false } } else { event }
                });
                (scope, receive, send)
            };
            let app = |_: Scope, mut receive: Receiver, mut send: Sender| async move {
                receive.recv().await;
                receive.recv().await;
                send.send(respond(200, &[], "")).await?;
                receive.recv().await;
                Ok(())
            };
            POST.run(between(app, change, reports));
        }),
    ]
}

/// SPEC: CAP-4, LAYER-1, LAYER-2, LAYER-3, LAYER-8
#[test]
fn a_layer_that_passes_everything_on_is_blamed_for_nothing() {
    let reports = Reports::new();
    let app = || {
        let inner = lint(reads).collect(&reports);
        lint(cancel_on_disconnect(lint(cancel_on_disconnect(inner)).collect(&reports))).collect(&reports)
    };
    memory::http("POST", "/").chunks(["a", "b"]).run(app());
    memory::http("POST", "/").truncate().run(app());
    for poll in 1..8 {
        memory::http("POST", "/").chunks(["a", "b"]).trickle().high_water(1).hang_up_at(poll).run(app());
    }
    let ready = || vec![Outgoing::Ready(State::new())];
    memory::lifespan().run(between(sends(ready()), |parts| parts, &reports));
    let events = || vec![start(), body("x", true), body("", false)];
    POST.run(between(sends(events()), masking, &reports));
    assert!(reports.is_empty(), "{:#?}", reports.take());
}

/// What an inner call left behind lives as long as the layer that called it.
#[test]
fn a_layer_may_go_on() {
    let reports = Reports::new();
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let leaves = move |_: Scope, receive: Receiver, send: Sender| {
        *keep.lock().unwrap() = Some((receive, send));
        async { Err("nothing was done".into()) }
    };
    let inner = Arc::new(lint(leaves).collect(&reports));
    let layer = move |scope: Scope, receive: Receiver, send: Sender| {
        let (inner, kept) = (Arc::clone(&inner), Arc::clone(&kept));
        async move {
            inner.call(scope, receive, send).await.unwrap_err();
            let (mut receive, mut send) = kept.lock().unwrap().take().expect("the application left them");
            assert!(matches!(receive.recv().await, Incoming::Body { .. }));
            Ok(send.send(respond(200, &[], "")).await?)
        }
    };
    assert!(memory::http("POST", "/").chunks(["a"]).run(lint(layer).collect(&reports)).is_complete());
    assert!(reports.is_empty(), "{:#?}", reports.take());
}

#[test]
fn the_one_who_did_it_is_blamed_once() {
    use crate::fake::Fake;
    use transom::lint::Blame::Server;
    let blames = |run: &dyn Fn(&Reports)| {
        let reports = Reports::new();
        run(&reports);
        reports.take().iter().map(|report| (report.clause.id, report.blame)).collect::<Vec<_>>()
    };
    let early = blames(&|reports| GET.run(between(sends(vec![body("early", true)]), |parts| parts, reports)));
    assert_eq!(early, [("HTTP-SEND-1", Application)]);
    let refused = blames(&|reports| {
        let fake = Fake::new().answers(Err(Violation::BadHeader.into()));
        fake.call(between(sends(vec![start()]), |parts| parts, reports), GET.scope());
    });
    assert_eq!(refused, [("HTTP-SEND-1", Server)]);
    let unsticky = blames(&|reports| {
        let fake = Fake::new().ends(End::Timeout).ends(End::ServerShutdown).ends(End::Timeout);
        fake.call(between(reads, |parts| parts, reports), POST.scope());
    });
    assert_eq!(unsticky, [("END-3", Server)]);
}
