//! The application's side: what its handles do with the state.

use super::super::decode::Decoded;
use super::super::decode::Decoder;
use super::super::encode::{self, Framing};
use super::super::response::{self, Setting};
use super::{Exchanges, State};
use crate::sync::MutexGuard;
use crate::waiting::{register, wait};
use bytes::Bytes;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use transom::{BadRequest, End, Exchange, ExchangeId, Half, Headers, Incoming, Outgoing, SendError};

impl Exchange for Exchanges {
    fn poll_recv(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Incoming> {
        let mut guard = self.lock();
        let state = &mut *guard;
        if id != state.id {
            return Poll::Ready(Incoming::End(End::Complete));
        }
        if let Some(end) = &state.end {
            return Poll::Ready(Incoming::End(end.clone()));
        }
        if state.received {
            if state.is_over() {
                return Poll::Ready(Incoming::End(End::Complete));
            }
        } else {
            match state.receive() {
                Ok(Some(event)) => return Poll::Ready(event),
                Ok(None) => {
                    state.wants_input = true;
                    if std::mem::take(&mut state.expects_continue) && state.send.is_idle() {
                        state.lent.output.append(|out| encode::informational(out, 100, &Headers::new()));
                    }
                }
                Err(bad) => {
                    state.end = Some(End::BadRequest(bad));
                    return Poll::Ready(Incoming::End(End::BadRequest(bad)));
                }
            }
        }
        let replaced = register(&mut state.waiting.receive, cx);
        tell_driver(guard);
        drop(replaced);
        Poll::Pending
    }

    fn poll_ready(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let state = self.lock();
        if id != state.id || state.send.is_over() || state.buffered() < self.worker.config().limits.high_water as u64 {
            // What is wrong `start_send` will say.
            return Poll::Ready(Ok(()));
        }
        wait(state, |state| &mut state.waiting.room, cx)
    }

    fn start_send(&self, id: ExchangeId, event: Outgoing) -> Result<(), SendError> {
        let mut guard = self.lock();
        if id != guard.id {
            return Err(SendError::Finished);
        }
        self.send(&mut guard, event)?;
        tell_driver(guard);
        Ok(())
    }

    fn poll_send(
        &self,
        id: ExchangeId,
        cx: &mut Context<'_>,
        event: &mut Option<Outgoing>,
    ) -> Poll<Result<(), SendError>> {
        let mut guard = self.lock();
        if id != guard.id {
            *event = None;
            return Poll::Ready(Err(SendError::Finished));
        }
        if guard.buffered() >= self.worker.config().limits.high_water as u64 && !guard.send.is_over() {
            return wait(guard, |state| &mut state.waiting.room, cx);
        }
        let Some(event) = event.take() else { return Poll::Ready(Ok(())) };
        self.send(&mut guard, event)?;
        tell_driver(guard);
        Poll::Ready(Ok(()))
    }

    fn poll_flush(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let state = self.lock();
        if id != state.id {
            return Poll::Ready(Err(SendError::Finished));
        }
        if let Some(end) = &state.lost {
            return Poll::Ready(Err(SendError::Disconnected(end.clone())));
        }
        if state.is_flushed() {
            return Poll::Ready(Ok(()));
        }
        wait(state, |state| &mut state.waiting.flush, cx)
    }

    fn poll_closed(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<End> {
        let state = self.lock();
        if id != state.id {
            return Poll::Ready(End::Complete);
        }
        if let Some(end) = &state.lost {
            return Poll::Ready(end.clone());
        }
        if state.is_over() {
            return Poll::Ready(End::Complete);
        }
        wait(state, |state| &mut state.waiting.closed, cx)
    }

    fn dropped(&self, id: ExchangeId, half: Half) {
        if half == Half::Receive || self.complete.load(Ordering::Acquire) >= id.0 {
            return;
        }
        let mut guard = self.lock();
        if id == guard.id && !guard.send.is_over() {
            guard.abandoned = true;
            tell_driver(guard);
        }
    }
}

impl Exchanges {
    #[inline]
    fn send(&self, state: &mut State, event: Outgoing) -> Result<(), SendError> {
        let mut opened = None;
        match &event {
            Outgoing::File { file, .. } => {
                // Legal first, readable second; and a refusal changes nothing.
                let mut send = state.send.clone();
                send.accept(&event)?;
                opened = Some(response::open(file)?);
                state.send = send;
            }
            event => state.send.accept(event)?,
        }
        match event {
            // A client that was not told to continue may send the body or leave it out (RFC 9110 section 10.1.1), so
            // where its next request begins is not known.
            Outgoing::Response { .. } | Outgoing::Start { .. } => {
                let last = state.expects_continue || state.end.is_some() || self.worker.is_draining();
                state.response.asked.keep_alive &= !last;
            }
            Outgoing::Informational { status, .. } => state.expects_continue &= status != 100,
            _ => {}
        }
        let starts = matches!(event, Outgoing::Start { .. });
        let State { response, lent, protocol, now, .. } = state;
        let setting = Setting { fixed: self.worker.fixed(), now: now.into_std(), protocol: protocol.as_deref() };
        response.write(event, opened, &mut lent.output, setting);
        if starts {
            state.open_tunnel();
        }
        if state.send.is_done() {
            self.complete.store(state.id.0, Ordering::Release);
        }
        Ok(())
    }
}

impl State {
    /// The next event of the request, from the bytes that are there.
    #[inline]
    fn receive(&mut self) -> Result<Option<Incoming>, BadRequest> {
        let tunnel = self.response.framing == Framing::Tunnel;
        if self.decoder.is_finished() {
            // A request without a body says so once, and whoever reads to the end need not know.
            self.received = true;
            return Ok(Some(Incoming::Body { data: Bytes::new(), more: false }));
        }
        Ok(match self.decoder.decode(&mut self.lent.input)? {
            Some(Decoded::Data { data, more }) => {
                self.received = !more;
                self.open_tunnel();
                Some(Incoming::Body { data, more: !self.received })
            }
            Some(Decoded::Trailers(fields)) => {
                self.received = true;
                self.open_tunnel();
                Some(Incoming::Trailers(fields))
            }
            None if self.input_ended && !tunnel => return Err(BadRequest::Truncated),
            None if self.input_ended => {
                self.received = true;
                let cut_short = self.cut_short.take();
                self.end = cut_short.clone().or_else(|| self.lost.clone());
                Some(cut_short.map_or(Incoming::Body { data: Bytes::new(), more: false }, Incoming::End))
            }
            None => None,
        })
    }

    /// What is received from now on, or after the rest of the request body, is raw.
    fn open_tunnel(&mut self) {
        if self.response.framing == Framing::Tunnel && self.decoder.is_finished() {
            self.decoder = Decoder::tunnel();
            self.received = false;
        }
    }
}

/// Has the connection look at the state: before it parks, or by waking it.
#[inline]
fn tell_driver(mut state: MutexGuard<'_, State>) {
    if let Some(waker) = state.driver.tell() {
        drop(state);
        waker.wake();
    }
}
