//! An event that the application sends, and what it is answered.

use super::super::describe::Sent;
use super::super::halves::{Sending, handshake, is_over};
use super::super::report::Report;
use super::{Before, Call, Life, application, server};
use crate::order::{Clause, Handshake, Refusal};
use crate::{End, FileBody, FileSource, Outgoing, SendError, Violation};
use std::fs::{self, File};
use std::io;

/// An event on its way.
pub(in super::super) struct Answer {
    sent: Sent,
    phase: &'static str,
    /// The rules that it breaks.
    refusals: Vec<Refusal>,
    /// The half as it was before the event, and so is after a refusal.
    before: Sending,
    known: Before,
    is_extension: bool,
    file: Option<(FileBody, bool)>,
}

pub(in super::super) const END_5: Clause = Clause {
    id: "END-5",
    sentence: "An exchange MUST NOT outlive its call: when the call has returned, handles that are left are dead.",
};

pub(in super::super) const HTTP_SEND_14: Clause =
    Clause { id: "HTTP-SEND-14", sentence: "The framing of a body MUST be the server's alone." };

impl Call {
    /// The application sends `event`. It counts as accepted from now on, for what it brings about may be received
    /// before its answer is known.
    pub(in super::super) fn begin_send(&mut self, event: &Outgoing, known: Before) -> (Answer, Option<Report>) {
        let before = self.sending.clone();
        let refusals = match self.sending.accept(event) {
            Ok(()) => Vec::new(),
            Err(_) => self.sending.refusals(event),
        };
        let file = match event {
            Outgoing::File { file, .. } => Some((file.clone(), is_readable(file))),
            _ => None,
        };
        let answer = Answer {
            sent: Sent::new(event),
            phase: before.phase(),
            refusals,
            before,
            known,
            is_extension: matches!(event, Outgoing::Extension(_)),
            file,
        };
        let report = self.check_event(event, &answer);
        (answer, report)
    }

    fn check_event(&self, event: &Outgoing, answer: &Answer) -> Option<Report> {
        match self.life {
            Life::Running if self.lost_track || (answer.is_extension && self.extended) => return None,
            Life::Running => {}
            Life::Returned { ok: true, .. } if !answer.known.lost => {
                return application(&END_5, format!("sent {} after its call had returned", answer.sent));
            }
            Life::Returned { .. } | Life::Dropped => return None,
        }
        match answer.refusals.first() {
            // How was it to know?
            Some(Refusal { error: SendError::Disconnected(_), .. }) => None,
            Some(refusal) => application(refusal.clause, format!("sent {}", answer.offence(refusal))),
            None if has_framing(event) => {
                application(&HTTP_SEND_14, format!("sent {} with transfer-encoding", answer.sent))
            }
            None => None,
        }
    }
}

impl Answer {
    /// What was sent, and what is wrong with it.
    fn offence(&self, refusal: &Refusal) -> String {
        let Self { sent, phase, .. } = self;
        match &refusal.error {
            SendError::Finished | SendError::Disconnected(_) | SendError::Violation(Violation::OutOfOrder) => {
                format!("{sent} {phase}")
            }
            error => format!("{sent}: {}", why(error)),
        }
    }
}

/// A refusal without its preamble.
fn why(error: &SendError) -> String {
    let shown = error.to_string();
    shown.strip_prefix("not sent: ").unwrap_or(&shown).to_string()
}

fn has_framing(event: &Outgoing) -> bool {
    match event {
        Outgoing::Informational { headers, .. }
        | Outgoing::Response { headers, .. }
        | Outgoing::Start { headers, .. } => headers.get("transfer-encoding").is_some(),
        _ => false,
    }
}

