use crate::query::Query;
use crate::record::Record;
use bytes::Bytes;
use transom::{BodyHint, End, Error, Headers, HttpScope, Incoming, Method, Outgoing, Receiver, SendError, Sender};

/// One HTTP request, and what it takes to answer it.
pub(crate) struct Call<'a> {
    pub(crate) scope: HttpScope,
    pub(crate) record: &'a Record,
    receive: Receiver,
    send: Sender,
    /// The body, or a part of it, is still to come.
    unread: bool,
}

/// The fields of a response that has no others.
pub(crate) const TEXT: Headers = Headers::from_static(&[("content-type", "text/plain")]);

impl<'a> Call<'a> {
    pub(crate) fn new(scope: HttpScope, receive: Receiver, send: Sender, record: &'a Record) -> Self {
        let unread = scope.body() != BodyHint::None;
        Self { scope, record, receive, send, unread }
    }

    /// The query of the request.
    pub(crate) fn query(&self) -> Query<'_> {
        Query::new(self.scope.query().unwrap_or_default())
    }

    /// Whether nobody will see a response body.
    pub(crate) fn is_head(&self) -> bool {
        *self.scope.method() == Method::Head
    }

    /// The next bytes of the request body; `None` at its end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, SendError> {
        while self.unread {
            match self.receive.recv().await {
                Incoming::Body { data, more } => {
                    self.unread = more;
                    return Ok(Some(data));
                }
                Incoming::Trailers(_) => self.unread = false,
                Incoming::End(end) => return Err(SendError::Disconnected(end)),
                _ => {}
            }
        }
        Ok(None)
    }

    /// The whole request body.
    pub(crate) async fn read(&mut self) -> Result<Vec<u8>, SendError> {
        let mut body = Vec::new();
        while let Some(data) = self.next().await? {
            body.extend_from_slice(&data);
        }
        Ok(body)
    }

    /// Waits until the exchange is over.
    pub(crate) async fn end(&mut self) -> End {
        loop {
            if let Incoming::End(end) = self.receive.recv().await {
                return end;
            }
        }
    }

    /// Answers with text and status 200.
    pub(crate) async fn answer(&mut self, body: impl Into<Bytes>) -> Result<(), Error> {
        self.respond(200, TEXT, body).await
    }

    /// Answers in one event, to which the server adds `content-length`.
    pub(crate) async fn respond(&mut self, status: u16, headers: Headers, body: impl Into<Bytes>) -> Result<(), Error> {
        Ok(self.send.send(Outgoing::Response { status, headers, body: body.into() }).await?)
    }

    /// Starts an answer with status 200.
    pub(crate) async fn start(&mut self, headers: Headers) -> Result<(), Error> {
        Ok(self.send.send(Outgoing::Start { status: 200, headers }).await?)
    }

    /// Sends a part of the answer that more will follow.
    pub(crate) async fn part(&mut self, data: impl Into<Bytes>) -> Result<(), Error> {
        Ok(self.send.send(Outgoing::Body { data: data.into(), more: true }).await?)
    }

    /// Sends the last part of the answer.
    pub(crate) async fn finish(&mut self, data: impl Into<Bytes>) -> Result<(), Error> {
        Ok(self.send.send(Outgoing::Body { data: data.into(), more: false }).await?)
    }
}
