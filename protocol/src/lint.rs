//! A check of both sides of the contract, while an application runs.
//!
//! [`lint`] puts itself around an application. It watches what the application does and what is done to it, and says
//! which clause of `SPEC.md` was broken and by whom. It changes nothing: an event that is not legal is reported and
//! passed on, so that its refusal can be checked too.
//!
//! ```
//! use transom::lint::{Blame, Reports, lint};
//! use transom::{Error, Outgoing, Receiver, Scope, Sender, memory};
//!
//! async fn hasty(_: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
//!     let _ = send.send(Outgoing::Body { data: "early".into(), more: true }).await;
//!     Ok(send.send(Outgoing::Response { status: 200, headers: Default::default(), body: "".into() }).await?)
//! }
//!
//! let reports = Reports::new();
//! memory::http("GET", "/").run(lint(hasty).collect(&reports));
//! let report = &reports.take()[0];
//! assert_eq!((report.clause.id, report.blame), ("HTTP-SEND-1", Blame::Application));
//! assert_eq!(report.to_string(), "HTTP-SEND-1: the application sent Body before Start");
//! ```
//!
//! # What becomes of a report
//!
//! Without being told otherwise a lint panics, in the poll or on the thread in which the clause was broken: that is for
//! tests. [`Lint::tell`] calls a closure, [`Lint::write`] writes lines, [`Lint::collect`] keeps the reports for
//! later.
//!
//! # Who is to blame
//!
//! What is inside is the application, what is outside the server. Where there are layers, put one lint on each side of
//! them, `lint(layer(lint(app)))`: what comes right on one side and wrong on the other is [`Blame::Layer`]. The two
//! find each other through the scope's [`Extensions`](crate::Extensions); the lifespan has none, and there a layer
//! counts as the server or the application.
//!
//! # What is checked
//!
//! [`CLAUSES`] lists it. Whether an event is legal is decided by [`order`](crate::order), as in a server. A lint sees
//! events and answers, not the wire, not the clock and not what a call waits for: what can be told of those alone, it
//! does not tell. Nor does it hold against anyone what could have crossed on another thread. With a layer outside that
//! goes on when the call has returned, put a lint around that too: the handles that the call left need not be dead yet.

mod call;
mod clauses;
mod describe;
mod halves;
mod handles;
mod layer;
mod report;
mod scope;
mod server;

use crate::shared::lock;
use crate::{App, Error, Manifest, Receiver, Scope, Sender};
use call::Call;
pub use clauses::{CLAUSES, Checked};
use handles::{Inlet, Judge, Outfall, Watch};
use layer::{Pair, Token};
use report::Outlet;
pub use report::{Blame, Report, Reports};
use server::{Place, Servers};
use std::fmt;
use std::io::Write;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// Puts a lint around `app`. It panics when a clause is broken, unless it is told otherwise.
///
/// What a server is to do over several calls (one lifespan, one number for each connection) is checked over all the
/// calls that go through this lint; a server is known by its [`ServerInfo`](crate::ServerInfo).
pub fn lint<A: App>(app: A) -> Lint<A> {
    let manifest = app.manifest();
    Lint { app, manifest, servers: Servers::default(), outlet: Arc::new(Outlet::Panic) }
}

/// An application whose contract is checked. Made by [`lint`].
pub struct Lint<A> {
    app: A,
    manifest: Manifest,
    servers: Servers,
    outlet: Arc<Outlet>,
}

impl<A: App> Lint<A> {
    /// Gives each report to `tell`, instead of panicking. It is called on the thread, and in the poll, in which the
    /// clause was broken; it must not use the handles of that exchange.
    #[must_use]
    pub fn tell(self, tell: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        Self { outlet: Arc::new(Outlet::Tell(Box::new(tell))), ..self }
    }

    /// Writes each report as a line, instead of panicking. What cannot be written is lost.
    ///
    /// ```
    /// # use transom::{Error, Receiver, Scope, Sender};
    /// # async fn app(_: Scope, _: Receiver, _: Sender) -> Result<(), Error> { Ok(()) }
    /// let app = transom::lint::lint(app).write(std::io::stderr());
    /// ```
    #[must_use]
    pub fn write(self, to: impl Write + Send + 'static) -> Self {
        let to = Mutex::new(to);
        self.tell(move |report| {
            let _ = writeln!(lock(&to), "{report}");
        })
    }

    /// Keeps the reports in `reports`, instead of panicking.
    #[must_use]
    pub fn collect(self, reports: &Reports) -> Self {
        let reports = reports.clone();
        self.tell(move |report| reports.push(report))
    }
}

impl<A: App> App for Lint<A> {
    async fn call(&self, mut scope: Scope, receive: Receiver, send: Sender) -> Result<(), Error> {
        let extended = extensions(&scope);
        let inside = Pair::new(&scope, self.manifest);
        let outside = Pair::exchange(&mut scope, &inside);
        let server = self.servers.of(&scope);
        let judge = Judge { outlet: Arc::clone(&self.outlet), outside, inside };

        let mut reports = server.begin(&scope);
        reports.extend(scope::check(&scope, self.manifest));
        let mut reports = judge.hear(reports);
        if let Some(outside) = &judge.outside {
            reports.extend(outside.check_scope(&scope, self.manifest));
        }
        let call = Mutex::new(Call::new(&scope, extended));
        let watch = Arc::new(Watch { call, abandoned: AtomicBool::new(false), server, judge });
        let running = Running { watch: Arc::clone(&watch), place: Place::of(&scope) };
        watch.judge.outlet.tell(&reports);

        let receive = Receiver::layer(Inlet { inner: receive, watch: Arc::clone(&watch) });
        let send = Sender::layer(Outfall { inner: send, watch });
        let result = self.app.call(scope, receive, send).await;
        running.returned(result.is_ok());
        result
    }

    fn manifest(&self) -> Manifest {
        self.manifest
    }
}

impl<A> fmt::Debug for Lint<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lint").finish_non_exhaustive()
    }
}

/// Whether something in the scope may have announced events of an extension.
fn extensions(scope: &Scope) -> bool {
    match scope {
        Scope::Http(scope) => scope.extensions().has_other_than::<Token>(),
        Scope::WebSocket(scope) => scope.http().extensions().has_other_than::<Token>(),
        // There is no place for an announcement in it.
        Scope::Lifespan(_) => true,
    }
}

/// A call, until it returns or is dropped.
struct Running {
    watch: Arc<Watch>,
    place: Place,
}

impl Running {
    fn returned(self, ok: bool) {
        let report = lock(&self.watch.call).returned(ok);
        let watch = Arc::clone(&self.watch);
        drop(self);
        watch.judge.tell(report);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        lock(&self.watch.call).dropped();
        self.watch.server.end(self.place);
        self.watch.judge.inside.end();
    }
}
