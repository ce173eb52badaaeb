use super::*;

mod bodies;
mod properties;

const LIMITS: DecodeLimits = DecodeLimits { body: Some(1 << 20), trailers: 64, fields: 3 };

/// What a body came to, and what was left of the input.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    data: Vec<u8>,
    end: End,
    rest: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    /// More input is needed.
    Open,
    Complete,
    Trailers(Headers),
    Bad(BadRequest),
}

fn chunked() -> Decoder {
    Decoder::new(BodyHint::Unknown, LIMITS)
}

/// Feeds the pieces to a decoder; checks what holds for every body.
fn run<'a>(mut decoder: Decoder, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut input = BytesMut::new();
    let mut data = Vec::new();
    let mut end = End::Open;
    for piece in pieces {
        input.extend_from_slice(piece);
        while end == End::Open {
            let before = input.len();
            match decoder.decode(&mut input) {
                Ok(None) => {
                    assert!(input.is_empty(), "asks for more and leaves {input:?}");
                    break;
                }
                Ok(Some(Decoded::Data { data: part, more })) => {
                    assert!(!more || !part.is_empty(), "an event that says nothing");
                    assert!(part.len() + input.len() <= before, "more out than in");
                    data.extend_from_slice(&part);
                    end = if more { End::Open } else { End::Complete };
                }
                Ok(Some(Decoded::Trailers(fields))) => {
                    assert!(!fields.is_empty(), "trailers without a field");
                    end = End::Trailers(fields);
                }
                Err(error) => end = End::Bad(error),
            }
            assert_eq!(decoder.is_finished(), matches!(end, End::Complete | End::Trailers(_)));
        }
    }
    let rest = input.clone();
    match (&end, decoder.decode(&mut input)) {
        (End::Bad(error), Err(again)) => assert_eq!(*error, again, "an error is sticky"),
        (End::Bad(_), other) => panic!("{other:?} after an error"),
        (_, again) => assert!(matches!(again, Ok(None)), "{again:?} after the end"),
    }
    assert_eq!(input, rest, "bytes behind the end were touched");
    let rest = if let End::Bad(_) = end { Vec::new() } else { rest.to_vec() };
    Outcome { data, end, rest }
}

/// [`run`] on the whole of `wire`, which every way to cut it must agree with.
fn run_cut_everywhere(decoder: impl Fn() -> Decoder, wire: &[u8]) -> Outcome {
    let whole = run(decoder(), [wire]);
    assert_eq!(run(decoder(), wire.chunks(1)), whole, "byte by byte: {}", wire.escape_ascii());
    for cut in 0..=wire.len() {
        let (front, back) = wire.split_at(cut);
        assert_eq!(run(decoder(), [front, back]), whole, "{} | {}", front.escape_ascii(), back.escape_ascii());
    }
    whole
}

fn next(decoder: &mut Decoder, input: &mut BytesMut) -> (Bytes, bool) {
    match decoder.decode(input) {
        Ok(Some(Decoded::Data { data, more })) => (data, more),
        other => panic!("{other:?} instead of data"),
    }
}

#[test]
fn a_body_without_bytes_is_finished_at_once() {
    for hint in [BodyHint::None, BodyHint::Exact(0)] {
        let mut decoder = Decoder::new(hint, LIMITS);
        let mut input = BytesMut::from("GET");
        assert!(decoder.is_finished() && decoder.remaining() == Some(0));
        assert!(matches!(decoder.decode(&mut input), Ok(None)));
        assert_eq!(input, "GET");
    }
}

#[test]
fn length() {
    let decoder = || Decoder::new(BodyHint::Exact(5), LIMITS);
    let outcome = run_cut_everywhere(decoder, b"helloGET");
    assert_eq!(outcome, Outcome { data: b"hello".into(), end: End::Complete, rest: b"GET".into() });
    assert_eq!(run_cut_everywhere(decoder, b"hell").end, End::Open);
}

