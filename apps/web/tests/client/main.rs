//! The client, with applications of all kinds.

mod cookies;
mod failures;
mod lifespan;
mod redirects;
mod requests;
mod responses;
mod websocket;

use transom::lint::{Blame, Reports, lint};
use transom::{App, Error, Headers, HttpScope, Incoming, Outgoing, Receiver, Scope, Sender};
use transom_web::client::{Client, ClientBuilder};

/// A client that keeps the contract in all that follows.
struct Checked {
    client: Client,
    reports: Reports,
}

/// Starts `app` under a lint that has an eye on the client.
async fn start(app: impl App) -> Checked {
    start_with(app, |builder| builder).await
}

async fn start_with(app: impl App, set: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Checked {
    let reports = Reports::new();
    let client = set(Client::new(lint(app).collect(&reports))).await.unwrap();
    Checked { client, reports }
}

impl std::ops::Deref for Checked {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Checked {
    fn drop(&mut self) {
        let reports = self.reports.take();
        let of_client = reports.iter().find(|report| report.blame != Blame::Application);
        assert!(of_client.is_none() || std::thread::panicking(), "{}", of_client.unwrap());
    }
}

fn http(scope: Scope) -> Result<HttpScope, Error> {
    match scope {
        Scope::Http(http) => Ok(http),
        _ => Err(Error::unsupported()),
    }
}

fn respond(status: u16, body: impl Into<String>) -> Outgoing {
    Outgoing::Response { status, headers: Headers::new(), body: body.into().into() }
}

fn begin() -> Outgoing {
    Outgoing::Start { status: 200, headers: Headers::new() }
}

fn body(data: impl Into<bytes::Bytes>, more: bool) -> Outgoing {
    Outgoing::Body { data: data.into(), more }
}

/// Tells the request: a line of it, its fields, and its body.
async fn mirror(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let http = http(scope)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut lines = vec![format!("{} {}://{}", http.method(), http.scheme().as_str(), text(http.target()))];
    lines.push(format!("mount {}", text(http.root_path())));
    lines.push(format!("client {}", http.connection().client));
    lines.extend(http.headers().iter().map(|(name, value)| format!("{name}: {}", text(value))));
    lines.push(String::new());
    loop {
        match receive.recv().await {
            Incoming::Body { data, more } => {
                lines.last_mut().unwrap().push_str(&text(&data));
                if !more {
                    break;
                }
            }
            Incoming::Trailers(fields) => {
                lines.extend(fields.iter().map(|(name, value)| format!("trailer {name}: {}", text(value))));
                break;
            }
            other => {
                lines.push(format!("{other:?}"));
                break;
            }
        }
    }
    Ok(send.send(respond(200, lines.join("\n"))).await?)
}
