//! The application's side: what its handles do with the state.

use super::super::deflate;
use super::super::extension::Agreed;
use super::super::frame;
use super::{Closing, Exchange, State, data_len};
use crate::http1::{self, Setting};
use crate::sync::MutexGuard;
use crate::waiting::wait;
use bytes::Bytes;
use std::sync::PoisonError;
use std::task::{Context, Poll};
use transom::{End, ExchangeId, Half, Incoming, Message, Outgoing, SendError};
use tungstenite::protocol::frame::coding::Control;

impl transom::Exchange for Exchange {
    fn poll_recv(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Incoming> {
        let mut state = self.lock();
        if id != state.id {
            return Poll::Ready(Incoming::End(End::Complete));
        }
        if let Some(message) = state.ahead.pop_front() {
            if state.blocked && state.ahead.is_empty() {
                state.blocked = false;
                tell_driver(state);
            }
            return Poll::Ready(Incoming::Message(message));
        }
        if state.is_over() {
            return Poll::Ready(Incoming::End(state.end.clone().unwrap_or(End::Complete)));
        }
        wait(state, |state| &mut state.waiting.receive, cx)
    }

    fn poll_ready(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let state = self.lock();
        if id != state.id || state.send.is_over() || state.buffered() < self.high_water() {
            // What is wrong `start_send` will say.
            return Poll::Ready(Ok(()));
        }
        wait(state, |state| &mut state.waiting.room, cx)
    }

    fn start_send(&self, id: ExchangeId, event: Outgoing) -> Result<(), SendError> {
        self.send(self.lock(), id, event)
    }

    fn poll_send(
        &self,
        id: ExchangeId,
        cx: &mut Context<'_>,
        event: &mut Option<Outgoing>,
    ) -> Poll<Result<(), SendError>> {
        let state = self.lock();
        if id == state.id && !state.send.is_over() && state.buffered() >= self.high_water() {
            return wait(state, |state| &mut state.waiting.room, cx);
        }
        Poll::Ready(event.take().map_or(Ok(()), |event| self.send(state, id, event)))
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
        if state.is_over() {
            return Poll::Ready(state.end.clone().unwrap_or(End::Complete));
        }
        wait(state, |state| &mut state.waiting.closed, cx)
    }

    fn dropped(&self, id: ExchangeId, half: Half) {
        let mut state = self.lock();
        if id != state.id {
            return;
        }
        match half {
            Half::Send if !state.send.is_over() => state.abandoned = true,
            Half::Receive if state.end.is_none() => {
                state.deaf = true;
                state.blocked = false;
                state.ahead.clear();
            }
            Half::Send | Half::Receive => return,
        }
        tell_driver(state);
    }
}

impl Exchange {
    fn send<'a>(&'a self, mut state: MutexGuard<'a, State>, id: ExchangeId, event: Outgoing) -> Result<(), SendError> {
        if id != state.id {
            return Err(SendError::Finished);
        }
        let mut compressed = None;
        if let Outgoing::Message(message) = &event
            && state.send.is_open()
            && let Some(agreed) = self.handshake.deflate
        {
            drop(state);
            compressed = self.compress(message, agreed);
            state = self.lock();
            if id != state.id {
                return Err(SendError::Finished);
            }
        }
        match event {
            Outgoing::Message(_) => {
                state.send.accept(&event)?;
                if let Outgoing::Message(message) = event {
                    state.message(message, compressed);
                }
            }
            Outgoing::Accept { .. } => {
                state.send.accept(&event)?;
                if let Outgoing::Accept { subprotocol, headers } = event {
                    let headers = self.handshake.answer(subprotocol.as_ref(), &headers);
                    self.respond_with(&mut state, Outgoing::Start { status: 101, headers }, None);
                }
            }
            Outgoing::Close { code, ref reason } => {
                state.send.accept(&event)?;
                if state.send.is_denied() {
                    self.deny(&mut state, 403);
                } else {
                    frame::write_close(state.room(), Some(code), reason);
                    state.closing = Closing::Sent;
                }
            }
            Outgoing::File { ref file, .. } => {
                // Legal first, readable second; and a refusal changes nothing.
                let mut send = state.send.clone();
                send.accept(&event)?;
                let opened = http1::open(file)?;
                state.send = send;
                self.respond_with(&mut state, event, Some(opened));
            }
            event => {
                state.send.accept(&event)?;
                self.respond_with(&mut state, event, None);
            }
        }
        tell_driver(state);
        Ok(())
    }

    /// Answers the handshake, by HTTP.
    fn respond_with(&self, state: &mut State, event: Outgoing, file: Option<std::sync::Arc<std::fs::File>>) {
        state.response.asked.keep_alive &= !self.worker.is_draining();
        state.room();
        let State { response, output, now, .. } = state;
        let setting = Setting { fixed: self.worker.fixed(), now: now.into_std(), protocol: Some("websocket") };
        response.write(event, file, output, setting);
    }

    /// A message that is worth it, compressed.
    fn compress(&self, message: &Message, agreed: Agreed) -> Option<Bytes> {
        let data = match message {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(data) => data,
            _ => return None,
        };
        if !deflate::is_worthwhile(data) {
            return None;
        }
        // It is left in order even by a panic of the allocator: the message is then not sent.
        let mut deflater = self.deflater.lock().unwrap_or_else(PoisonError::into_inner);
        let mut compressed = Vec::new();
        deflater.as_mut()?.deflate(data, &mut compressed);
        if !agreed.server_context_takeover() && compressed.len() >= data.len() {
            return None;
        }
        // What waits to be written is counted by its length.
        compressed.shrink_to_fit();
        Some(compressed.into())
    }
}

impl State {
    /// Writes a message that was accepted.
    fn message(&mut self, message: Message, compressed: Option<Bytes>) {
        if let Some(len) = data_len(&message) {
            self.totals.messages_sent += 1;
            self.totals.bytes_sent += len;
        }
        let is_compressed = compressed.is_some();
        let room = self.room();
        match message {
            Message::Text(text) => {
                frame::write_message(room, true, is_compressed, compressed.unwrap_or_else(|| text.into()));
            }
            Message::Binary(data) => frame::write_message(room, false, is_compressed, compressed.unwrap_or(data)),
            Message::Ping(data) => frame::write_control(room, Control::Ping, data),
            Message::Pong(data) => frame::write_control(room, Control::Pong, data),
            _ => {}
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
