//! One WebSocket, from the handshake to the close.

use super::decode::Decoder;
use super::deflate::Inflater;
use super::exchange::{Closing, Exchange, Finished, ID, Progress};
use super::handshake::Handshake;
use super::keepalive::Keepalive;
use super::running::Last;
use crate::access_log::{Outcome, Record, WebSocketRecord};
use crate::application::Call;
use crate::http1::{self, After, Framing, HandedOver, Request};
use crate::output::Output;
use crate::worker::InFlight;
use bytes::BytesMut;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Waker;
use std::time::SystemTime;
use tokio::sync::futures::Notified;
use tokio::time::Instant;
use transom::order::{Returned, WebSocketReturned};
use transom::{End, Error, Head, Headers, Message, Receiver, Scope, Sender, WebSocketScope};

/// Serves the WebSocket that a request asks for, and says what comes after it.
pub(crate) async fn serve(http: &mut http1::Connection<'_>, request: Request) -> After {
    let mut drained = pin!(http.worker.drained());
    let mut connection = match Connection::open(http, &request) {
        Ok(connection) => connection,
        Err(after) => return after,
    };
    let result = poll_fn(|cx| connection.poll_call(drained.as_mut(), cx)).await.into_result();
    connection.conclude(result, drained).await
}

pub(super) struct Connection<'a, 'w> {
    pub(super) http: &'a mut http1::Connection<'w>,
    pub(super) exchange: Arc<Exchange>,
    pub(super) call: Box<dyn Call>,
    pub(super) decoder: Decoder,
    pub(super) input: BytesMut,
    /// What was decoded and not yet left to be received.
    pub(super) decoded: VecDeque<Message>,
    /// The last thing that the peer said, until the application has seen what came before it.
    pub(super) last: Option<Last>,
    /// What was taken over from the exchange to be written.
    pub(super) writing: Output,
    pub(super) progress: Progress,
    pub(super) keepalive: Keepalive,
    /// When the peer's close frame must have come.
    pub(super) close_deadline: Option<Instant>,
    /// Something was read, and nothing written since.
    pub(super) answers: bool,
    /// The peer is not read from, because the application does not receive.
    pub(super) blocked: bool,
    /// Nothing comes from the peer any more, and nothing can be sent to it.
    pub(super) ended: bool,
    /// The sending side is closed.
    pub(super) shut: bool,
    /// The call has returned: nobody receives any more.
    pub(super) returned: bool,
    pub(super) told_of_drain: bool,
    /// The acceptance is recorded.
    pub(super) accepted: bool,
    /// How it ended, if not in order.
    pub(super) failure: Option<Outcome>,
    head: Arc<Head>,
    /// When it began, if it is to be recorded.
    begun: Option<(SystemTime, Instant)>,
    concluded: bool,
    _in_flight: InFlight<'w>,
}

impl<'a, 'w> Connection<'a, 'w> {
    /// Begins the call, unless the request is declined.
    fn open(http: &'a mut http1::Connection<'w>, request: &Request) -> Result<Self, After> {
        let (worker, now, begun) = (http.worker, http.now, http.begins());
        let scope = WebSocketScope::new(http.scope(worker.websocket_capabilities()));
        let handshake = match Handshake::of(scope.http(), worker.config().websocket.deflate) {
            Ok(handshake) => handshake,
            Err(refused) => return Err(http.decline(request, refused.status(), &refused.headers())),
        };
        let Some(in_flight) = worker.enter() else {
            return Err(http.decline(request, 503, &Headers::from_static(&[("retry-after", "1")])));
        };
        let config = &worker.config().websocket;
        let decoder = Decoder::new(config.max_message, handshake.deflate.map(Inflater::new));
        let exchange = Arc::new(Exchange::new(worker, &scope, handshake, request.asked, now));
        let HandedOver { mut call, head, input, output } = http.hand_over();
        let receive = Receiver::new(Arc::clone(&exchange) as _, ID);
        let send = Sender::new(Arc::clone(&exchange) as _, ID);
        call.start(Scope::WebSocket(scope), receive, send);
        Ok(Self {
            http,
            exchange,
            call,
            decoder,
            input,
            decoded: VecDeque::new(),
            last: None,
            writing: output,
            progress: Progress {
                accepted: false,
                closing: Closing::Open,
                received: true,
                abandoned: false,
                deaf: false,
            },
            keepalive: Keepalive::new(config, now),
            close_deadline: None,
            answers: false,
            blocked: false,
            ended: false,
            shut: false,
            returned: false,
            told_of_drain: false,
            accepted: false,
            failure: None,
            head,
            begun,
            concluded: false,
            _in_flight: in_flight,
        })
    }

