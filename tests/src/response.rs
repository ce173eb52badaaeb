use crate::Client;
use std::io::{Read, Write};

/// A response, its framing taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The fields as they were sent, in order.
    pub fields: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The trailer fields.
    pub trailers: Vec<(String, String)>,
}

impl Response {
    /// The value of the only field called `name`.
    ///
    /// # Panics
    /// If there are several.
    #[track_caller]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|field| field.0 == name).map(|field| &*field.1);
        let value = values.next();
        assert_eq!(values.next(), None, "a second {name}");
        value
    }

    /// Whether the server says that it closes the connection.
    pub fn closes(&self) -> bool {
        self.field("connection") == Some("close")
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("these tests send and expect UTF-8")
    }
}

impl<S: Read + Write> Client<S> {
    /// Reads one response to a GET, up to its last byte.
    ///
    /// # Panics
    /// If it is not well-formed, or the connection ends within it.
    #[track_caller]
    pub fn response(&mut self) -> Response {
        let mut response = self.head();
        let length = response.field("content-length").map(|length| length.parse().expect("a length"));
        match response.field("transfer-encoding") {
            _ if matches!(response.status, 100..200 | 204 | 304) => assert_eq!(length, None),
            Some("chunked") => {
                assert_eq!(length, None, "both framings");
                self.chunks(&mut response);
            }
            Some(other) => panic!("transfer-encoding: {other}"),
            None => {
                response.body = match length {
                    Some(length) => self.take(length),
                    None => self.rest().0,
                }
            }
        }
        response
    }

    /// Reads the head of a response.
    #[track_caller]
    pub fn head(&mut self) -> Response {
        let line = self.line();
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.split(' ').next()?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {line:?}"));
        Response { status, fields: self.fields(), body: Vec::new(), trailers: Vec::new() }
    }

    /// Reads one chunk; empty is the last.
    #[track_caller]
    pub fn chunk(&mut self) -> Vec<u8> {
        let line = self.line();
        let size = usize::from_str_radix(&line, 16).expect("the size of a chunk");
        let data = self.take(size);
        if size > 0 {
            assert_eq!(self.line(), "", "behind the data of a chunk");
        }
        data
    }

    #[track_caller]
    fn chunks(&mut self, response: &mut Response) {
        loop {
            let data = self.chunk();
            if data.is_empty() {
                response.trailers = self.fields();
                return;
            }
            response.body.extend(data);
        }
    }

    #[track_caller]
    fn fields(&mut self) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                return fields;
            }
            let (name, value) = line.split_once(": ").expect("a field line");
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
}
