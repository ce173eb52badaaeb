//! The handles that the application is given.

use super::call::{Around, Before, Call};
use super::layer::Pair;
use super::report::{Blame, Outlet, Report};
use super::server::Server;
use crate::shared::lock;
use crate::{End, Incoming, Outgoing, Receiver, SendError, Sender, Sink, Source};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

/// What the two handles and the call itself share.
pub(super) struct Watch {
    pub(super) call: Mutex<Call>,
    /// The `Sender` is gone.
    pub(super) abandoned: AtomicBool,
    pub(super) server: Arc<Server>,
    pub(super) judge: Judge,
}

impl Watch {
    /// What is known before something outside is asked.
    fn before(&self) -> Before {
        let layered = self.judge.outside.as_ref().is_some_and(|outside| outside.is_running());
        lock(&self.call).before(layered)
    }
}

/// Says who is to blame, with an eye on the lints further out and further in.
pub(super) struct Judge {
    pub(super) outlet: Arc<Outlet>,
    pub(super) outside: Option<Arc<Pair>>,
    pub(super) inside: Arc<Pair>,
}

impl Judge {
    /// What remains to be told, once the other lints are heard.
    pub(super) fn hear(&self, reports: impl IntoIterator<Item = Report>) -> Vec<Report> {
        reports.into_iter().filter_map(|report| self.hear_one(report)).collect()
    }

    fn hear_one(&self, report: Report) -> Option<Report> {
        match report.blame {
            Blame::Server => {
                self.inside.broke_outside(report.clause);
                match &self.outside {
                    Some(outside) => outside.hear_inner(report),
                    None => Some(report),
                }
            }
            Blame::Application => {
                if let Some(outside) = &self.outside {
                    outside.broke_inside(report.clause);
                }
                self.inside.hear_outer(report)
            }
            Blame::Layer => Some(report),
        }
    }

    /// Tells at once.
    pub(super) fn tell(&self, reports: impl IntoIterator<Item = Report>) {
        self.outlet.tell(&self.hear(reports));
    }
}

/// The receiving half.
pub(super) struct Inlet {
    pub(super) inner: Receiver,
    pub(super) watch: Arc<Watch>,
}

impl Source for Inlet {
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        let watch = &self.watch;
        let known = watch.before();
        let polled = self.inner.poll_recv(cx);
        let reports = match &polled {
            Poll::Pending => lock(&watch.call).recv_waits(known).into_iter().collect(),
            Poll::Ready(event) => {
                let around =
                    Around { abandoned: watch.abandoned.load(Ordering::Acquire), running: watch.server.running() };
                let (mut reports, is_first_end) = lock(&watch.call).delivered(event, known, around);
                if let Incoming::End(end) = event {
                    watch.judge.inside.ends(end);
                    let of_layer = watch.judge.outside.as_ref().filter(|_| is_first_end);
                    if let Some(report) = of_layer.and_then(|outside| outside.check_end(end)) {
                        // Whatever else is wrong about it comes from that.
                        reports = vec![report];
                    }
                }
                reports
            }
        };
        watch.judge.tell(reports);
        polled
    }
}

/// The sending half.
pub(super) struct Outfall {
    pub(super) inner: Sender,
    pub(super) watch: Arc<Watch>,
}

impl Sink for Outfall {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let watch = &self.watch;
        let known = watch.before();
        let polled = self.inner.poll_ready(cx);
        let report = match &polled {
            Poll::Pending => lock(&watch.call).ready_waits(known),
            // Nothing was sent since.
            Poll::Ready(Ok(())) if self.inner.poll_ready(cx).is_pending() => lock(&watch.call).ready_no_more(known),
            Poll::Ready(_) => None,
        };
        watch.judge.tell(report);
        polled
    }

    fn start_send(&mut self, event: Outgoing) -> Result<(), SendError> {
        let watch = &self.watch;
        let known = watch.before();
        let (answer, report) = lock(&watch.call).begin_send(&event, known);
        // The layer outside is to know of it before it sees the event.
        let mut reports = watch.judge.hear(report);
        if let Outgoing::Ready(state) = &event {
            watch.server.ready(state);
        }
        if let Some(outside) = &watch.judge.outside {
            outside.begin_send();
        }
        let result = self.inner.start_send(event);
        let report = lock(&watch.call).end_send(answer, &result);
        reports.extend(match &watch.judge.outside {
            Some(outside) if outside.is_spoilt() => Vec::new(),
            Some(outside) => match outside.check_answer(&result) {
                // What a layer makes of a refusal is not the server's answer.
                Some(of_layer) => vec![of_layer],
                None => watch.judge.hear(report),
            },
            None => watch.judge.hear(report),
        });
        watch.judge.inside.answers(&result);
        watch.judge.outlet.tell(&reports);
        result
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let watch = &self.watch;
        let known = watch.before();
        let polled = self.inner.poll_flush(cx);
        let report = lock(&watch.call).flush(&polled, known);
        watch.judge.tell(report);
        polled
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let watch = &self.watch;
        let known = watch.before();
        let polled = self.inner.poll_closed(cx);
        let abandoned = watch.abandoned.load(Ordering::Acquire);
        let report = match &polled {
            Poll::Pending => lock(&watch.call).closed_waits(known),
            Poll::Ready(end) => lock(&watch.call).closed(end, known, abandoned),
        };
        watch.judge.tell(report);
        polled
    }
}

impl Drop for Outfall {
    fn drop(&mut self) {
        // Before the inner one is dropped, which the server sees.
        self.watch.abandoned.store(true, Ordering::Release);
    }
}
