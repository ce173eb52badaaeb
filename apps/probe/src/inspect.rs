use crate::call::Call;
use crate::text;
use serde::Serialize;
use sha2::{Digest, Sha256};
use transom::{Address, Error};

/// Reads the whole body and tells what the server handed over, as JSON. A client that leaves before its body is
/// complete gets no answer.
pub(crate) async fn serve(call: &mut Call<'_>) -> Result<(), Error> {
    let mut body = Body::default();
    while let Some(data) = call.next().await? {
        body.add(&data);
    }
    let scope = &call.scope;
    let connection = scope.connection();
    // A prefix that a front proxy takes off stands before what mounts have taken.
    let prefix = connection.server_info.external_prefix.as_deref().unwrap_or_default();
    let report = Report {
        r#type: "http",
        method: scope.method().as_str(),
        http_version: scope.version().as_str(),
        scheme: scope.scheme().as_str(),
        path: text::decoded(scope.raw_path()),
        raw_path: text::latin1(scope.raw_path()),
        query_string: text::latin1(scope.query().unwrap_or_default()),
        root_path: prefix.to_owned() + &text::decoded(scope.root_path()),
        headers: text::fields(scope.headers()),
        client: endpoint(&connection.client),
        server: endpoint(&connection.server),
        body_len: body.length,
        body_sha256: text::hex(&body.digest.finalize()),
        body_hex: (body.length <= HEX_MAX).then(|| text::hex(&body.head)),
    };
    let report = serde_json::to_vec(&report)?;
    call.answer(report).await
}

#[derive(Serialize)]
struct Report<'a> {
    r#type: &'static str,
    method: &'a str,
    http_version: &'static str,
    scheme: &'static str,
    path: String,
    raw_path: String,
    query_string: String,
    root_path: String,
    headers: Vec<(&'a str, String)>,
    client: Option<Endpoint>,
    server: Option<Endpoint>,
    body_len: u64,
    body_sha256: String,
    body_hex: Option<String>,
}

/// Host and port, or a path without one.
type Endpoint = (String, Option<u16>);

fn endpoint(address: &Address) -> Option<Endpoint> {
    match address {
        Address::Ip(address) => Some((address.ip().to_string(), Some(address.port()))),
        Address::Unix(path) => path.as_ref().map(|path| (path.display().to_string(), None)),
        _ => None,
    }
}

/// What is told of a body, so that a long one need not be held.
#[derive(Default)]
struct Body {
    length: u64,
    digest: Sha256,
    /// The first [`HEX_MAX`] bytes.
    head: Vec<u8>,
}

const HEX_MAX: u64 = 4096;

impl Body {
    fn add(&mut self, data: &[u8]) {
        self.length += data.len() as u64;
        self.digest.update(data);
        let room = HEX_MAX as usize - self.head.len();
        self.head.extend_from_slice(&data[..data.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn endpoints() {
        assert_eq!(endpoint(&Address::Ip(([127, 0, 0, 1], 80).into())), Some(("127.0.0.1".into(), Some(80))));
        assert_eq!(endpoint(&Address::Unix(Some(Path::new("/run/x").into()))), Some(("/run/x".into(), None)));
        assert_eq!((endpoint(&Address::Unix(None)), endpoint(&Address::Unknown)), (None, None));
    }

    #[test]
    fn a_body_in_pieces() {
        let mut body = Body::default();
        body.add(&[1; 4000]);
        body.add(&[2; 4000]);
        assert_eq!((body.length, body.head.len()), (8000, 4096));
        assert_eq!(body.digest.finalize(), Sha256::digest([[1; 4000], [2; 4000]].concat()));
    }
}
