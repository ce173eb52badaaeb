//! A response on its way out: the events of an application, framed.
//!
//! What arrives here was accepted by [`transom::order`].

use super::encode::{self, Asked, Fixed, Framing};
use crate::output::Output;
use std::fs::File;
use std::sync::Arc;
use std::time::Instant;
use transom::{FileBody, FileSource, Headers, Outgoing, Violation};

/// How far it has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Response {
    pub(crate) asked: Asked,
    pub(crate) framing: Framing,
    /// 0 before the final head.
    pub(crate) status: u16,
    pub(crate) body_bytes: u64,
}

/// What a head needs beside its fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting<'a> {
    pub(crate) fixed: &'a Fixed,
    pub(crate) now: Instant,
    /// The protocol that a 101 changes to.
    pub(crate) protocol: Option<&'a str>,
}

impl Response {
    pub(crate) fn new(asked: Asked) -> Self {
        Self { asked, framing: Framing::Absent, status: 0, body_bytes: 0 }
    }

    /// Writes an event that was accepted; `file` is what [`open`] made of the one that it names. Events of other
    /// protocols write nothing.
    #[inline]
    pub(crate) fn write(&mut self, event: Outgoing, file: Option<Arc<File>>, out: &mut Output, setting: Setting<'_>) {
        match event {
            Outgoing::Response { status, ref headers, body } => {
                self.head(status, headers, Some(body.len()), out, setting);
                if self.framing == Framing::Length {
                    self.body_bytes = body.len() as u64;
                    out.push_body(body);
                }
            }
            Outgoing::Start { status, ref headers } => self.head(status, headers, None, out, setting),
            Outgoing::Body { data, more } => {
                if self.framing != Framing::Absent {
                    self.body_bytes += data.len() as u64;
                }
                encode::body(out, self.framing, data);
                if !more {
                    encode::end(out, self.framing, None);
                }
            }
            Outgoing::File { file: body, more } => {
                if let Some(file) = file {
                    self.file(file, &body, out);
                }
                if !more {
                    encode::end(out, self.framing, None);
                }
            }
            Outgoing::Trailers(fields) => encode::end(out, self.framing, Some(&fields)),
            Outgoing::Informational { status, headers } => {
                out.append(|out| encode::informational(out, status, &headers));
            }
            _ => {}
        }
    }

    /// Writes a response in the server's own name, with further fields.
    pub(crate) fn own(&mut self, status: u16, extra: &Headers, out: &mut Output, fixed: &Fixed, now: Instant) {
        self.status = status;
        out.append(|out| encode::own(out, status, self.asked, extra, fixed, now));
    }

    #[inline]
    fn head(
        &mut self,
        status: u16,
        headers: &Headers,
        whole: Option<usize>,
        out: &mut Output,
        Setting { fixed, now, protocol }: Setting<'_>,
    ) {
        self.status = status;
        let head = encode::Head { status, headers, whole, protocol };
        let asked = self.asked;
        let (mut framing, mut keep_alive) = (Framing::Absent, false);
        out.append(|out| (framing, keep_alive) = encode::head(out, &head, asked, fixed, now));
        (self.framing, self.asked.keep_alive) = (framing, keep_alive);
    }

    fn file(&mut self, file: Arc<File>, body: &FileBody, out: &mut Output) {
        if self.framing == Framing::Absent || body.len == 0 {
            return;
        }
        self.body_bytes += body.len;
        if self.framing == Framing::Chunked {
            out.append(|out| encode::chunk_size(out, body.len));
        }
        out.push_file(file, body.offset, body.len);
        if self.framing == Framing::Chunked {
            out.push(b"\r\n");
        }
    }
}

/// The file of a range, if it can be read and is as long as the range says.
pub(crate) fn open(body: &FileBody) -> Result<Arc<File>, Violation> {
    let file = match &body.source {
        FileSource::File(file) => Arc::clone(file),
        FileSource::Path(path) => Arc::new(File::open(path).map_err(|_| Violation::BadFile)?),
        _ => return Err(Violation::BadFile),
    };
    let metadata = file.metadata().map_err(|_| Violation::BadFile)?;
    let end = body.offset.checked_add(body.len).ok_or(Violation::BadFile)?;
    if metadata.is_file() && end <= metadata.len() { Ok(file) } else { Err(Violation::BadFile) }
}
