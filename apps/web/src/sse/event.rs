use bytes::Bytes;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// A server-sent event, as the HTML standard has it (section 9.2).
///
/// ```
/// use transom_web::sse::Event;
///
/// let event = Event::new().event("moved").id("7").data("card 3\nto 4");
/// assert_eq!(event.to_string(), "event: moved\nid: 7\ndata: card 3\ndata: to 4\n\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "an event is sent when its stream gives it"]
pub struct Event(String);

impl Event {
    /// An event without fields. Browsers pass over one that has no data, but for its id and retry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds data: each line of it is one.
    pub fn data(self, data: impl AsRef<str>) -> Self {
        lines(data.as_ref()).fold(self, |event, line| event.field("data", line))
    }

    /// Adds data that is JSON.
    ///
    /// # Errors
    /// `value` cannot be JSON.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, serde_json::Error> {
        // It is in one line: what is written for machines has no others.
        Ok(self.field("data", &serde_json::to_string(value)?))
    }

    /// The kind of event, by which browsers find who listens; `message` without one. Ends of lines are left out, which
    /// would make fields of their own.
    pub fn event(self, kind: &str) -> Self {
        let kind = one_line(kind);
        self.field("event", &kind)
    }

    /// Its id, which the client tells when it comes [back](super::LastEventId). Ends of lines are left out, and NUL, for
    /// which browsers would pass over it.
    pub fn id(self, id: &str) -> Self {
        let id = one_line(id);
        self.field("id", &id)
    }

    /// How long the client is to wait before it comes back, in whole milliseconds.
    pub fn retry(self, wait: Duration) -> Self {
        self.field("retry", &wait.as_millis().to_string())
    }

    /// Adds a comment, which browsers pass over.
    pub fn comment(self, text: impl AsRef<str>) -> Self {
        lines(text.as_ref()).fold(self, |event, line| event.field("", line))
    }

    fn field(mut self, name: &str, value: &str) -> Self {
        // A browser takes away one space, and no more.
        for text in [name, ": ", value, "\n"] {
            self.0.push_str(text);
        }
        self
    }

    pub(super) fn into_bytes(self) -> Bytes {
        let mut text = self.0;
        text.push('\n');
        text.into()
    }
}

/// As it is sent.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.0)
    }
}

/// The lines of a text, whichever of the three ends they have.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_three_ways() {
        for (text, sent) in [
            ("", "data: \n"),
            ("a", "data: a\n"),
            (" a", "data:  a\n"),
            ("a\nb", "data: a\ndata: b\n"),
            ("a\r\nb\rc\n", "data: a\ndata: b\ndata: c\ndata: \n"),
            ("\r\r\n", "data: \ndata: \ndata: \n"),
            ("a\n\rb", "data: a\ndata: \ndata: b\n"),
        ] {
            assert_eq!(Event::new().data(text), Event(sent.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn nothing_gets_out_of_a_field() {
        let event = Event::new().event("a\r\ndata: x").id("7\0\n\n8").comment("b\n\nretry: 1");
        assert_eq!(event.to_string(), "event: adata: x\nid: 78\n: b\n: \n: retry: 1\n\n");
    }

    #[test]
    fn json_and_retry() {
        let event = Event::new().retry(Duration::from_millis(2500)).json(&["a\nb"]).unwrap();
        assert_eq!(event.into_bytes(), "retry: 2500\ndata: [\"a\\nb\"]\n\n");
        let map = std::collections::BTreeMap::from([((1, 2), 3)]);
        assert!(Event::new().json(&map).is_err());
    }
}
