//! The exchange in memory keeps the contract, whatever a legal application does with it.

use transom::{
    Capabilities, End, Error, Headers, Incoming, Message, Method, Outgoing, Receiver, Scope, SendError, Sender, State,
};
use transom_conformance::{Request, application};

/// Decides by the bits of a number, which is in the target: so the same case goes the same way.
struct Whim(u64);

impl Whim {
    fn one_in(&mut self, times: u64) -> bool {
        // The constants are Knuth's; the low bits repeat too soon.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).is_multiple_of(times)
    }
}

/// Does one legal thing after the other, until the exchange is over.
async fn wander(scope: Scope, mut receive: Receiver, mut send: Sender, mut whim: Whim) -> Result<(), Error> {
    match &scope {
        Scope::Http(http) => {
            let tunnel = http.protocol().is_some() && http.capabilities().contains(Capabilities::UPGRADE);
            let interim = http.capabilities().contains(Capabilities::INFORMATIONAL);
            let trailers = http.capabilities().contains(Capabilities::TRAILERS);
            while whim.one_in(2) {
                if let Incoming::End(End::Disconnected { .. }) = receive.recv().await {
                    return Ok(());
                }
                if whim.one_in(2) && interim {
                    send.send(Outgoing::Informational { status: 103, headers: Headers::new() }).await?;
                }
            }
            let is_connect = *http.method() == Method::Connect;
            if whim.one_in(3) {
                let (status, body) = (if is_connect { 403 } else { 200 }, "whole".into());
                send.send(Outgoing::Response { status, headers: Headers::new(), body }).await?;
            } else {
                let status = match is_connect {
                    false if tunnel && whim.one_in(2) => 101,
                    true if !http.capabilities().contains(Capabilities::UPGRADE) => 403,
                    _ => 200,
                };
                let tunnel = status == 101 || is_connect && status == 200;
                send.send(Outgoing::Start { status, headers: Headers::new() }).await?;
                while whim.one_in(2) {
                    send.send(Outgoing::Body { data: vec![b'x'; 70].into(), more: true }).await?;
                    if whim.one_in(3) {
                        send.flush().await?;
                    }
                    if whim.one_in(3) {
                        receive.recv().await;
                    }
                }
                if trailers && !tunnel && whim.one_in(2) {
                    send.send(Outgoing::Trailers([("x-sum", "1")].into_iter().collect())).await?;
                } else {
                    send.send(Outgoing::Body { data: "x".into(), more: false }).await?;
                }
            }
        }
        Scope::WebSocket(_) => {
            if whim.one_in(4) {
                send.send(Outgoing::Close { code: 1000, reason: "".into() }).await?;
            } else {
                send.send(Outgoing::Accept { subprotocol: None, headers: Headers::new() }).await?;
                while !whim.one_in(4) {
                    match receive.recv().await {
                        Incoming::Message(Message::Text(text)) => {
                            send.send(Outgoing::Message(Message::Text(text))).await?;
                        }
                        Incoming::End(_) => break,
                        _ => {}
                    }
                    if whim.one_in(3) {
                        send.flush().await?;
                    }
                }
                if whim.one_in(2) {
                    match send.send(Outgoing::Close { code: 4000, reason: "enough".into() }).await {
                        Ok(()) | Err(SendError::Disconnected(_)) => {}
                        Err(error) => return Err(error.into()),
                    }
                } else {
                    return Ok(());
                }
            }
        }
        _ => {
            send.send(Outgoing::Ready(State::new())).await?;
            while !matches!(receive.recv().await, Incoming::Shutdown) {}
            return Ok(());
        }
    }
    // Everything that may be asked at the end, in any order.
    for _ in 0..3 {
        if whim.one_in(3) {
            send.closed().await;
        }
        if whim.one_in(3) {
            let _ = send.flush().await;
        }
        if whim.one_in(3) {
            while !matches!(receive.recv().await, Incoming::End(_)) {}
        }
    }
    if whim.one_in(2) {
        drop(receive);
        send.closed().await;
    }
    Ok(())
}

#[test]
fn it_is_never_to_blame() {
    let app = |scope: Scope, receive: Receiver, send: Sender| {
        let target = match &scope {
            Scope::Http(http) => http.target().rsplit(|byte| !byte.is_ascii_digit()).next(),
            Scope::WebSocket(socket) => socket.http().query(),
            _ => None,
        };
        let number = target.and_then(|query| std::str::from_utf8(query).ok()?.parse().ok());
        wander(scope, receive, send, Whim(number.unwrap_or_default()))
    };
    let requests = (1..100).flat_map(|number| {
        let target = format!("/?{number}");
        [
            Request::any(&target),
            Request::http("GET", &target).upgrade("raw"),
            Request::http("CONNECT", &format!("a:{number}")),
            Request::websocket(&target),
        ]
    });
    let requests = requests.chain([Request::lifespan()]);
    application(app).requests(requests).cases(300).run().assert_ok();
}
