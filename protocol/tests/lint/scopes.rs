//! Servers whose scopes, or whose calls, are not what they are to be.

use crate::Scenario;
use crate::applications::{Ask, GET, POST, SOCKET, sends};
use crate::fake::Fake;
use std::sync::Arc;
use transom::lint::Blame::Server;
use transom::lint::{Reports, lint};
use transom::{
    Address, App, BodyHint, Capabilities, Connection, Error, Head, Headers, HttpScope, HttpVersion, LifespanScope,
    Manifest, Method, Outgoing, Receiver, Scope, Sender, ServerInfo, State, WebSocketScope,
};

const WITHOUT: Capabilities = Capabilities::NONE;

/// Answers, with what is asked for.
struct Asking(Manifest);

impl App for Asking {
    async fn call(&self, scope: Scope, _: Receiver, mut send: Sender) -> Result<(), Error> {
        Ok(send.send(answer(&scope)).await?)
    }

    fn manifest(&self) -> Manifest {
        self.0
    }
}

fn answer(scope: &Scope) -> Outgoing {
    match scope {
        Scope::Lifespan(_) => Outgoing::Ready(State::new().with("started")),
        Scope::WebSocket(_) => crate::accept(),
        _ => crate::respond(200, &[], ""),
    }
}

fn answering() -> Asking {
    Asking(Manifest::default())
}

fn head() -> Head {
    Head { target: b"/".to_vec(), path_len: 1, ..Head::default() }
}

fn http(head: Head, capabilities: Capabilities) -> Scope {
    Scope::Http(HttpScope::new(head.into(), capabilities))
}

fn target(method: &str, target: &str, path_len: u32) -> Scope {
    http(Head { method: method.into(), target: target.into(), path_len, ..head() }, WITHOUT)
}

fn fields(fields: &[(&str, &str)]) -> Headers {
    fields.iter().copied().collect()
}

/// A connection of `server`.
fn connection(server: &Arc<ServerInfo>, id: u64, state: State) -> Arc<Connection> {
    Arc::new(Connection::new(id, Address::Unknown, Address::Unknown, state, Arc::clone(server)))
}

fn on(connection: &Arc<Connection>) -> Scope {
    http(Head { connection: Arc::clone(connection), ..head() }, WITHOUT)
}

fn lifespan(server: &Arc<ServerInfo>) -> Scope {
    Scope::Lifespan(LifespanScope::new(Arc::clone(server)))
}

