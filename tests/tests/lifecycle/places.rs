//! How many connections and calls there may be at a time.

use crate::{GET, Gate};
use transom::Sender;
use transom_server::{Config, Runtime};
use transom_tests::{Closed, Running, Watched, http, quiet, respond, telling};

fn app(gate: &Gate) -> (impl transom::App, transom_tests::Told<Watched>) {
    let (tell, told) = telling();
    let gate = gate.clone();
    let app = http(move |_, _, mut send: Sender| {
        let (tell, gate) = (tell.clone(), gate.clone());
        async move {
            tell.send(Watched::current())?;
            gate.pass().await;
            Ok(send.send(respond("ok")).await?)
        }
    });
    (app, told)
}

#[test]
fn calls() {
    let mut config = quiet();
    config.limits.in_flight = Some(1);
    let gate = Gate::new();
    let (app, told) = app(&gate);
    let server = Running::start(app, config);
    let mut first = server.connect();
    first.send(GET);
    told.next();

    let busy = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 1\r\n\
                content-length: 20\r\n\r\nService Unavailable\n";
    let mut second = server.connect();
    for _ in 0..2 {
        second.send(GET);
        second.expect(busy.as_bytes()).unwrap();
    }
    // A body is thrown away, unless it may never come.
    second.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello");
    second.expect(busy.as_bytes()).unwrap();
    let mut third = server.connect();
    third.send("POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n");
    let response = third.response();
    assert_eq!((response.status, response.closes()), (503, true));
    assert_eq!(third.rest(), (vec![], Closed::Orderly));

    gate.open();
    assert_eq!(first.response().text(), "ok");
    gate.open();
    // The first call gives its place back when it has returned, which is before its connection answers again.
    first.send("GET");
    first.send(&GET[3..]);
    assert_eq!(first.response().text(), "ok");
    gate.open();
    second.send(GET);
    assert_eq!(second.response().text(), "ok");
}

#[test]
fn connections() {
    for runtime in [Runtime::PerCore, Runtime::WorkStealing] {
        let mut config: Config = quiet();
        config.limits.connections = Some(1);
        config.runtime = runtime;
        let gate = Gate::new();
        let (app, told) = app(&gate);
        let server = Running::start(app, config);
        let mut first = server.connect();
        first.send(GET);
        let thread = told.next();
        // It is connected, for the backlog takes it, and is not served.
        let mut second = server.connect();
        second.send(GET);
        assert!(thread.comes_to_rest());
        assert!(told.rest().is_empty());

        gate.open();
        assert_eq!(first.response().text(), "ok");
        first.send(GET);
        told.next();
        assert!(told.rest().is_empty());
        gate.open();
        assert_eq!(first.response().text(), "ok");

        drop(first);
        told.next();
        gate.open();
        assert_eq!(second.response().text(), "ok");
    }
}
