//! The `date` field of responses (RFC 9110 section 6.6.1), rendered once a second and thread.

use httpdate::HttpDate;
use std::cell::RefCell;
use std::io::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Appends `date: Sat, 21 Nov 2026 08:00:00 GMT` and a line end. `now` is the present, or a little before it.
#[inline]
pub(crate) fn append(now: Instant, out: &mut Vec<u8>) {
    thread_local! {
        static FIELD: RefCell<Field> = const { RefCell::new(Field::new()) };
    }
    FIELD.with_borrow_mut(|field| out.extend_from_slice(field.at(now, SystemTime::now)));
}

/// The rendered field line.
#[derive(Debug)]
struct Field {
    line: [u8; LINE.len()],
    /// When the second that it tells is over; none before the first rendering.
    expires: Option<Instant>,
}

/// The form of every line; the date has 29 bytes in each year of four digits.
const LINE: [u8; 37] = *b"date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";

const NAME: usize = "date: ".len();

/// The last second of the year 9999, after which the format has no room.
const LAST: Duration = Duration::from_secs(253_402_300_799);

impl Field {
    const fn new() -> Self {
        Self { line: LINE, expires: None }
    }

    /// The line for `now`; asks for the time of day only where the rendered line has expired.
    #[inline]
    fn at(&mut self, now: Instant, time: impl FnOnce() -> SystemTime) -> &[u8] {
        if self.expires.is_none_or(|expires| now >= expires) {
            self.render(now, time());
        }
        &self.line
    }

    /// The line is good until the wall clock shows another second. A clock that is set meanwhile is followed at the
    /// next rendering, less than a second later; one outside of what the format can tell is taken for the nearest
    /// that it can.
    #[cold]
    fn render(&mut self, now: Instant, time: SystemTime) {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let date = HttpDate::from(UNIX_EPOCH + since.min(LAST));
        write!(&mut self.line[NAME..], "{date}").expect("a date of 29 bytes");
        self.expires = Some(now + Duration::from_secs(1) - Duration::from_nanos(since.subsec_nanos().into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21 08:00:00 and so many milliseconds.
    fn time(millis: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(1_795_248_000_000 + millis)
    }

    fn never() -> SystemTime {
        panic!("asked for the time before the line expired")
    }

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn format() {
        let mut out = b"server: x\r\n".to_vec();
        append(Instant::now(), &mut out);
        let line = std::str::from_utf8(&out).unwrap().strip_prefix("server: x\r\ndate: ").unwrap();
        let date: HttpDate = line.strip_suffix("\r\n").unwrap().parse().unwrap();
        let age = SystemTime::now().duration_since(date.into()).unwrap();
        assert!(age < Duration::from_secs(60), "{line}");
        assert_eq!(Field::new().at(Instant::now(), || time(0)), b"date: Sat, 21 Nov 2026 08:00:00 GMT\r\n");
    }

    #[test]
    fn a_line_is_good_until_the_second_is_over() {
        let start = Instant::now();
        let mut field = Field::new();
        let line = field.at(start, || time(300)).to_vec();
        assert_eq!(line, b"date: Sat, 21 Nov 2026 08:00:00 GMT\r\n");
        assert_eq!(field.at(start + millis(699), never), line);
        assert_eq!(field.at(start + millis(700), || time(1000)), b"date: Sat, 21 Nov 2026 08:00:01 GMT\r\n");
        assert_eq!(field.at(start + millis(1699), never), b"date: Sat, 21 Nov 2026 08:00:01 GMT\r\n");
        assert_eq!(field.at(start + millis(9000), || time(9300)), b"date: Sat, 21 Nov 2026 08:00:09 GMT\r\n");
    }

    #[test]
    fn an_instant_before_the_rendering_gets_the_newer_line() {
        let start = Instant::now();
        let mut field = Field::new();
        let line = field.at(start + millis(500), || time(0)).to_vec();
        assert_eq!(field.at(start, never), line);
    }

    #[test]
    fn a_clock_that_is_set_back_is_followed() {
        let start = Instant::now();
        let mut field = Field::new();
        field.at(start, || time(3_600_900));
        assert_eq!(field.at(start + millis(100), || time(500)), b"date: Sat, 21 Nov 2026 08:00:00 GMT\r\n");
        assert_eq!(field.at(start + millis(599), never), b"date: Sat, 21 Nov 2026 08:00:00 GMT\r\n");
    }

    #[test]
    fn a_clock_outside_of_the_format_is_no_panic() {
        let start = Instant::now();
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Field::new().at(start, || before), b"date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
        let after = UNIX_EPOCH + LAST + millis(1500);
        assert_eq!(Field::new().at(start, || after), b"date: Fri, 31 Dec 9999 23:59:59 GMT\r\n");
    }
}
