//! Responses: whatever an application may legally send, a client that knows nothing but RFC 9112 reads it back, with
//! nothing added and nothing left over.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use transom::order::HttpRules;
use transom::{Capabilities, Headers, HttpVersion, Outgoing};
use transom_fuzz::{Event, capabilities};
use transom_server::Config;
use transom_server::fuzzing::{Written, response};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    method: Method,
    upgrade: bool,
    old: bool,
    keep_alive: bool,
    plain: bool,
    events: Vec<Event<'a>>,
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum Method {
    Get,
    Head,
    Connect,
}

/// What the server adds by itself.
const OWN: [&str; 7] = ["content-length", "transfer-encoding", "connection", "upgrade", "server", "date", "x-fixed"];

/// What of the application's fields it may leave out.
const HOP_BY_HOP: [&str; 7] =
    ["content-length", "transfer-encoding", "connection", "upgrade", "te", "keep-alive", "proxy-connection"];

fuzz_target!(|input: Input<'_>| {
    let Input { method, upgrade, old, keep_alive, plain, events } = input;
    let version = if old { HttpVersion::Http10 } else { HttpVersion::Http11 };
    let upgrade = upgrade && !old;
    let new = Capabilities::INFORMATIONAL | Capabilities::TRAILERS | Capabilities::UPGRADE;
    let rules = HttpRules {
        capabilities: if old { capabilities(!0).without(new) } else { capabilities(!0) },
        head: method == Method::Head,
        connect: method == Method::Connect,
        upgrade,
    };
    let mut config = Config::default();
    if plain {
        (config.server_header, config.date_header) = (None, false);
    } else {
        config.headers = Headers::from_static(&[("x-fixed", "1")]);
    }
    let protocol = upgrade.then_some("foo");
    let written = response(rules, version, keep_alive, protocol, &config, events.iter().map(Event::outgoing));
    assert_eq!(written.results.len(), events.len());
    let sent = events.iter().zip(&written.results).filter(|(_, result)| result.is_ok()).map(|(event, _)| event);
    Client { rest: &written.bytes, written: &written, method, old, body: None }.read(sent);
});

struct Client<'a> {
    rest: &'a [u8],
    written: &'a Written,
    method: Method,
    old: bool,
    body: Option<Framing>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Framing {
    None,
    Length(u64),
    Chunked,
    UntilClose,
    Tunnel,
}

type Fields = Vec<(String, Vec<u8>)>;

