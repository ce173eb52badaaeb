//! Threads, and what is listened on.

use crate::GET;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::thread;
use transom::{App, HttpScope, Sender};
use transom_server::{Bind, ListenOptions, Runtime};
use transom_tests::{Client, Running, http, quiet, respond};

/// Answers with the thread that it runs on.
fn app() -> impl App {
    http(async |_, _, mut send: Sender| {
        let name = format!("{:?}", thread::current().id());
        Ok(send.send(respond(name)).await?)
    })
}

#[test]
fn connections_are_spread_evenly() {
    let mut config = quiet();
    config.workers = 4;
    let server = Running::start(app(), config);
    let mut served: HashMap<String, usize> = HashMap::new();
    let mut clients = Vec::new();
    for _ in 0..12 {
        let mut client = server.connect();
        client.send(GET);
        *served.entry(client.response().text().to_owned()).or_default() += 1;
        clients.push(client);
    }
    assert_eq!(served.len(), 4);
    assert!(served.values().all(|&count| count == 3), "{served:?}");

    // And stay where they are.
    for client in &mut clients {
        client.send(GET.repeat(2));
        assert_eq!(client.response(), client.response());
    }
}

#[test]
fn every_runtime_serves() {
    for runtime in [Runtime::PerCore, Runtime::ReusePort, Runtime::WorkStealing] {
        for (workers, reuse_port) in [(1, false), (4, false), (4, true)] {
            let mut config = quiet();
            config.workers = workers;
            config.runtime = runtime;
            let mut options = ListenOptions::default();
            options.reuse_port = reuse_port;
            let mut server = Running::on(&"127.0.0.1:0".parse().unwrap(), &options, app(), config);
            let mut clients: Vec<_> = (0..16).map(|_| server.connect()).collect();
            for client in &mut clients {
                client.send(GET);
            }
            for client in &mut clients {
                assert!(client.response().text().starts_with("ThreadId"));
            }
            server.stop();
            server.join().unwrap();
        }
    }
}

/// SPEC: SCOPE-7
#[test]
fn a_unix_socket() {
    let place = tempfile::tempdir().expect("a directory for temporary files");
    let path = place.path().join("socket");
    let app = http(async |scope: HttpScope, _, mut send: Sender| {
        let connection = scope.connection();
        Ok(send.send(respond(format!("{} {}", connection.client, connection.server))).await?)
    });
    let mut options = ListenOptions::default();
    options.unix_mode = Some(0o600);
    let mut server = Running::on(&Bind::Unix(path.clone()), &options, app, quiet());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut client = Client::new(UnixStream::connect(&path).unwrap());
    for _ in 0..2 {
        client.send(GET);
        assert_eq!(client.response().text(), format!("unix: unix:{}", path.display()));
    }
    server.stop();
    server.join().unwrap();
    assert!(!path.exists());
}

/// SPEC: SCOPE-7
#[test]
fn both_families() {
    let app = || {
        http(async |scope: HttpScope, _, mut send: Sender| {
            Ok(send.send(respond(scope.connection().client.to_string())).await?)
        })
    };
    let server = Running::on(&"[::1]:0".parse().unwrap(), &ListenOptions::default(), app(), quiet());
    let mut client = server.connect();
    client.send(GET);
    assert_eq!(client.response().text(), client.address().to_string());
}
