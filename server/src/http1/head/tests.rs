use super::*;
use transom::{BodyHint, Headers, HttpVersion, Method, field};

mod accepted;
mod properties;
mod refused;

/// What a head came to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// More is needed.
    Open,
    Accepted(Box<Accepted>),
    Refused(u16),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Accepted {
    request: Request,
    method: Method,
    version: HttpVersion,
    target: Vec<u8>,
    path_len: u32,
    headers: Headers,
    body: BodyHint,
    protocol: Option<Box<str>>,
}

/// Parses what has come in, with a parser that may have seen some of it.
fn parse(parser: &mut Parser, config: &Config, input: &[u8]) -> Outcome {
    // What an earlier request left is no part of the next.
    let mut head = Head {
        method: Method::Other("LEFT".into()),
        version: HttpVersion::Http3,
        body: BodyHint::Exact(99),
        target: b"/left?over".to_vec(),
        path_len: 5,
        headers: Headers::from_static(&[("left", "over")]),
        protocol: Some("left".into()),
        ..Head::default()
    };
    match parser.parse(&mut input.to_vec(), config, &mut head) {
        Ok(None) => Outcome::Open,
        Err(Refused(status)) => Outcome::Refused(status),
        Ok(Some(request)) => {
            let Head { method, version, target, path_len, headers, body, protocol, .. } = head;
            Outcome::Accepted(Box::new(Accepted {
                request,
                method,
                version,
                target,
                path_len,
                headers,
                body,
                protocol,
            }))
        }
    }
}

/// Parses a head that comes in at once.
fn whole(config: &Config, input: &[u8]) -> Outcome {
    agreement::check(input, &config.limits);
    parse(&mut Parser::default(), config, input)
}

/// Parses a head that grows to each of these lengths; the first outcome that is one.
fn grown(config: &Config, input: &[u8], lengths: impl IntoIterator<Item = usize>) -> Outcome {
    let mut parser = Parser::default();
    let mut outcomes = lengths.into_iter().map(|len| parse(&mut parser, config, &input[..len]));
    outcomes.find(|outcome| *outcome != Outcome::Open).unwrap_or(Outcome::Open)
}

/// The outcome of a head, which must be the same however it is cut.
fn cut_everywhere(config: &Config, input: &[u8]) -> Outcome {
    let outcome = whole(config, input);
    let text = input.escape_ascii();
    assert_eq!(grown(config, input, 0..=input.len()), outcome, "byte by byte: {text}");
    for cut in 0..=input.len() {
        assert_eq!(grown(config, input, [cut, input.len()]), outcome, "cut at {cut}: {text}");
    }
    outcome
}