impl Call {
    /// What came of the event.
    pub(in super::super) fn end_send(&mut self, answer: Answer, result: &Result<(), SendError>) -> Option<Report> {
        if answer.known.is_dead() {
            let is_right = *result == Err(SendError::Finished);
            return self.dead(is_right, format!("send gave {result:?}"));
        }
        if result.is_err() {
            self.sending = answer.before.clone();
            if let Some(end) = &self.over {
                self.sending.lost(end.clone());
            }
        }
        // A call that returned meanwhile may have had its handles dead by then.
        if self.life != Life::Running || self.lost_track || (answer.is_extension && self.extended) {
            return None;
        }
        match (answer.refusals.first(), result) {
            (None, Ok(())) => {
                self.flushed = false;
                self.check_accepted_file(&answer)
            }
            (None, Err(error)) => self.check_refusal(&answer, error),
            (Some(refusal), Ok(())) => {
                self.lost_track = true;
                server(refusal.clause, format!("accepted {}", answer.offence(refusal)))
            }
            (Some(refusal), Err(error)) => self.check_reason(&answer, refusal, error),
        }
    }

    /// A legal event was refused.
    fn check_refusal(&mut self, answer: &Answer, error: &SendError) -> Option<Report> {
        match (error, &answer.file) {
            (SendError::Disconnected(end), _) => self.lost_in_send(end),
            (SendError::Violation(Violation::BadFile), Some((file, was_readable))) => {
                let is_wrong = *was_readable && is_readable(file);
                is_wrong.then(|| server(&FILE_1, "refused a file that can be read"))?
            }
            _ => {
                let Answer { sent, phase, .. } = answer;
                server(self.sending.table(), format!("refused {sent} {phase}, which is legal: {}", why(error)))
            }
        }
    }

    /// An illegal event was refused: for a rule that it broke (HTTP-SEND-2), or because the exchange was lost.
    fn check_reason(&mut self, answer: &Answer, refusal: &Refusal, error: &SendError) -> Option<Report> {
        if answer.refusals.iter().any(|refusal| refusal.error == *error) {
            return None;
        }
        match (error, &answer.file) {
            (SendError::Disconnected(end), _) if self.sending.is_done() => {
                let Answer { sent, .. } = answer;
                server(&super::DISC_6, format!("refused {sent} because of {end}, though the response was complete"))
            }
            (SendError::Disconnected(end), _) => self.lost_in_send(end),
            (SendError::Violation(Violation::BadFile), Some((_, false))) => None,
            _ => {
                let Answer { sent, phase, .. } = answer;
                let (given, due) = (why(error), why(&refusal.error));
                server(refusal.clause, format!("refused {sent} {phase} with \"{given}\", not with \"{due}\""))
            }
        }
    }
}

pub(in super::super) const HTTP_RECV_11: Clause = Clause {
    id: "HTTP-RECV-11",
    sentence: "`End(BadRequest)` and `End(Timeout)` MUST NOT change the sending half: a response may still be sent.",
};

impl Call {
    fn lost_in_send(&mut self, end: &End) -> Option<Report> {
        // A socket that the server closes (WS-20) is over, and its reason known, when the peer has answered that.
        if handshake(&self.sending) == Some(Handshake::Accepted) {
            self.sending.lost(end.clone());
            return None;
        }
        if is_over(end) {
            return self.lost(end);
        }
        server(&HTTP_RECV_11, format!("refused a response because of {end}"))
    }
}

pub(in super::super) const FILE_1: Clause = Clause {
    id: "FILE-1",
    sentence: "The file MUST be opened and measured before the event is accepted: one that cannot be opened, is not a \
               regular file or is shorter than `offset + len` is refused with `BadFile`.",
};

impl Call {
    fn check_accepted_file(&self, answer: &Answer) -> Option<Report> {
        let (file, was_readable) = answer.file.as_ref()?;
        let is_wrong = !was_readable && !is_readable(file);
        is_wrong.then(|| server(&FILE_1, "accepted a file that cannot be read as asked"))?
    }
}

fn is_readable(file: &FileBody) -> bool {
    let metadata = || -> io::Result<fs::Metadata> {
        match &file.source {
            FileSource::File(file) => file.metadata(),
            FileSource::Path(path) => File::open(path)?.metadata(),
        }
    };
    let end = file.offset.checked_add(file.len);
    metadata().is_ok_and(|metadata| metadata.is_file() && end.is_some_and(|end| end <= metadata.len()))
}
