//! How much of a list is asked for.

use serde::Deserialize;

/// How many of a list are wanted: 1 to 200.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct Limit(i64);

const MOST: i64 = 200;

impl Limit {
    /// The page of what was found when one more than the limit was looked for, and whether there is more.
    pub(super) fn page<T>(self, mut found: Vec<T>) -> (Vec<T>, bool) {
        let more = found.len() as i64 > self.0;
        found.truncate(self.0 as usize);
        (found, more)
    }

    /// How many to look for.
    pub(super) fn with_one_more(self) -> i64 {
        self.0 + 1
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<i64> for Limit {
    type Error = String;

    fn try_from(count: i64) -> Result<Self, String> {
        if (1..=MOST).contains(&count) { Ok(Self(count)) } else { Err(format!("it is not from 1 to {MOST}")) }
    }
}
