//! Texts as they may be.

use serde::Deserialize;
use time::Date;
use time::format_description::well_known::Iso8601;

/// One line of 1 to 200 characters, without space around it.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Title(String);

/// Lines of 10,000 characters at most.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Description(String);

/// A date.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Due(Date);

const LONGEST_TITLE: usize = 200;
const LONGEST_DESCRIPTION: usize = 10_000;

impl TryFrom<String> for Title {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        match text.chars().count() {
            0 => Err("it is empty".into()),
            1..=LONGEST_TITLE if text.contains(char::is_control) => Err("it has control characters".into()),
            1..=LONGEST_TITLE => Ok(Self(text.to_owned())),
            _ => Err(format!("it is longer than {LONGEST_TITLE} characters")),
        }
    }
}

impl TryFrom<String> for Description {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.replace("\r\n", "\n");
        if text.contains(|character: char| character.is_control() && !matches!(character, '\n' | '\t')) {
            return Err("it has control characters".into());
        }
        if text.chars().count() > LONGEST_DESCRIPTION {
            return Err(format!("it is longer than {LONGEST_DESCRIPTION} characters"));
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for Due {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        Date::parse(&text, &Iso8601::DATE).map(Self).map_err(|_| "it is not a date like 2026-12-31")
    }
}

impl From<Title> for String {
    fn from(title: Title) -> Self {
        title.0
    }
}

impl From<Description> for String {
    fn from(description: Description) -> Self {
        description.0
    }
}

impl From<Due> for String {
    fn from(due: Due) -> Self {
        due.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(text: &str) -> Result<String, String> {
        Title::try_from(text.to_owned()).map(Into::into)
    }

    #[test]
    fn titles() {
        assert_eq!(title("  Ship it \u{1F680} "), Ok("Ship it \u{1F680}".into()));
        assert_eq!(title(&"ü".repeat(200)), Ok("ü".repeat(200)));
        assert!(title(&"ü".repeat(201)).is_err());
        assert!(title(" \n").is_err() && title("a\nb").is_err() && title("a\0b").is_err());
    }

    #[test]
    fn descriptions() {
        let description = |text: &str| Description::try_from(text.to_owned()).map(String::from);
        assert_eq!(description("a\r\nb\tc\n"), Ok("a\nb\tc\n".into()));
        assert!(description("\0").is_err() && description(&"x".repeat(10_001)).is_err());
    }

    #[test]
    fn dates() {
        let due = |text: &str| Due::try_from(text.to_owned()).map(String::from);
        assert_eq!(due("2028-02-29"), Ok("2028-02-29".into()));
        assert!(due("2027-02-29").is_err() && due("tomorrow").is_err() && due("").is_err());
    }
}
