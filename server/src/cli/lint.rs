//! An application under [`transom::lint`], which reports to the log.

use crate::Application;
use crate::application::Call;
use std::future::poll_fn;
use transom::lint::{Report, lint};
use transom::{App, Error, Manifest, Receiver, Scope, Sender};

/// `app`, watched. What it costs is paid where this is called, and nowhere else.
pub(super) fn watched(app: Application) -> Application {
    Application::new(lint(Hidden(app)).tell(|report| tracing::error!("{}", line(report))))
}

/// A report on one line: it may quote what a peer said.
fn line(report: &Report) -> String {
    let text = report.to_string();
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() { line.extend(character.escape_default()) } else { line.push(character) }
    }
    line
}

/// An application whose type is hidden, as one that can be put under a lint. A panic of its call becomes an error, which
/// the server logs in the same words.
struct Hidden(Application);

impl App for Hidden {
    async fn call(&self, scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let mut call: Box<dyn Call> = self.0.slot();
        call.start(scope, receive, send);
        poll_fn(|cx| call.poll(cx)).await.into_result()
    }

    fn manifest(&self) -> Manifest {
        self.0.manifest()
    }
}