impl Client<'_> {
    fn read<'e>(mut self, sent: impl Iterator<Item = &'e Event<'e>>) {
        let (mut data, mut trailers) = (Vec::new(), Fields::new());
        for event in sent {
            if let Event::Body { data: piece, .. } = event {
                data.extend_from_slice(piece);
            }
            if let Event::Large { len, .. } = event {
                data.resize(data.len() + usize::from(*len), b'x');
            }
            if let Event::File { range, .. } = event {
                data.extend(range.bytes().expect("others are refused"));
            }
            match event.outgoing() {
                Outgoing::Informational { status, headers } => self.interim(status, &headers),
                Outgoing::Response { status, headers, body } => {
                    self.last(status, &headers);
                    data = body.to_vec();
                }
                Outgoing::Start { status, headers } => self.last(status, &headers),
                Outgoing::Trailers(fields) => trailers = list(&fields),
                _ => {}
            }
        }
        let done = self.written.done;
        match self.body {
            None => assert!(self.rest.is_empty() && !done),
            Some(Framing::None) => assert!(self.rest.is_empty()),
            Some(Framing::UntilClose) => assert!(self.rest == data && self.written.until_close),
            Some(Framing::Tunnel) => assert!(self.rest == data && self.written.tunnel),
            Some(Framing::Length(length)) => {
                assert!(self.rest == data && data.len() as u64 <= length);
                assert!(!done || data.len() as u64 == length);
            }
            Some(Framing::Chunked) => {
                let (read, section) = unchunk(self.rest);
                assert!(read == data);
                assert_eq!(section.is_some(), done);
                assert_eq!(section.unwrap_or_default(), trailers);
            }
        }
    }

    fn interim(&mut self, status: u16, headers: &Headers) {
        let (read, fields) = self.head();
        assert_eq!(read, status);
        assert!(self.body.is_none(), "an interim response behind the final head");
        let whole = list(headers).into_iter().filter(|(name, _)| !HOP_BY_HOP.contains(&&**name)).collect::<Vec<_>>();
        assert_eq!(fields, whole);
    }

    fn last(&mut self, status: u16, headers: &Headers) {
        let (read, fields) = self.head();
        assert_eq!(read, status);
        assert!(self.body.is_none(), "two final heads");
        // What the application said comes in its order, but for what is not its to say, and then comes the server's.
        let mut own = list(headers).into_iter().peekable();
        for field in &fields {
            while own.next_if(|own| own != field && HOP_BY_HOP.contains(&&*own.0)).is_some() {}
            if own.next_if_eq(field).is_none() {
                assert!(OWN.contains(&&*field.0), "{field:?} is nobody's");
            }
        }
        assert!(own.all(|(name, _)| HOP_BY_HOP.contains(&&*name)), "a field is lost");
        let get = |name: &'static str| fields.iter().filter(move |field| field.0 == name).map(|field| &*field.1);
        let has = |name: &'static str, token: &str| {
            let members = get(name).flat_map(transom::field::list).collect::<Vec<_>>();
            members.iter().any(|member| member.eq_ignore_ascii_case(token.as_bytes()))
        };
        let (lengths, codings) = (get("content-length").count(), get("transfer-encoding").count());
        assert!(lengths + codings <= 1 && (codings == 0 || (has("transfer-encoding", "chunked") && !self.old)));
        // RFC 9112 section 6.3.
        let framing = match status {
            101 => Framing::Tunnel,
            200..=299 if self.method == Method::Connect => Framing::Tunnel,
            204 | 304 => Framing::None,
            _ if self.method == Method::Head => Framing::None,
            _ if codings == 1 => Framing::Chunked,
            _ if lengths == 1 => {
                let text = std::str::from_utf8(get("content-length").next().expect("counted")).expect("digits");
                Framing::Length(text.parse().expect("digits"))
            }
            _ => Framing::UntilClose,
        };
        if framing == Framing::Tunnel || status == 204 {
            assert_eq!(lengths + codings, 0);
        }
        // RFC 9112 section 9.3.
        let persists = if self.old { has("connection", "keep-alive") } else { !has("connection", "close") };
        let alive = self.written.keep_alive;
        assert!(framing == Framing::Tunnel || persists == alive, "{persists} on the wire");
        assert!(!alive || !matches!(framing, Framing::UntilClose | Framing::Tunnel));
        assert!(status != 101 || (has("connection", "upgrade") && get("upgrade").count() > 0));
        self.body = Some(framing);
    }

    fn head(&mut self) -> (u16, Fields) {
        let mut fields = vec![httparse::EMPTY_HEADER; 5000];
        let mut head = httparse::Response::new(&mut fields);
        let parsed = head.parse(self.rest);
        let Ok(httparse::Status::Complete(len)) = parsed else { panic!("{parsed:?}: {}", self.rest.escape_ascii()) };
        assert_eq!(head.version, Some(1));
        let fields = head.headers.iter().map(|field| (field.name.to_owned(), field.value.trim_ascii().to_vec()));
        let (status, fields) = (head.code.expect("complete"), fields.collect());
        self.rest = &self.rest[len..];
        (status, fields)
    }
}

fn list(headers: &Headers) -> Fields {
    headers.iter().map(|(name, value)| (name.to_owned(), value.trim_ascii().to_vec())).collect()
}

/// The data of as many chunks as there are, and the trailers if that is all.
fn unchunk(mut rest: &[u8]) -> (Vec<u8>, Option<Fields>) {
    let mut data = Vec::new();
    while !rest.is_empty() {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").expect("a size line");
        let size = u64::from_str_radix(std::str::from_utf8(&rest[..end]).expect("ASCII"), 16).expect("a size") as usize;
        rest = &rest[end + 2..];
        if size == 0 {
            let mut fields = vec![httparse::EMPTY_HEADER; 5000];
            let parsed = httparse::parse_headers(rest, &mut fields);
            let Ok(httparse::Status::Complete((len, fields))) = parsed else { panic!("{parsed:?}") };
            assert_eq!(len, rest.len(), "something behind the end");
            let fields = fields.iter().map(|field| (field.name.to_owned(), field.value.trim_ascii().to_vec()));
            return (data, Some(fields.collect()));
        }
        data.extend_from_slice(&rest[..size]);
        rest = rest[size..].strip_prefix(b"\r\n").expect("the end of a chunk");
    }
    (data, None)
}
