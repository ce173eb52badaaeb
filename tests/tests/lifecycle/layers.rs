//! What the contract's crate puts around an application, on the threads of a real server.

use crate::{GET, Gate};
use std::sync::mpsc;
use transom::{Blocking, Error, Incoming, Receiver, Scope, Sender, cancel_on_disconnect};
use transom_tests::{Closed, Running, http, last, more, quiet, respond, start, telling};

fn blocking(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let Scope::Http(scope) = scope else { return Err(Error::unsupported()) };
    match scope.target() {
        b"/panic" => panic!("as it was asked"),
        b"/nothing" => return Ok(()),
        b"/drop" => {
            drop(send);
            return Err("dropped it".into());
        }
        _ => {}
    }
    send.send_blocking(start())?;
    while let Incoming::Body { data, more: follows } = receive.recv_blocking() {
        send.send_blocking(more(data))?;
        if !follows {
            break;
        }
    }
    Ok(send.send_blocking(last(""))?)
}

/// SPEC: APP-6
#[test]
fn a_function_that_blocks() {
    let mut config = quiet();
    config.blocking_threads = 2;
    let server = Running::start(Blocking::new(blocking), config).careless();
    let mut clients: Vec<_> = (0..6).map(|_| server.connect()).collect();
    for round in 0..3 {
        for client in &mut clients {
            client.send(format!("POST /{round} HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhe"));
        }
        // All of them, before any is waited for: which calls the two threads have, the client does not know.
        for client in &mut clients {
            client.send("llo");
        }
        for client in &mut clients {
            assert_eq!(client.response().text(), "hello");
        }
    }
    for (target, status) in [("/panic", 500), ("/nothing", 500), ("/drop", 500), ("/", 200)] {
        let mut client = server.connect();
        client.send(format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n"));
        assert_eq!(client.response().status, status, "{target}");
    }
}

/// Calls wait for a thread that is free, also when their connection has gone meanwhile.
/// SPEC: APP-8
#[test]
fn more_calls_than_threads() {
    let mut config = quiet();
    config.blocking_threads = 1;
    let (open, opened) = mpsc::channel();
    let (tell, told) = telling();
    let opened = std::sync::Mutex::new(opened);
    let app = Blocking::new(move |scope, _, mut send: Sender| {
        let Scope::Http(_) = scope else { return Err(Error::unsupported()) };
        tell.send("called")?;
        opened.lock().unwrap().recv()?;
        Ok(send.send_blocking(respond("ok"))?)
    });
    let server = Running::start(app, config);
    let (mut first, mut second, mut third) = (server.connect(), server.connect(), server.connect());
    first.send(GET);
    assert_eq!(told.next(), "called");
    second.send(GET);
    third.send(GET);
    second.reset();
    for _ in 0..3 {
        open.send(()).unwrap();
    }
    assert_eq!(first.response().text(), "ok");
    assert_eq!(third.response().text(), "ok");
}

struct OnDrop(mpsc::Sender<&'static str>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

#[test]
fn a_call_that_is_dropped_with_its_peer() {
    let gate = Gate::new();
    let (tell, told) = telling();
    let opened = gate.clone();
    let app = http(move |_, _, mut send: Sender| {
        let (tell, gate) = (tell.clone(), opened.clone());
        async move {
            let _told = OnDrop(tell.clone());
            tell.send("called")?;
            gate.pass().await;
            Ok(send.send(respond("ok")).await?)
        }
    });
    let server = Running::start(cancel_on_disconnect(app), quiet());
    let mut client = server.connect();
    client.send(GET);
    assert_eq!(told.next(), "called");
    drop(client);
    assert_eq!(told.next(), "dropped");

    let mut client = server.connect();
    client.send(GET.repeat(2));
    for _ in 0..2 {
        assert_eq!(told.next(), "called");
        gate.open();
        assert_eq!(client.response().text(), "ok");
        assert_eq!(told.next(), "dropped");
    }
    client.send("\r\n\r\n");
    assert_eq!(client.response().status, 400);
    assert_eq!(client.rest(), (vec![], Closed::Orderly));
}
