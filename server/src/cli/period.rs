use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time, written as seconds or with units: `10`, `500ms`, `1m30s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Period(pub(super) Duration);

impl Period {
    /// As a timeout, which zero switches off.
    pub(super) fn timeout(self) -> Option<Duration> {
        (!self.0.is_zero()).then_some(self.0)
    }

    /// The text for a timeout that may be off.
    pub(super) fn of(timeout: Option<Duration>) -> Self {
        Self(timeout.unwrap_or_default())
    }
}

/// A deadline must stay within what the clock can express; nobody waits that long.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let (mut millis, mut rest) = (0u64, text);
        // At least one part, so that nothing at all is not zero.
        while !rest.is_empty() || text.is_empty() {
            let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            let number: u64 = rest[..digits].parse().map_err(|_| PeriodError::Form)?;
            rest = &rest[digits..];
            let letters = rest.find(|letter: char| letter.is_ascii_digit()).unwrap_or(rest.len());
            let unit = match &rest[..letters] {
                "ms" => 1,
                "s" => 1000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                // Without a unit it is seconds, but only if it is all there is.
                "" if digits == text.len() => 1000,
                _ => return Err(PeriodError::Form),
            };
            rest = &rest[letters..];
            millis = millis.saturating_add(number.saturating_mul(unit));
        }
        let duration = Duration::from_millis(millis);
        if duration > LONGEST { Err(PeriodError::TooLong) } else { Ok(Self(duration)) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            0 => f.write_str("0"),
            millis if millis % 1000 == 0 => write!(f, "{}s", millis / 1000),
            millis => write!(f, "{millis}ms"),
        }
    }
}

/// The text is not a [`Period`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PeriodError {
    Form,
    TooLong,
}

impl fmt::Display for PeriodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "expected seconds or a duration such as 10, 10s, 500ms, 2m or 1m30s",
            Self::TooLong => "too long, expected at most 365 days",
        })
    }
}

impl std::error::Error for PeriodError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("10", 10_000),
            ("10s", 10_000),
            ("500ms", 500),
            ("1s500ms", 1500),
            ("2m", 120_000),
            ("1m30s", 90_000),
            ("1h", 3_600_000),
            ("365d", 365 * 24 * 3_600_000),
        ] {
            assert_eq!(text.parse(), Ok(Period(Duration::from_millis(millis))), "{text}");
        }
        for bad in ["", "s", "-1", "1.5", "1.5s", "10 s", "10x", "1m30", "m", "1mm", "\u{b2}s"] {
            assert_eq!(bad.parse::<Period>(), Err(PeriodError::Form), "{bad}");
        }
        for long in ["366d", "18446744073709551615", "18446744073709551615d1s"] {
            assert_eq!(long.parse::<Period>(), Err(PeriodError::TooLong), "{long}");
        }
    }

    #[test]
    fn shown_so_that_it_can_be_typed() {
        for (millis, text) in [(0, "0"), (75_000, "75s"), (500, "500ms"), (1500, "1500ms")] {
            let period = Period(Duration::from_millis(millis));
            assert_eq!(period.to_string(), text);
            assert_eq!(text.parse(), Ok(period));
        }
    }
}
