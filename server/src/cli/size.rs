use std::fmt;
use std::str::FromStr;

/// A number of bytes, written with or without a unit; units are powers of 1024, as nginx has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Size(pub(super) u64);

impl Size {
    /// As a number of bytes in memory.
    pub(super) fn in_memory(self) -> usize {
        // More than memory can hold is no limit in memory.
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// What cannot be switched off and makes no sense at nothing.
    pub(super) fn above_zero(text: &str) -> Result<Self, SizeError> {
        text.parse().and_then(|size| if size == Self(0) { Err(SizeError::Zero) } else { Ok(size) })
    }
}

impl From<usize> for Size {
    fn from(bytes: usize) -> Self {
        Self(bytes as u64)
    }
}

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let shift = match unit.to_ascii_lowercase().as_str() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 10,
            "m" | "mb" | "mib" => 20,
            "g" | "gb" | "gib" => 30,
            _ => return Err(SizeError::Form),
        };
        let number: u64 = number.parse().map_err(|_| SizeError::Form)?;
        number.checked_mul(1 << shift).map(Self).ok_or(SizeError::TooLarge)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(30, "G"), (20, "M"), (10, "k")];
        match units.into_iter().find(|(shift, _)| self.0 != 0 && self.0.is_multiple_of(1 << shift)) {
            Some((shift, unit)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}", self.0),
        }
    }
}

/// The text is not a [`Size`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SizeError {
    Form,
    TooLarge,
    Zero,
}

impl fmt::Display for SizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "expected bytes such as 65536, 64k, 64KiB, 1M or 1G",
            Self::TooLarge => "too large",
            Self::Zero => "it cannot be switched off, expected at least 1",
        })
    }
}

impl std::error::Error for SizeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, bytes) in [
            ("0", 0),
            ("65536", 65536),
            ("12b", 12),
            ("8k", 8 << 10),
            ("8KB", 8 << 10),
            ("8KiB", 8 << 10),
            ("1M", 1 << 20),
            ("3mib", 3 << 20),
            ("2G", 2 << 30),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for bad in ["", "k", "-1", "+1", "1.5k", "1 k", "1e3", "1T", "8x", " 8"] {
            assert_eq!(bad.parse::<Size>(), Err(SizeError::Form), "{bad}");
        }
        assert_eq!("17179869184G".parse::<Size>(), Err(SizeError::TooLarge));
        assert_eq!((Size::above_zero("0"), Size::above_zero("1")), (Err(SizeError::Zero), Ok(Size(1))));
    }

    #[test]
    fn shown_in_the_largest_unit() {
        for (bytes, text) in [(0, "0"), (1000, "1000"), (8 << 10, "8k"), (3 << 20, "3M"), (1 << 40, "1024G")] {
            assert_eq!(Size(bytes).to_string(), text);
            assert_eq!(text.parse(), Ok(Size(bytes)));
        }
    }
}