#[test]
fn length_is_given_out_as_it_comes_and_its_last_bytes_end_it() {
    let mut decoder = Decoder::new(BodyHint::Exact(5), LIMITS);
    let mut input = BytesMut::from("he");
    assert_eq!(next(&mut decoder, &mut input), ("he".into(), true));
    assert_eq!((decoder.remaining(), decoder.is_finished()), (Some(3), false));
    input.extend_from_slice(b"lloGET");
    assert_eq!(next(&mut decoder, &mut input), ("llo".into(), false));
    assert_eq!((decoder.remaining(), decoder.is_finished()), (Some(0), true));
    assert_eq!(input, "GET");
}

#[test]
fn length_over_the_limit_fails_before_any_data() {
    let new = |limit| Decoder::new(BodyHint::Exact(5), DecodeLimits { body: limit, ..LIMITS });
    assert_eq!(run(new(Some(4)), [&b"hello"[..]]).end, End::Bad(BadRequest::TooLarge));
    assert_eq!(new(Some(4)).remaining(), None);
    for enough in [Some(5), None] {
        assert_eq!(run(new(enough), [&b"hello"[..]]).end, End::Complete);
    }
}

#[test]
fn a_tunnel_is_raw_and_open() {
    let outcome = run_cut_everywhere(Decoder::tunnel, b"0\r\n\r\n\0\n");
    assert_eq!(outcome, Outcome { data: b"0\r\n\r\n\0\n".into(), end: End::Open, rest: Vec::new() });
    assert_eq!(Decoder::tunnel().remaining(), None);
}

#[test]
fn data_is_not_copied() {
    for (hint, wire, at) in [(BodyHint::Exact(5), "hello", 0), (BodyHint::Unknown, "5\r\nhello\r\n", 3)] {
        let mut input = BytesMut::from(wire);
        let start = input[at..].as_ptr();
        let (data, _) = next(&mut Decoder::new(hint, LIMITS), &mut input);
        assert_eq!((&data[..], data.as_ptr()), (&b"hello"[..], start));
    }
}

#[test]
fn the_end_behind_the_data_is_seen_with_it() {
    let mut input = BytesMut::from("5\r\nhello\r\n0\r\n\r\nGET");
    assert_eq!(next(&mut chunked(), &mut input), ("hello".into(), false));
    assert_eq!(input, "GET");
}

#[test]
fn the_end_that_comes_later_is_an_empty_event() {
    let mut decoder = chunked();
    let mut input = BytesMut::from("5\r\nhello\r\n0\r\n\r");
    assert_eq!(next(&mut decoder, &mut input), ("hello".into(), true));
    assert!(matches!(decoder.decode(&mut input), Ok(None)));
    input.extend_from_slice(b"\n");
    assert_eq!(next(&mut decoder, &mut input), (Bytes::new(), false));
}

#[test]
fn trailers_and_faults_come_after_the_data_in_front_of_them() {
    let mut decoder = chunked();
    let mut input = BytesMut::from("5\r\nhello\r\n0\r\na: 1\r\n\r\n");
    assert_eq!(next(&mut decoder, &mut input), ("hello".into(), true));
    assert!(!decoder.is_finished());
    assert!(matches!(decoder.decode(&mut input), Ok(Some(Decoded::Trailers(_)))));

    let mut decoder = chunked();
    let mut input = BytesMut::from("5\r\nhello\n");
    assert_eq!(next(&mut decoder, &mut input), ("hello".into(), true));
    assert!(matches!(decoder.decode(&mut input), Err(BadRequest::Malformed)));
}

#[test]
fn small_chunks_are_joined_and_large_ones_stay_where_they_are() {
    let mut decoder = chunked();
    let large = "x".repeat(5000);
    let mut input = BytesMut::from(&*format!("2\r\nab\r\n1\r\nc\r\n1388\r\n{large}\r\n3\r\ndef\r\n4\r\ng"));
    let start = input[19..].as_ptr();
    assert_eq!(&input[18..20], b"\nx");
    assert_eq!(next(&mut decoder, &mut input), ("abc".into(), true));
    let (data, more) = next(&mut decoder, &mut input);
    assert_eq!((data.as_ptr(), &data[..], more), (start, format!("{large}defg").as_bytes(), true));
    assert!(input.is_empty());
}

#[test]
fn a_decoder_is_small() {
    assert!(size_of::<Decoder>() <= 64, "{}", size_of::<Decoder>());
}
