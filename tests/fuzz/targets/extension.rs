//! The negotiation of permessage-deflate: an answer keeps to the offer, and is one that would be given to itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use transom_server::DeflateMode;
use transom_server::fuzzing::{Deflate, agree};

fuzz_target!(|input: &[u8]| {
    let values: Vec<_> = input.split(|&byte| byte == b'\n').collect();
    let answer = |mode| agree(values.iter().copied(), mode);
    let (off, each, takeover) =
        (answer(DeflateMode::Off), answer(DeflateMode::PerMessage), answer(DeflateMode::ContextTakeover));
    assert_eq!(off, takeover.map(|_| None));
    assert_eq!(each.map(|agreed| agreed.is_some()), takeover.map(|agreed| agreed.is_some()));
    if let Ok(Some(agreed)) = each {
        assert_eq!(agreed.context_takeover(), (false, false));
        check(agreed, input);
    }
    if let Ok(Some(agreed)) = takeover {
        check(agreed, input);
    }
    // Several fields are one list (RFC 9110 section 5.3).
    if takeover.is_ok() {
        assert_eq!(agree([&*values.join(&b", "[..])], DeflateMode::ContextTakeover), takeover);
    }
});

fn check(agreed: Deflate, offer: &[u8]) {
    let answer = agreed.answer();
    assert_eq!(agree([&*answer], DeflateMode::ContextTakeover), Ok(Some(agreed)));
    let text = String::from_utf8(answer).expect("ASCII");
    let mut parameters = text.split("; ");
    assert_eq!(parameters.next(), Some("permessage-deflate"));
    let offers = |name: &str| offer.windows(name.len()).any(|window| window == name.as_bytes());
    let mut before = Vec::new();
    for parameter in parameters {
        let (name, value) = parameter.split_once('=').map_or((parameter, None), |(name, value)| (name, Some(value)));
        let bits = value.map(|value| value.parse::<u8>().expect("a number"));
        assert!(match (name, bits) {
            ("server_no_context_takeover" | "client_no_context_takeover", None) => true,
            ("server_max_window_bits", Some(9..=15)) => offers(name),
            // RFC 7692 section 7.1.2.2: only if it was offered.
            ("client_max_window_bits", Some(8..=14)) => offers(name),
            _ => false,
        });
        assert!(!before.contains(&name));
        before.push(name);
    }
    assert_eq!(agreed.context_takeover().0, !before.contains(&"server_no_context_takeover"));
    assert!((9..=15).contains(&agreed.server_window_bits()));
}
