//! Points in time as the formats want them, in UTC.

use super::put;
use httpdate::HttpDate;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Appends Apache's form: `21/Nov/2026:08:00:00 +0000`.
pub(super) fn apache(time: SystemTime, line: &mut Vec<u8>) {
    let date = Date::of(time);
    for part in [date.day(), b"/", date.month(), b"/", date.year(), b":", date.clock(), b" +0000"] {
        line.extend_from_slice(part);
    }
}

/// Appends the form of RFC 3339, to the millisecond: `2026-11-21T08:00:00.000Z`.
pub(super) fn rfc3339(time: SystemTime, line: &mut Vec<u8>) {
    let date = Date::of(time);
    let month = MONTHS.iter().position(|name| *name == date.month()).map_or(0, |index| index + 1);
    line.extend_from_slice(date.year());
    put(line, format_args!("-{month:02}-"));
    for part in [date.day(), b"T", date.clock()] {
        line.extend_from_slice(part);
    }
    put(line, format_args!(".{:03}Z", date.millis));
}

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// The parts of an HTTP date, `Sat, 21 Nov 2026 08:00:00 GMT` (RFC 9110 section 5.6.7).
struct Date {
    text: [u8; 29],
    millis: u32,
}

impl Date {
    fn of(time: SystemTime) -> Self {
        // A clock that is set wrong must not stop the server, and an HTTP date has years of 1970 to 9999 only.
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default().min(Duration::from_secs(253_402_300_799));
        let mut text = [b' '; 29];
        write!(&mut text[..], "{}", HttpDate::from(UNIX_EPOCH + since)).expect("an HTTP date has 29 bytes");
        Self { text, millis: since.subsec_millis() }
    }

    fn day(&self) -> &[u8] {
        &self.text[5..7]
    }

    fn month(&self) -> &[u8] {
        &self.text[8..11]
    }

    fn year(&self) -> &[u8] {
        &self.text[12..16]
    }

    fn clock(&self) -> &[u8] {
        &self.text[17..25]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(time: SystemTime) -> (String, String) {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        apache(time, &mut first);
        rfc3339(time, &mut second);
        (String::from_utf8(first).expect("ASCII"), String::from_utf8(second).expect("ASCII"))
    }

    #[test]
    fn known_times() {
        for (millis, in_apache, in_rfc3339) in [
            (0, "01/Jan/1970:00:00:00 +0000", "1970-01-01T00:00:00.000Z"),
            (1_709_208_000_007, "29/Feb/2024:12:00:00 +0000", "2024-02-29T12:00:00.007Z"),
            (1_795_248_000_120, "21/Nov/2026:08:00:00 +0000", "2026-11-21T08:00:00.120Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_millis(millis);
            assert_eq!(both(time), (in_apache.to_owned(), in_rfc3339.to_owned()));
        }
    }

    #[test]
    fn a_clock_out_of_range_is_no_panic() {
        assert_eq!(both(UNIX_EPOCH - Duration::from_secs(1)).1, "1970-01-01T00:00:00.000Z");
        assert!(both(UNIX_EPOCH + Duration::from_secs(1 << 40)).1.starts_with("9999-12-31T23:59:59"));
    }
}
