//! The end of an exchange, where something is left to be done: an answer for a call that gave none, an unread body,
//! a line in the log.

use super::connection::{After, Connection};
use super::decode::Decoder;
use super::encode::{Asked, Framing};
use super::equipment::Equipment;
use super::exchange::Finished;
use crate::access_log::Outcome;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use tokio::sync::futures::Notified;
use tokio::time::Instant;
use transom::order::Returned;
use transom::{BadRequest, End, Error, Head, Headers};

impl Connection<'_> {
    /// Ends the exchange whose call returned.
    pub(super) async fn conclude(&mut self, result: Result<(), Error>, drained: Pin<&mut Notified<'_>>) -> After {
        let Equipment { exchanges, lent, .. } = &mut *self.equipment;
        let mut finished = exchanges.finish(result.as_ref().copied(), lent);
        self.report(&result, &finished);
        let after = self.answer_for(&mut finished, drained).await;
        self.equipment.exchanges.clear();
        (self.in_exchange, self.in_flight) = (false, None);
        if self.begun.is_some() {
            let outcome = match finished.end {
                _ if self.running.has_timed_out() => Outcome::Timeout,
                Some(End::Timeout) => Outcome::Timeout,
                _ if self.running.is_broken_off() || finished.returned == Returned::Abort => Outcome::Aborted,
                _ if finished.lost => Outcome::Disconnected,
                _ => Outcome::Complete,
            };
            self.record(finished.response.status, finished.response.body_bytes, outcome);
        }
        after
    }

    /// Answers for the call where it did not, and sees to what is left of the request.
    async fn answer_for(&mut self, finished: &mut Finished, drained: Pin<&mut Notified<'_>>) -> After {
        if self.running.is_lost() {
            // Where the end of the connection is the end of the body, an orderly one would pass for a whole response.
            // But an earlier response may still be on its way, to a peer that only closed its sending side.
            let cut = finished.lost && (finished.response.status != 0 || self.running.has_timed_out());
            return if cut { After::Reset } else { After::Close { linger: true } };
        }
        if self.running.has_unwritten() {
            if !self.flush().await {
                return After::Reset;
            }
            let Equipment { exchanges, lent, .. } = &mut *self.equipment;
            exchanges.collect_rest(&mut lent.output);
        }
        let asked = Asked {
            keep_alive: finished.response.asked.keep_alive && finished.end.is_none(),
            ..finished.response.asked
        };
        match finished.returned {
            Returned::Nothing if finished.response.framing == Framing::Tunnel => After::Close { linger: true },
            Returned::Nothing => self.settle(finished.unread.take(), asked.keep_alive, drained).await,
            Returned::Respond(status) => {
                finished.response.status = blame(status, finished.end.as_ref());
                let keep_alive = asked.keep_alive && finished.response.status >= 500 && !finished.expects_continue;
                self.answer(finished.response.status, &Headers::new(), Asked { keep_alive, ..asked });
                self.settle(finished.unread.take(), keep_alive, drained).await
            }
            // What was accepted is delivered; that it is not all must show. Where only the end of the connection
            // marks the end of the body, a reset is the only way to say so.
            Returned::Abort => {
                let flushed = self.flush().await;
                match finished.response.framing {
                    Framing::Length | Framing::Chunked if flushed => After::Close { linger: false },
                    _ => After::Reset,
                }
            }
        }
    }

    /// Reads what is left of a request body, if it is little enough to be worth a connection, and does not wait for it
    /// once the server drains.
    pub(super) async fn settle(
        &mut self,
        unread: Option<Decoder>,
        keep_alive: bool,
        mut drained: Pin<&mut Notified<'_>>,
    ) -> After {
        if !keep_alive {
            return After::Close { linger: true };
        }
        let Some(mut unread) = unread.filter(|unread| !unread.is_finished()) else { return After::Next };
        let worker = self.worker;
        let limits = &worker.config().limits;
        let mut left = limits.discard;
        if unread.remaining().is_some_and(|remaining| remaining > left) {
            return After::Close { linger: true };
        }
        self.now = Instant::now();
        poll_fn(|cx| {
            loop {
                match unread.decode(&mut self.equipment.lent.input) {
                    Ok(_) if unread.is_finished() => return Poll::Ready(After::Next),
                    Ok(Some(_)) => continue,
                    Ok(None) => {}
                    Err(_) => return Poll::Ready(After::Close { linger: true }),
                }
                match self.wire.poll_write(&mut self.equipment.lent.output, limits.write_timeout, cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(After::Close { linger: false }),
                    Poll::Pending => return Poll::Pending,
                }
                match self.wire.poll_read(&mut self.equipment.lent.input, cx) {
                    Poll::Ready(Ok(count)) if count > 0 && count as u64 <= left => {
                        left -= count as u64;
                        self.now = Instant::now();
                    }
                    Poll::Ready(_) => return Poll::Ready(After::Close { linger: true }),
                    Poll::Pending => {
                        let deadline = limits.body_timeout.map(|timeout| self.now + timeout);
                        let late = self.wire.timer.has_passed(deadline, cx);
                        return if late || self.is_draining(drained.as_mut(), cx) {
                            Poll::Ready(After::Close { linger: true })
                        } else {
                            Poll::Pending
                        };
                    }
                }
            }
        })
        .await
    }

    /// One readable line for what went wrong in the application.
    #[cold]
    fn report(&self, result: &Result<(), Error>, finished: &Finished) {
        let what = match (result, finished.returned) {
            (Ok(()), Returned::Nothing) => return,
            (Err(error), _) if error.is_disconnect() && finished.end.is_some() => return,
            // The request was at fault, and is answered so.
            (_, Returned::Respond(500)) if finished.end.is_some() => return,
            (Err(error), _) => error.to_string(),
            (Ok(()), Returned::Respond(_)) => "it returned without a response".into(),
            (Ok(()), Returned::Abort) => "it returned before its response was complete".into(),
        };
        let Head { method, target, .. } = &*self.equipment.head;
        tracing::error!("the application failed on {method} {}: {what}", target.escape_ascii());
    }
}

/// The status of an answer for the application: its own failure, or that of the request it was given.
fn blame(status: u16, end: Option<&End>) -> u16 {
    match end {
        Some(End::Timeout) => 408,
        Some(End::BadRequest(BadRequest::TooLarge)) => 413,
        Some(End::BadRequest(_)) => 400,
        _ => status,
    }
}