    /// Answers for the call where it did not, and closes what it left open.
    async fn conclude(&mut self, result: Result<(), Error>, mut drained: Pin<&mut Notified<'_>>) -> After {
        let finished = self.exchange.finish(result.as_ref().copied());
        self.returned = true;
        self.report(&result, &finished);
        match finished.returned {
            WebSocketReturned::Handshake(Returned::Respond(status)) if !self.ended => self.exchange.respond(status),
            WebSocketReturned::Close(code) => {
                self.exchange.close(code, Waker::noop());
                if result.is_err() {
                    self.failure = Some(Outcome::Aborted);
                }
            }
            WebSocketReturned::Handshake(Returned::Abort) if !self.ended => self.failure = Some(Outcome::Aborted),
            _ => {}
        }
        poll_fn(|cx| self.poll_end(drained.as_mut(), cx)).await;
        self.concluded = true;
        self.record_end();

        let response = self.exchange.response();
        let cut = finished.returned == WebSocketReturned::Handshake(Returned::Abort);
        match response.framing {
            _ if self.failure == Some(Outcome::Timeout) => After::Reset,
            Framing::Tunnel => After::Close { linger: !self.ended },
            // That it is not all must show: where only the end of the connection could, by a reset.
            Framing::UntilClose if cut => After::Reset,
            _ if cut || self.ended => After::Close { linger: false },
            _ if response.asked.keep_alive => {
                self.http.take_back(std::mem::take(&mut self.input));
                After::Next
            }
            _ => After::Close { linger: true },
        }
    }

    /// Records that the application accepted.
    pub(super) fn record_acceptance(&self) {
        self.record(101, 0, Outcome::Complete, Some(WebSocketRecord::Accepted));
    }

    /// Records the end: of the socket, or of a handshake that was denied.
    fn record_end(&self) {
        if self.begun.is_none() {
            return;
        }
        let (end, totals) = self.exchange.totals();
        if self.accepted {
            let in_order = matches!(end, Some(End::Closed { clean: true, .. }));
            let outcome = if in_order { Outcome::Complete } else { Outcome::Disconnected };
            let outcome = self.failure.unwrap_or(outcome);
            self.record(101, totals.bytes_sent, outcome, Some(WebSocketRecord::Closed(totals)));
        } else {
            let outcome = if self.ended { Outcome::Disconnected } else { Outcome::Complete };
            let response = self.exchange.response();
            self.record(response.status, response.body_bytes, self.failure.unwrap_or(outcome), None);
        }
    }

    fn record(&self, status: u16, bytes: u64, outcome: Outcome, websocket: Option<WebSocketRecord>) {
        if let (Some(log), Some((started, begun))) = (&self.http.worker.config().access_log, self.begun) {
            let duration = begun.elapsed();
            log.record(&Record { head: &self.head, status, bytes, started, duration, outcome, websocket });
        }
    }

    /// One readable line for what went wrong in the application.
    fn report(&self, result: &Result<(), Error>, finished: &Finished) {
        let what = match (result, finished.returned) {
            (Err(error), _) if error.is_disconnect() && finished.end.is_some() => return,
            (Err(error), _) => error.to_string(),
            (Ok(()), WebSocketReturned::Handshake(Returned::Abort)) => {
                "it returned before its response was complete".into()
            }
            (Ok(()), _) => return,
        };
        tracing::error!("the application failed on the WebSocket {}: {what}", self.head.target.escape_ascii());
    }
}

impl Drop for Connection<'_, '_> {
    fn drop(&mut self) {
        if !self.concluded {
            // The grace is over, and the call is dropped. Handles that went elsewhere are told.
            self.failure = Some(Outcome::Stopped);
            self.exchange.lost(End::ServerShutdown, Waker::noop());
            self.record_end();
        }
    }
}
