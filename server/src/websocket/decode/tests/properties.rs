use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// Cuts `wire` at the given places.
fn pieces<'a>(wire: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(wire.len() + 1)).collect();
    places.extend([0, wire.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &wire[pair[0]..pair[1]]).collect()
}

#[derive(Clone, Debug)]
enum Said {
    Text(String),
    Binary(Vec<u8>),
    Control(Control),
}

#[derive(Clone, Debug)]
enum Control {
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

/// How a message goes over the wire.
#[derive(Clone, Debug)]
struct Manner {
    compressed: bool,
    fragments: Vec<Index>,
    /// Behind the fragments, in turn.
    between: Vec<Option<Control>>,
    masks: [[u8; 4]; 2],
}

fn control() -> impl Strategy<Value = Control> {
    let payload = || vec(any::<u8>(), 0..=125);
    prop_oneof![payload().prop_map(Control::Ping), payload().prop_map(Control::Pong)]
}

fn said() -> impl Strategy<Value = Said> {
    let long = || prop_oneof![6 => 0..200usize, 2 => 100..140usize, 1 => 65_500..65_600usize];
    prop_oneof![
        2 => "\\PC{0,60}".prop_map(Said::Text),
        1 => (long(), "\\PC").prop_map(|(len, letter)| Said::Text(letter.repeat(len / letter.len().max(1)))),
        2 => vec(any::<u8>(), 0..60).prop_map(Said::Binary),
        1 => (long(), any::<u8>()).prop_map(|(len, byte)| Said::Binary(vec![byte; len])),
        2 => control().prop_map(Said::Control),
    ]
}

fn manner() -> impl Strategy<Value = Manner> {
    let between = vec(prop::option::weighted(0.3, control()), 0..4);
    (any::<bool>(), vec(any::<Index>(), 0..4), between, any::<[[u8; 4]; 2]>())
        .prop_map(|(compressed, fragments, between, masks)| Manner { compressed, fragments, between, masks })
}

/// Writes messages as a client may, and says what a server should understand.
struct Encoder {
    deflater: Option<Deflater>,
    wire: Vec<u8>,
    /// Where the frames of messages begin and end.
    data: Vec<(usize, usize)>,
    expected: Vec<Received>,
}

impl Encoder {
    fn new(mode: Option<DeflateMode>) -> Self {
        let deflater = mode.map(|mode| Deflater::new(agreed(mode)));
        Self { deflater, wire: Vec::new(), data: Vec::new(), expected: Vec::new() }
    }

    fn control(&mut self, control: Control, mask: [u8; 4]) {
        let (first, payload) = match &control {
            Control::Ping(payload) => (FINAL | PING, payload),
            Control::Pong(payload) => (FINAL | PONG, payload),
        };
        self.wire.extend(masked_frame(first, payload, mask));
        self.expected.push(Received::Message(match control {
            Control::Ping(payload) => Message::Ping(payload.into()),
            Control::Pong(payload) => Message::Pong(payload.into()),
        }));
    }

