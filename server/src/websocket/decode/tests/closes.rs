//! The payload of close frames (RFC 6455 section 5.5.1).

use super::*;

fn of(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FINAL | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

#[test]
fn codes_are_those_of_the_registry_that_a_peer_may_send() {
    // RFC 6455 sections 7.4.1 and 7.4.2, and what IANA has registered since; 1004 is reserved, and 1005, 1006 and 1015
    // never stand in a frame.
    let registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    for code in 0..=u16::MAX {
        let legal = registered.contains(&code) || (3000..5000).contains(&code);
        let expected = if legal { Ok(Some(close(Some(code), "why"))) } else { Err(Fault::CloseCode) };
        assert_eq!(plain().decode(&mut BytesMut::from(&of(code, b"why")[..]), true), expected, "{code}");
    }
}

#[test]
fn reasons() {
    accepts(plain, &of(1000, b""), &[close(Some(1000), "")]);
    accepts(
        plain,
        &of(1000, "gr\u{fc}\u{df}e \u{1f44b}".as_bytes()),
        &[close(Some(1000), "gr\u{fc}\u{df}e \u{1f44b}")],
    );
    let longest = "x".repeat(123);
    let outcome = run_cut_everywhere(plain, &of(4999, longest.as_bytes()));
    assert_eq!(outcome.said, [Received::Close(Some(4999), longest.into())]);
    refuses(plain, &of(1000, &[b'x'; 124]), &[], Fault::LongControl);
    for reason in [&b"\xff"[..], b"ab\xc3", b"\xed\xa0\x80", b"\xc0\x80"] {
        refuses(plain, &of(1000, reason), &[], Fault::CloseReason);
    }
}

#[test]
fn a_code_has_two_bytes() {
    accepts(plain, &frame(FINAL | CLOSE, b""), &[close(None, "")]);
    refuses(plain, &frame(FINAL | CLOSE, b"\x03"), &[], Fault::CloseLength);
}

#[test]
fn the_code_is_at_fault_before_the_reason() {
    refuses(plain, &of(1005, b"\xff"), &[], Fault::CloseCode);
}
