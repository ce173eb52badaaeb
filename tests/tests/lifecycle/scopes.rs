//! What is the same for several calls, and what is not.

use crate::GET;
use std::ptr;
use std::sync::Arc;
use transom::{App, Error, HttpScope, Receiver, Scope, Sender, ServerInfo, SpecVersion};
use transom_tests::{Running, Told, quiet, respond, telling};

/// Gives its test the scope of each call.
fn app() -> (impl App, Told<Scope>) {
    let (tell, told) = telling();
    let app = move |scope: Scope, _: Receiver, mut send: Sender| {
        let tell = tell.clone();
        async move {
            let is_http = matches!(scope, Scope::Http(_));
            tell.send(scope).map_err(|_| "nobody wants it")?;
            if is_http { Ok(send.send(respond("ok")).await?) } else { Err(Error::unsupported()) }
        }
    };
    (app, told)
}

fn next(told: &Told<Scope>) -> HttpScope {
    let Scope::Http(scope) = told.next() else { panic!("a scope of HTTP") };
    scope
}

/// SPEC: SCOPE-5, SCOPE-6, SCOPE-8, CAP-1, VERSION-3
#[test]
fn connections_and_their_server() {
    let (app, told) = app();
    let mut config = quiet();
    config.workers = 2;
    let server = Running::start(app, config);
    let Scope::Lifespan(lifespan) = told.next() else { panic!("the lifespan comes first") };
    let info: &Arc<ServerInfo> = &lifespan.server;
    assert_eq!(info.spec, SpecVersion::CURRENT);
    let mut scopes: Vec<HttpScope> = Vec::new();
    for _ in 0..4 {
        let mut client = server.connect();
        client.send(GET.repeat(2));
        let [first, second] = [next(&told), next(&told)];
        assert!(ptr::eq(first.connection(), second.connection()));
        assert!(scopes.iter().all(|other| other.connection().id != first.connection().id));
        assert!(Arc::ptr_eq(&first.connection().server_info, info));
        assert!(first.connection().tls.is_none());
        assert!(info.capabilities.contains(first.capabilities()));
        scopes.push(first);
    }
}

/// A head that somebody keeps is not written to, and nothing of it is in the next.
/// SPEC: SCOPE-3, STATE-3
#[test]
fn kept_from_one_exchange_to_the_next() {
    let (app, told) = app();
    let server = Running::start(app, quiet());
    let mut client = server.connect();
    assert!(matches!(told.next(), Scope::Lifespan(_)));
    let ask = |client: &mut transom_tests::Client, number: usize| {
        client.send(format!("GET /{number}?{number} HTTP/1.1\r\nhost: a\r\nx-number: {number}\r\n\r\n"));
        assert_eq!(client.response().text(), "ok");
        next(&told)
    };
    let mut kept = Vec::new();
    for number in 0..5 {
        let mut scope = ask(&mut client, number);
        assert_eq!(scope.extensions().get::<usize>(), None, "it was put into another scope");
        scope.extensions_mut().insert(number);
        kept.push(scope);
    }
    for (number, scope) in kept.iter().enumerate() {
        let text = number.to_string();
        assert_eq!(scope.target(), format!("/{number}?{number}").as_bytes());
        assert_eq!(scope.headers().get("x-number"), Some(text.as_bytes()));
        assert_eq!(scope.extensions().get::<usize>(), Some(&number));
    }
}
