//! The application's side: what its handles do with the state.

use super::super::decode::Decoded;
use super::super::decode::Decoder;
use super::super::encode::{self, Framing};
use super::waiting::register;
use super::{Driver, Exchanges, State};
use bytes::Bytes;
use std::fs::File;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};
use std::task::{Context, Poll};
use transom::{
    BadRequest, End, Exchange, ExchangeId, FileBody, FileSource, Half, Headers, Incoming, Outgoing, SendError,
    Violation,
};

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
        let mut state = self.lock();
        if id != state.id || state.send.is_over() || state.buffered() < self.worker.config().limits.high_water as u64 {
            // What is wrong `start_send` will say.
            return Poll::Ready(Ok(()));
        }
        let replaced = register(&mut state.waiting.room, cx);
        drop(state);
        drop(replaced);
        Poll::Pending
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
            let replaced = register(&mut guard.waiting.room, cx);
            drop(guard);
            drop(replaced);
            return Poll::Pending;
        }
        let Some(event) = event.take() else { return Poll::Ready(Ok(())) };
        self.send(&mut guard, event)?;
        tell_driver(guard);
        Poll::Ready(Ok(()))
    }

    fn poll_flush(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let mut state = self.lock();
        if id != state.id {
            return Poll::Ready(Err(SendError::Finished));
        }
        if let Some(end) = &state.lost {
            return Poll::Ready(Err(SendError::Disconnected(end.clone())));
        }
        if state.is_flushed() {
            return Poll::Ready(Ok(()));
        }
        let replaced = register(&mut state.waiting.flush, cx);
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    fn poll_closed(&self, id: ExchangeId, cx: &mut Context<'_>) -> Poll<End> {
        let mut state = self.lock();
        if id != state.id {
            return Poll::Ready(End::Complete);
        }
        if let Some(end) = &state.lost {
            return Poll::Ready(end.clone());
        }
        if state.is_over() {
            return Poll::Ready(state.end.clone().unwrap_or(End::Complete));
        }
        let replaced = register(&mut state.waiting.closed, cx);
        drop(state);
        drop(replaced);
        Poll::Pending
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
        if let Outgoing::File { file, .. } = &event {
            // Legal first, readable second; and a refusal changes nothing.
            let mut send = state.send.clone();
            send.accept(&event)?;
            let opened = open(file)?;
            state.send = send;
            state.push_file(opened, file.offset, file.len);
        } else {
            state.send.accept(&event)?;
        }
        let now = state.now.into_std();
        match event {
            Outgoing::Response { status, headers, body } => {
                self.head(state, status, &headers, Some(body.len()), now);
                if state.framing == Framing::Length {
                    state.body_bytes = body.len() as u64;
                    state.lent.output.push_body(body);
                }
            }
            Outgoing::Start { status, headers } => {
                self.head(state, status, &headers, None, now);
                state.open_tunnel();
            }
            Outgoing::Body { data, more } => {
                if state.framing != Framing::Absent {
                    state.body_bytes += data.len() as u64;
                }
                encode::body(&mut state.lent.output, state.framing, data);
                if !more {
                    encode::end(&mut state.lent.output, state.framing, None);
                }
            }
            Outgoing::File { more: false, .. } => encode::end(&mut state.lent.output, state.framing, None),
            Outgoing::Trailers(fields) => encode::end(&mut state.lent.output, state.framing, Some(&fields)),
            Outgoing::Informational { status, headers } => {
                state.expects_continue &= status != 100;
                state.lent.output.append(|out| encode::informational(out, status, &headers));
            }
            // Everything else was refused.
            _ => {}
        }
        if state.send.is_done() {
            self.complete.store(state.id.0, Ordering::Release);
        }
        Ok(())
    }

    #[inline]
    fn head(&self, state: &mut State, status: u16, headers: &Headers, whole: Option<usize>, now: std::time::Instant) {
        // A client that was not told to continue may send the body or leave it out (RFC 9110 section 10.1.1), so where
        // its next request begins is not known.
        state.asked.keep_alive &= !state.expects_continue && state.end.is_none() && !self.worker.is_draining();
        state.status = status;
        let head = encode::Head { status, headers, whole, protocol: state.protocol.as_deref() };
        let (asked, fixed) = (state.asked, self.worker.fixed());
        let (mut framing, mut keep_alive) = (Framing::Absent, false);
        state.lent.output.append(|out| (framing, keep_alive) = encode::head(out, &head, asked, fixed, now));
        (state.framing, state.asked.keep_alive) = (framing, keep_alive);
    }
}

impl State {
    /// The next event of the request, from the bytes that are there.
    #[inline]
    fn receive(&mut self) -> Result<Option<Incoming>, BadRequest> {
        let tunnel = self.framing == Framing::Tunnel;
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
                Some(Incoming::Body { data: Bytes::new(), more: false })
            }
            None => None,
        })
    }

    /// What is received from now on, or after the rest of the request body, is raw.
    fn open_tunnel(&mut self) {
        if self.framing == Framing::Tunnel && self.decoder.is_finished() {
            self.decoder = Decoder::tunnel();
            self.received = false;
        }
    }

    fn push_file(&mut self, file: Arc<File>, offset: u64, len: u64) {
        if self.framing == Framing::Absent || len == 0 {
            return;
        }
        self.body_bytes += len;
        let output = &mut self.lent.output;
        if self.framing == Framing::Chunked {
            output.append(|out| encode::chunk_size(out, len));
        }
        output.push_file(file, offset, len);
        if self.framing == Framing::Chunked {
            output.push(b"\r\n");
        }
    }
}

/// Has the connection look at the state: before it parks, or by waking it.
#[inline]
fn tell_driver(mut state: MutexGuard<'_, State>) {
    if let Driver::Parked(waker) = std::mem::replace(&mut state.driver, Driver::Running { news: true }) {
        drop(state);
        waker.wake();
    }
}

/// The file of a range, if it can be read and is as long as the range says.
fn open(body: &FileBody) -> Result<Arc<File>, Violation> {
    let file = match &body.source {
        FileSource::File(file) => Arc::clone(file),
        FileSource::Path(path) => Arc::new(File::open(path).map_err(|_| Violation::BadFile)?),
        _ => return Err(Violation::BadFile),
    };
    let metadata = file.metadata().map_err(|_| Violation::BadFile)?;
    let end = body.offset.checked_add(body.len).ok_or(Violation::BadFile)?;
    if metadata.is_file() && end <= metadata.len() { Ok(file) } else { Err(Violation::BadFile) }
}