    fn say(&mut self, said: Said, manner: Manner) {
        let (opcode, plain) = match &said {
            Said::Text(text) => (TEXT, text.as_bytes()),
            Said::Binary(data) => (BINARY, &data[..]),
            Said::Control(control) => return self.control(control.clone(), manner.masks[0]),
        };
        let compressed = self.deflater.as_mut().filter(|_| manner.compressed).map(|deflater| deflated(deflater, plain));
        let bit = if compressed.is_some() { COMPRESSED } else { 0 };
        let payload = compressed.unwrap_or_else(|| plain.to_vec());
        let fragments = pieces(&payload, &manner.fragments);
        let mut between = manner.between.into_iter();
        for (number, fragment) in fragments.iter().enumerate() {
            let first = if number == 0 { opcode | bit } else { CONTINUATION };
            let last = number + 1 == fragments.len();
            let start = self.wire.len();
            self.wire.extend(masked_frame(first | if last { FINAL } else { 0 }, fragment, manner.masks[number % 2]));
            self.data.push((start, self.wire.len()));
            if !last && let Some(Some(control)) = between.next() {
                self.control(control, manner.masks[1]);
            }
        }
        self.expected.push(Received::Message(match said {
            Said::Text(text) => Message::Text(text.into()),
            Said::Binary(data) => Message::Binary(data.into()),
            Said::Control(_) => unreachable!("written above"),
        }));
    }
}

fn mode() -> impl Strategy<Value = Option<DeflateMode>> {
    prop::sample::select(vec![None, Some(MODES[0]), Some(MODES[1])])
}

fn decoder(mode: Option<DeflateMode>) -> Decoder {
    mode.map_or_else(|| Decoder::new(Some(1 << 20), None), |mode| inflating(mode, 1 << 20))
}

fn encoded(mode: Option<DeflateMode>, conversation: Vec<(Said, Manner)>) -> Encoder {
    let mut encoder = Encoder::new(mode);
    for (said, manner) in conversation {
        encoder.say(said, manner);
    }
    encoder
}

/// Frames, whole and not, and bytes.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        8 => prop::sample::select(vec![0x81, 0x82, 0x01, 0x02, 0x80, 0x00, 0x89, 0x8a, 0xc1, 0xc2, 0x41]),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        4 => vec(any::<u8>(), 0..8),
        1 => Just(b"\xf2\x48\xcd\xc9\xc9\x07\x00".to_vec()),
        1 => Just(b"\xf3\x48\xcd\xc9\xc9\x07\x00".to_vec()),
        1 => vec(b'a'..=b'z', 0..200),
    ];
    let part = prop_oneof![
        8 => (first, payload).prop_map(|(first, payload)| frame(first, &payload)),
        1 => vec(any::<u8>(), 0..12),
    ];
    vec(part, 0..6).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn what_was_said_is_understood(
        mode in mode(),
        conversation in vec((said(), manner()), 0..8),
        cuts in vec(any::<Index>(), 0..20),
    ) {
        let Encoder { wire, expected, .. } = encoded(mode, conversation);
        let outcome = run(decoder(mode), pieces(&wire, &cuts));
        prop_assert_eq!(outcome, Outcome { said: expected, end: Ok(Vec::new()) });
    }

    #[test]
    fn without_data_it_stops_before_each_frame_of_a_message(
        mode in mode(),
        conversation in vec((said(), manner()), 1..8),
    ) {
        let Encoder { wire, data, expected, .. } = encoded(mode, conversation);
        let (mut decoder, mut input) = (decoder(mode), BytesMut::from(&wire[..]));
        let mut said = Vec::new();
        for (start, end) in data {
            while let Some(received) = decoder.decode(&mut input, false).unwrap() {
                prop_assert!(!matches!(received, Received::Message(Message::Text(_) | Message::Binary(_))));
                said.push(received);
            }
            prop_assert_eq!(wire.len() - input.len(), start);
            prop_assert!(decoder.is_in_message(&input));
            // This frame alone.
            let rest = input.split_off(end - start);
            said.extend(decoder.decode(&mut input, true).unwrap());
            prop_assert!(input.is_empty());
            input = rest;
        }
        while let Some(received) = decoder.decode(&mut input, false).unwrap() {
            said.push(received);
        }
        prop_assert_eq!(said, expected);
        prop_assert!(input.is_empty());
    }

    #[test]
    fn noise_ends_the_same_however_it_is_cut(wire in noise(), cuts in vec(any::<Index>(), 0..8)) {
        let outcome = run_cut_everywhere(plain, &wire);
        prop_assert_eq!(run(plain(), pieces(&wire, &cuts)), outcome);
    }

    /// How it is cut may decide which of several faults of one message is found first, but not that one is.
    #[test]
    fn compressed_noise_is_understood_as_far_however_it_is_cut(wire in noise(), cuts in vec(any::<Index>(), 0..8)) {
        for mode in MODES {
            let whole = run(inflating(mode, LIMIT), [&wire[..]]);
            for outcome in [run(inflating(mode, LIMIT), wire.chunks(1)), run(inflating(mode, LIMIT), pieces(&wire, &cuts))] {
                prop_assert_eq!(&outcome.said, &whole.said);
                prop_assert_eq!(outcome.end.is_err(), whole.end.is_err());
            }
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..200), cuts in vec(any::<Index>(), 0..8)) {
        run(plain(), pieces(&bytes, &cuts));
        run(Decoder::new(None, None), pieces(&bytes, &cuts));
    }

    #[test]
    fn one_wrong_byte_ends_the_same_however_it_is_cut(
        conversation in vec((said(), manner()), 1..4),
        place in any::<Index>(),
        byte in any::<u8>(),
    ) {
        let mut wire = encoded(None, conversation).wire;
        let place = place.index(wire.len());
        wire[place] = byte;
        let whole = run(decoder(None), [&wire[..]]);
        prop_assert_eq!(run(decoder(None), wire.chunks(7)), whole);
    }
}