type Wrong = (&'static str, fn() -> Scope);

/// A scope alone is wrong.
fn wrong() -> Vec<Wrong> {
    vec![
        ("CAP-1", || http(head(), Capabilities::FILE)),
        ("CAP-2", || {
            let server = Arc::new(ServerInfo::new("fake", Capabilities::TRAILERS));
            let connection = connection(&server, 1, State::new());
            http(Head { version: HttpVersion::Http10, connection, ..head() }, Capabilities::TRAILERS)
        }),
        ("PATH-1", || target("GET", "http://a/", 9)),
        ("PATH-1", || target("GET", "*", 1)),
        ("PATH-1", || target("CONNECT", "/", 1)),
        ("PATH-2", || target("GET", "/a?b", 4)),
        ("PATH-2", || target("GET", "/a?b", 1)),
        ("PATH-3", || target("GET", "?b", 0)),
        ("PATH-3", || target("GET", "", 0)),
        ("SCOPE-10", || http(Head { body: BodyHint::Exact(0), ..head() }, WITHOUT)),
        ("SCOPE-10", || http(Head { headers: fields(&[("content-length", "3")]), ..head() }, WITHOUT)),
        ("SCOPE-11", || {
            let headers = fields(&[("connection", "upgrade"), ("upgrade", "raw, websocket")]);
            http(Head { headers, protocol: Some("raw".into()), ..head() }, WITHOUT)
        }),
        ("SCOPE-11", || {
            http(Head { headers: fields(&[("connection", "upgrade"), ("upgrade", "raw")]), ..head() }, WITHOUT)
        }),
        ("SCOPE-11", || {
            http(Head { headers: fields(&[("upgrade", "raw")]), protocol: Some("raw".into()), ..head() }, WITHOUT)
        }),
        ("HEADERS-1", || http(Head { headers: fields(&[("a b", "c")]), ..head() }, WITHOUT)),
        ("HEADERS-2", || http(Head { headers: fields(&[("a", "b ")]), ..head() }, WITHOUT)),
        ("HEADERS-2", || http(Head { headers: fields(&[("a", "b\0")]), ..head() }, WITHOUT)),
        ("WS-1", || Scope::WebSocket(WebSocketScope::new(HttpScope::new(head().into(), WITHOUT)))),
        ("WS-1", || {
            let Scope::WebSocket(scope) = SOCKET.scope() else { unreachable!("it is that of a WebSocket") };
            let mut headers = scope.http().headers().clone();
            headers.set("sec-websocket-version", b"12");
            let head = Head { headers, method: Method::Get, protocol: Some("websocket".into()), ..head() };
            Scope::WebSocket(WebSocketScope::new(HttpScope::new(head.into(), WITHOUT)))
        }),
    ]
}

/// Receives, for ever.
async fn waits(_: Scope, mut receive: Receiver, _send: Sender) -> Result<(), Error> {
    receive.recv().await;
    std::future::pending().await
}

type Calls = (&'static str, fn(&Reports));

/// No scope is wrong alone.
fn wrong_together() -> Vec<Calls> {
    fn two(reports: &Reports, scopes: impl FnOnce(&Arc<ServerInfo>) -> [Scope; 2]) {
        let app = Arc::new(lint(answering()).collect(reports));
        let server = Arc::new(ServerInfo::new("fake", Capabilities::NONE));
        for scope in scopes(&server) {
            Fake::new().call(Arc::clone(&app), scope);
        }
    }
    vec![
        ("SCOPE-5", |reports| {
            let app = Arc::new(lint(answering()).collect(reports));
            let server = Arc::new(ServerInfo::new("fake", Capabilities::NONE));
            for _ in 0..2 {
                Fake::new().call(Arc::clone(&app), on(&connection(&server, 1, State::new())));
            }
        }),
        ("SCOPE-6", |reports| {
            let app = Arc::new(lint(answering()).collect(reports));
            let server = Arc::new(ServerInfo::new("fake", Capabilities::NONE));
            let connections = [(); 2].map(|()| connection(&server, 1, State::new()));
            for connection in &connections {
                Fake::new().call(Arc::clone(&app), on(connection));
            }
        }),
        ("STATE-1", |reports| {
            two(reports, |server| [lifespan(server), on(&connection(server, 1, State::new().with("another")))]);
        }),
        ("LIFE-1", |reports| two(reports, |server| [lifespan(server), lifespan(server)])),
        ("LIFE-1", |reports| {
            two(reports, |server| [on(&connection(server, 1, State::new())), lifespan(server)]);
        }),
        ("LIFE-2", |reports| {
            let app = Arc::new(lint(waits).collect(reports));
            let server = Arc::new(ServerInfo::new("fake", Capabilities::NONE));
            let _starting = Fake::new().begin(Arc::clone(&app), lifespan(&server));
            Fake::new().call(app, on(&connection(&server, 1, State::new())));
        }),
        ("END-7", |reports| {
            let app = Arc::new(lint(waits).collect(reports));
            let server = Arc::new(ServerInfo::new("fake", Capabilities::NONE));
            let connection = connection(&server, 1, State::new());
            let _before = Fake::new().begin(Arc::clone(&app), on(&connection));
            Fake::new().call(app, on(&connection));
        }),
        ("APP-10", |reports| {
            let app = Asking(Manifest::default().requiring(Capabilities::FILE));
            Fake::new().call(lint(app).collect(reports), http(head(), WITHOUT));
        }),
    ]
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    let alone = wrong().into_iter().map(|(clause, scope)| {
        Scenario::new(clause, &[Server], move |reports| {
            Fake::new().call(lint(sends(Vec::new())).collect(reports), scope());
        })
    });
    let together = wrong_together().into_iter().map(|(clause, calls)| Scenario::new(clause, &[Server], calls));
    alone.chain(together).collect()
}

#[test]
fn calls_in_order_are_right() {
    let reports = Reports::new();
    let state = State::new().with("started");
    let starts = state.clone();
    let app = move |scope: Scope, _: Receiver, mut send: Sender| {
        let event = if let Scope::Lifespan(_) = scope { Outgoing::Ready(starts.clone()) } else { answer(&scope) };
        async move { Ok(send.send(event).await?) }
    };
    let app = Arc::new(lint(app).collect(&reports));
    let server = Arc::new(ServerInfo::new("fake", Capabilities::NONE));
    Fake::new().call(Arc::clone(&app), lifespan(&server));
    // A layer may have added to the state.
    let [first, second] = [1, 2].map(|id| connection(&server, id, state.clone().with(id)));
    for connection in [&first, &second, &first] {
        Fake::new().call(Arc::clone(&app), on(connection));
    }
    // Another server has a lifespan, and numbers, of its own.
    let other = Arc::new(ServerInfo::new("other", Capabilities::NONE));
    Fake::new().call(Arc::clone(&app), lifespan(&other));
    Fake::new().call(app, on(&connection(&other, 1, state)));
    assert!(reports.is_empty(), "{:#?}", reports.take());
}

#[test]
fn a_call_that_was_dropped_does_not_run() {
    let reports = Reports::new();
    let app = Arc::new(lint(waits).collect(&reports));
    let connection = connection(&Arc::new(ServerInfo::new("fake", Capabilities::NONE)), 1, State::new());
    for _ in 0..2 {
        Fake::new().call(Arc::clone(&app), on(&connection));
    }
    assert!(reports.is_empty(), "{:#?}", reports.take());
}

#[test]
fn the_scopes_of_the_memory_exchange_are_right() {
    let reports = Reports::new();
    for ask in [GET, POST, SOCKET, Ask::Lifespan] {
        Fake::new().call(lint(sends(Vec::new())).collect(&reports), ask.scope());
    }
    assert!(reports.is_empty(), "{:#?}", reports.take());
}
