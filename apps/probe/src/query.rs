use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The parameters of a query.
pub(crate) struct Query<'a>(&'a [u8]);

impl<'a> Query<'a> {
    pub(crate) fn new(query: &'a [u8]) -> Self {
        Self(query)
    }

    /// Whether `name` is given, other than as `0`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "0")
    }

    /// The number called `name`, of at most `max`.
    pub(crate) fn number(&self, name: &'static str, default: u64, max: u64) -> Result<u64, BadQuery> {
        let Some(value) = self.get(name) else { return Ok(default) };
        value.parse().ok().filter(|number| *number <= max).ok_or(BadQuery(name))
    }

    /// The number of seconds called `name`.
    pub(crate) fn seconds(&self, name: &'static str, default: f64) -> Result<Duration, BadQuery> {
        let seconds = self.get(name).map_or(Ok(default), |value| value.parse());
        seconds.ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or(BadQuery(name))
    }

    fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        form_urlencoded::parse(self.0).find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

/// A parameter that cannot be used; the request is answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadQuery(&'static str);

impl fmt::Display for BadQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the query parameter `{}` is not a number in range", self.0)
    }
}

impl std::error::Error for BadQuery {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let query = Query::new(b"n=3&x=&y=-1&z=%34");
        assert_eq!(query.number("n", 9, 3), Ok(3));
        assert_eq!(query.number("absent", 9, 3), Ok(9));
        assert_eq!(query.number("z", 9, 9), Ok(4));
        assert_eq!(query.number("n", 9, 2), Err(BadQuery("n")));
        assert_eq!(query.number("x", 9, 9), Err(BadQuery("x")));
        assert_eq!(query.number("y", 9, 9), Err(BadQuery("y")));
    }

    #[test]
    fn seconds() {
        let query = Query::new(b"t=0.25&minus=-1&nan=nan&far=1e300");
        assert_eq!(query.seconds("t", 1.0), Ok(Duration::from_millis(250)));
        assert_eq!(query.seconds("absent", 1.0), Ok(Duration::from_secs(1)));
        for name in ["minus", "nan", "far"] {
            assert_eq!(query.seconds(name, 1.0), Err(BadQuery(name)));
        }
    }

    #[test]
    fn flags() {
        let query = Query::new(b"on=1&bare&off=0");
        assert!(query.flag("on") && query.flag("bare") && !query.flag("off") && !query.flag("absent"));
    }
}
