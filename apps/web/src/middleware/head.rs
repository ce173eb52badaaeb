//! Heads of requests and responses, as the layers look at them.

use transom::{Headers, HttpScope, Outgoing, Scope};

/// The request, also that of a WebSocket's handshake.
pub(super) fn request(scope: &Scope) -> Option<&HttpScope> {
    match scope {
        Scope::Http(http) => Some(http),
        Scope::WebSocket(socket) => Some(socket.http()),
        _ => None,
    }
}

/// The request, to be changed for those further in.
pub(super) fn request_mut(scope: &mut Scope) -> Option<&mut HttpScope> {
    match scope {
        Scope::Http(http) => Some(http),
        Scope::WebSocket(socket) => Some(socket.http_mut()),
        _ => None,
    }
}

/// The fields of a final response.
pub(super) fn response(event: &mut Outgoing) -> Option<&mut Headers> {
    match event {
        Outgoing::Response { headers, .. } | Outgoing::Start { headers, .. } => Some(headers),
        _ => None,
    }
}

/// The fields of a final response, or of an accepted WebSocket handshake.
pub(super) fn response_or_acceptance(event: &mut Outgoing) -> Option<&mut Headers> {
    match event {
        Outgoing::Accept { headers, .. } => Some(headers),
        event => response(event),
    }
}

/// Says that the response depends on the request field `name` (RFC 9110 section 12.5.5).
pub(super) fn vary(headers: &mut Headers, name: &str) {
    if !headers.has_token("vary", "*") && !headers.has_token("vary", name) {
        headers.push("vary", name.as_bytes());
    }
}

/// The value of a field that stands there once, as text.
pub(super) fn single<'a>(headers: &'a Headers, name: &'a str) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    std::str::from_utf8(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vary_names_each_field_once() {
        let mut headers = Headers::from_static(&[("vary", "Accept, Origin")]);
        vary(&mut headers, "origin");
        vary(&mut headers, "cookie");
        vary(&mut headers, "cookie");
        let expected = Headers::from_static(&[("vary", "Accept, Origin"), ("vary", "cookie")]);
        assert_eq!(headers, expected);
        let mut any = Headers::from_static(&[("vary", "*")]);
        vary(&mut any, "origin");
        assert_eq!(any.len(), 1);
    }

    #[test]
    fn a_field_that_comes_twice_is_none() {
        let headers = Headers::from_static(&[("a", "1"), ("b", "1"), ("b", "1")]);
        assert_eq!((single(&headers, "a"), single(&headers, "b"), single(&headers, "c")), (Some("1"), None, None));
    }
}
