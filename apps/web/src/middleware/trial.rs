//! What every layer is put through.

use transom::lint::lint;
use transom::memory;
use transom::{
    App, BoxApp, Capabilities, Error, FileBody, FileSource, Headers, Incoming, Manifest, Method, Outgoing, Receiver,
    Scope, SendError, Sender, State,
};
use transom_conformance::{Application, Request, application};

/// Answers `hello`.
pub(super) async fn hello(_: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
    Ok(send.send(Outgoing::Response { status: 200, headers: Headers::new(), body: "hello".into() }).await?)
}

/// Does one thing or another of all that an application may do, by the method.
pub(super) async fn everything(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let http = match scope {
        Scope::Http(http) => http,
        Scope::WebSocket(_) => return chat(receive, send).await,
        _ => return live(receive, send).await,
    };
    let html = || Headers::from_static(&[("content-type", "text/html"), ("etag", "\"1\"")]);
    let can = |capability| http.capabilities().contains(capability);
    match http.method() {
        Method::Connect if can(Capabilities::UPGRADE) => {
            send.send(Outgoing::Start { status: 200, headers: Headers::new() }).await?;
            echo(receive, send).await
        }
        _ if http.protocol().is_some() && can(Capabilities::UPGRADE) => {
            send.send(Outgoing::Start { status: 101, headers: Headers::new() }).await?;
            echo(receive, send).await
        }
        Method::Get => {
            send.send(Outgoing::Start { status: 200, headers: html() }).await?;
            for piece in ["<p>", "", "one", " and ", "two"] {
                send.send(Outgoing::Body { data: piece.into(), more: true }).await?;
            }
            if can(Capabilities::TRAILERS) {
                return Ok(send.send(Outgoing::Trailers(Headers::from_static(&[("x-sum", "5")]))).await?);
            }
            Ok(send.send(Outgoing::Body { data: "</p>".into(), more: false }).await?)
        }
        Method::Post => {
            send.send(Outgoing::Start { status: 200, headers: html() }).await?;
            echo(receive, send).await
        }
        Method::Patch => {
            loop {
                match receive.recv().await {
                    Incoming::Body { more: true, .. } => {}
                    Incoming::End(end) => return Err(SendError::Disconnected(end).into()),
                    _ => break,
                }
            }
            let body = "all work and no play ".repeat(2_000).into();
            send.send(Outgoing::Response { status: 200, headers: html(), body }).await?;
            send.flush().await?;
            Ok(())
        }
        Method::Delete if can(Capabilities::FILE) => {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
            let source = FileSource::Path(std::path::Path::new(file).into());
            send.send(Outgoing::Start { status: 200, headers: html() }).await?;
            Ok(send.send(Outgoing::File { file: FileBody { source, offset: 1, len: 40 }, more: false }).await?)
        }
        Method::Options => {
            if can(Capabilities::INFORMATIONAL) {
                send.send(Outgoing::Informational { status: 103, headers: Headers::new() }).await?;
            }
            let mut headers = html();
            headers.push("content-length", b"40000");
            send.send(Outgoing::Start { status: 200, headers }).await?;
            send.send(Outgoing::Body { data: vec![b'x'; 40_000].into(), more: false }).await?;
            send.closed().await;
            Ok(())
        }
        Method::Trace => Err("this one fails".into()),
        Method::Put => {
            send.send(Outgoing::Start { status: 200, headers: html() }).await?;
            Err("this one fails too".into())
        }
        _ => Ok(send.send(Outgoing::Response { status: 404, headers: html(), body: "none".into() }).await?),
    }
}

/// Sends what it receives.
pub(super) async fn echo(mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    loop {
        match receive.recv().await {
            Incoming::Body { data, more } => {
                send.send(Outgoing::Body { data, more }).await?;
                if !more {
                    return Ok(());
                }
            }
            Incoming::Trailers(_) => return Ok(send.send(Outgoing::Body { data: "".into(), more: false }).await?),
            Incoming::End(end) => return Err(SendError::Disconnected(end).into()),
            _ => {}
        }
    }
}

async fn chat(mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    send.send(Outgoing::Accept { subprotocol: None, headers: Headers::new() }).await?;
    while let Incoming::Message(message) = receive.recv().await {
        send.send(Outgoing::Message(message)).await?;
    }
    Ok(())
}

async fn live(mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    send.send(Outgoing::Ready(State::new().with("ready"))).await?;
    while !matches!(receive.recv().await, Incoming::Shutdown | Incoming::End(_)) {}
    Ok(())
}

/// Has a manifest of its own.
struct Wanting;

impl App for Wanting {
    fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> impl Future<Output = Result<(), Error>> + Send {
        everything(scope, receive, send)
    }

    fn manifest(&self) -> Manifest {
        Manifest::default().wanting(Capabilities::WEBSOCKET_CONTROL)
    }
}

/// Puts `layer` between two lints, with peers that are slow, that break off and that leave at every poll, and through
/// the conformance kit. Requests have these fields.
pub(super) fn layer<L: App>(fields: &[(&str, &str)], layer: impl Fn(BoxApp) -> L) {
    layer_within(fields, layer, |application| application);
}

/// As [`layer`], where the application has to be polled somewhere.
pub(super) fn layer_within<L: App>(
    fields: &[(&str, &str)],
    layer: impl Fn(BoxApp) -> L,
    within: impl Fn(Application<L>) -> Application<L>,
) {
    let app = || lint(layer(BoxApp::new(lint(Wanting))));
    assert_eq!(app().manifest().wants, Capabilities::WEBSOCKET_CONTROL, "the manifest passes");
    assert!(memory::lifespan().run(app()).state().is_some(), "the lifespan passes");

    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
        let script = || {
            let script = memory::http(method, "/").chunks(["one", "", "two"]);
            fields.iter().fold(script, |script, (name, value)| script.header(name, value))
        };
        script().run(app());
        script().truncate().run(app());
        script().trickle().high_water(1).take(3_000).run(app());
        for poll in 1.. {
            let polls = script().trickle().high_water(1).take(3_000).hang_up_at(poll).run(app()).polls;
            if polls < poll || poll > 20 {
                break;
            }
        }
    }
    for poll in 1.. {
        let script = memory::websocket("/").text("a").text("b").trickle().high_water(1).take(1);
        let script = fields.iter().fold(script, |script, (name, value)| script.header(name, value));
        if script.hang_up_at(poll).run(app()).polls < poll {
            break;
        }
    }

    let with = |request: Request| fields.iter().fold(request, |request, (name, value)| request.header(name, value));
    let requests = [
        with(Request::any("/")),
        with(Request::any("/?x=1")),
        with(Request::http("PATCH", "/")),
        with(Request::http("GET", "/").upgrade("raw")),
        with(Request::http("CONNECT", "a.example:443")),
        with(Request::websocket("/")),
        Request::lifespan(),
    ];
    within(application(layer(BoxApp::new(Wanting))).requests(requests).cases(24)).run().assert_ok();
}
