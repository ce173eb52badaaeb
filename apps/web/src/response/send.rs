use super::{Content, Response, add};
use crate::{Error, Problem};
use std::future::Future;
use std::pin::Pin;
use transom::{Headers, HttpScope, Outgoing, Sender};

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How problems become responses.
pub(crate) type Render = dyn Fn(&Problem, &HttpScope) -> Response + Send + Sync;

/// Where a response goes.
pub(crate) struct Destination<'a> {
    pub(crate) scope: &'a HttpScope,
    pub(crate) send: &'a mut Sender,
    pub(crate) render: Option<&'a Render>,
}

/// A response of more than one event.
pub(crate) trait Respond: Send {
    /// Sends all of it.
    fn respond<'a>(
        self: Box<Self>,
        status: u16,
        headers: Headers,
        to: Destination<'a>,
    ) -> BoxFuture<'a, Result<(), Error>>;
}

impl Response {
    /// Sends it, and does what there is to be done afterwards.
    pub(crate) async fn send(self, to: Destination<'_>) -> Result<(), Error> {
        let Self { status, headers, content, background } = self;
        let sent = match content {
            Content::Bytes(body) => {
                to.send.send(Outgoing::Response { status, headers, body }).await.map_err(Error::from)
            }
            other => Box::pin(send(status, headers, other, to)).await,
        };
        for work in background {
            work.await?;
        }
        sent
    }
}

async fn send(status: u16, headers: Headers, content: Content, to: Destination<'_>) -> Result<(), Error> {
    match content {
        Content::Bytes(body) => Ok(to.send.send(Outgoing::Response { status, headers, body }).await?),
        Content::Failure(error) => Err(error),
        Content::Respond(respond) => respond.respond(status, headers, to).await,
        Content::Problem(problem) => {
            let rendered = match to.render {
                Some(render) => render(&problem, to.scope),
                None => problem.to_response(),
            };
            let mut fields = rendered.headers;
            add(&mut fields, &headers);
            match rendered.content {
                // A page for a problem that is a problem itself is sent as it is by default.
                Content::Problem(other) => {
                    let Response { headers, content, .. } = other.to_response();
                    Box::pin(send(status, headers, content, Destination { render: None, ..to })).await
                }
                content => Box::pin(send(status, fields, content, to)).await,
            }
        }
    }
}
