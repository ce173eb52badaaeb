//! The endpoints of the example `routed` by hand, without the toolkit: what its cost is measured against.

use serde::Serialize;
use std::process::ExitCode;
use transom::{Error, Headers, Outgoing, Receiver, Scope, Sender};

#[derive(Serialize)]
struct Message {
    id: u64,
    limit: u32,
    message: &'static str,
}

const TEXT: Headers = Headers::from_static(&[("content-type", "text/plain; charset=utf-8")]);
const JSON: Headers = Headers::from_static(&[("content-type", "application/json")]);

async fn app(scope: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
    let Scope::Http(http) = scope else { return Err(Error::unsupported()) };
    let path = std::str::from_utf8(http.local_path())?;
    let (headers, body) = match path.strip_prefix("/json/") {
        Some(id) => {
            let query = std::str::from_utf8(http.query().unwrap_or_default())?;
            let limit = query.strip_prefix("limit=").ok_or("no limit")?.parse()?;
            let message = Message { id: id.parse()?, limit, message: "Hello, World!" };
            (JSON, serde_json::to_vec(&message)?.into())
        }
        None => (TEXT, "Hello, World!".into()),
    };
    Ok(send.send(Outgoing::Response { status: 200, headers, body }).await?)
}

fn main() -> ExitCode {
    transom_server::main(app)
}
