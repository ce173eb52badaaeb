//! The applications of this repository keep the contract.

use tokio::runtime;
use transom_conformance::{Request, application};

#[test]
fn hello() {
    application(hello::app).run().assert_ok();
}

#[test]
fn bench() {
    let requests = [
        Request::any("/plaintext"),
        Request::any("/json"),
        Request::http("POST", "/echo"),
        Request::http("POST", "/sink"),
        Request::http("GET", "/stream?n=40&size=10000"),
        Request::http("GET", "/stream?n=x"),
        Request::any("/missing"),
        Request::websocket("/ws"),
        Request::websocket("/missing"),
        Request::lifespan(),
    ];
    application(bench::app).requests(requests).run().assert_ok();
}

/// What it does right; it also has paths for what is wrong.
#[test]
fn probe() {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let http = ["/", "/body", "/echo", "/cookie", "/noread", "/fixed", "/nocl", "/close", "/dupheaders", "/inspect"];
    let more = ["/stream?n=3&empty=1", "/bytes?n=70000", "/slow?t=0.001", "/wait", "/state", "/status/404", "/raise"];
    let sockets = ["/ws", "/ws/reject", "/ws/raise", "/ws/close", "/ws/scope", "/ws/headers"];
    let requests = (http.into_iter().chain(more).map(Request::any))
        .chain(sockets.map(Request::websocket))
        .chain([Request::websocket("/ws/subprotocol").subprotocols(["a", "b"]), Request::lifespan()]);
    let report = application(probe::app()).requests(requests).within(move |poll| {
        let _guard = runtime.enter();
        poll();
    });
    report.run().assert_ok();
}
