//! A case, played.

use super::case::{Case, Fate};
use super::pauses::Pauses;
use crate::random::Random;
use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};
use transom::lint::{Report, Reports, lint};
use transom::memory::{Call, Outcome};
use transom::{App, End, Incoming, State};

/// What an application is driven with.
#[derive(Clone)]
pub(super) struct Terms {
    pub(super) state: State,
    /// How long a call may wait for something else than its exchange, once that is over.
    pub(super) patience: Duration,
    /// The same before, while its peer has nothing more to say.
    pub(super) peer_patience: Duration,
    pub(super) within: Arc<Within>,
}

/// Runs a poll where the application can be polled: inside of its runtime.
pub(super) type Within = dyn Fn(&mut dyn FnMut()) + Send + Sync;

/// What a call must not do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// The lint says so.
    Lint(Report),
    Panics(String),
    /// It goes on for ever, though there is nothing left that it could wait for.
    Stays(&'static str),
    /// Its poll does not return.
    Blocks,
    /// It fails because its peer left.
    Fails(String),
}

/// A call that did nothing wrong.
pub(super) struct Played {
    pub(super) polls: usize,
    /// It failed, and not because its peer left.
    pub(super) failed: Option<String>,
}

/// How far a call has come, for who waits for it on another thread.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<AtomicUsize>);

impl Progress {
    pub(super) fn polls(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// So many polls come without an end, for any amount of work that a case asks for.
const MANY_POLLS: usize = 4_000;
/// As many, once there is no peer.
const MANY_LAST_POLLS: usize = 1_000;

impl Case {
    /// Runs it, in time.
    pub(super) fn play(&self, app: &Arc<impl App>, terms: &Terms, progress: &Progress) -> Result<Played, Fault> {
        let reports = Reports::new();
        let linted = lint(Arc::clone(app)).collect(&reports);
        let pausing = Pauses { app: linted, pauses: self.manner.pauses };
        let call = guarded(|| self.start(pausing, &terms.state))?;
        let wants = app.manifest().wants.union(app.manifest().requires);
        let arriving = self.arriving.iter().filter(|piece| piece.is_wanted(wants)).map(|piece| piece.event()).collect();
        let bell = Arc::new(Bell::default());
        let mut drive = Drive {
            case: self,
            terms,
            progress,
            random: Random::new(self.seed),
            arriving,
            waker: Waker::from(Arc::clone(&bell)),
            bell,
            polls: 0,
            over: None,
        };
        let result = drive.run(call);
        match reports.take().into_iter().next() {
            // A panic or a standstill may come of it.
            Some(report) => Err(Fault::Lint(report)),
            None => result,
        }
    }
}

struct Drive<'a> {
    case: &'a Case,
    terms: &'a Terms,
    progress: &'a Progress,
    random: Random,
    arriving: VecDeque<Incoming>,
    bell: Arc<Bell>,
    waker: Waker,
    polls: usize,
    /// Nothing is left to wait for since then.
    over: Option<usize>,
}

impl Drive<'_> {
    fn run(&mut self, mut call: Call) -> Result<Played, Fault> {
        loop {
            if let Fate::DropAt(poll) = self.case.fate
                && self.polls + 1 >= poll
            {
                self.poll(move || drop(call))?;
                return Ok(Played { polls: self.polls, failed: None });
            }
            if let Fate::HangUpAt(poll) = self.case.fate
                && self.polls + 1 >= poll
            {
                self.hang_up(&mut call);
            }
            let is_ready;
            (call, is_ready) = self.step(call)?;
            if let Some(outcome) = is_ready {
                return self.returned(outcome);
            }
            self.polls += 1;
            self.progress.0.store(self.polls, Ordering::Relaxed);
            self.bound(&mut call)?;
            if self.bell.rings() {
                // Something may arrive while the application is busy.
                if self.random.one_in(3) {
                    self.arrive(&mut call);
                }
            } else if !self.arrive(&mut call) {
                self.wait(&mut call)?;
            }
        }
    }

    /// Polls, sometimes without having been woken.
    fn step(&mut self, mut call: Call) -> Result<(Call, Option<Outcome>), Fault> {
        let spurious = self.case.manner.spurious && self.random.one_in(3);
        let waker = self.waker.clone();
        self.poll(move || {
            if spurious {
                // Whether it returns, the next line says.
                let _ = call.poll();
            }
            match Future::poll(Pin::new(&mut call), &mut Context::from_waker(&waker)) {
                Poll::Ready(outcome) => (call, Some(outcome)),
                Poll::Pending => (call, None),
            }
        })
    }

    /// Runs a step where it is to run.
    fn poll<T: Send>(&self, step: impl FnOnce() -> T + Send) -> Result<T, Fault> {
        let within = || {
            let (mut step, mut result) = (Some(step), None);
            (self.terms.within)(&mut || result = step.take().map(|step| step()));
            result
        };
        let result = if self.case.manner.threads {
            guarded(|| thread::scope(|scope| scope.spawn(|| guarded(within)).join()))?
                .unwrap_or_else(|panic| Err(Fault::Panics(text(&*panic))))
        } else {
            guarded(within)
        };
        result.map(|result| result.expect("`within` runs what it is given"))
    }

    /// The next event arrives, if there is one.
    fn arrive(&mut self, call: &mut Call) -> bool {
        if self.over.is_some() {
            return false;
        }
        let Some(event) = self.arriving.pop_front() else { return false };
        if self.case.is_lifespan() && self.arriving.is_empty() {
            self.over = Some(self.polls);
        }
        call.push(event);
        true
    }

    fn hang_up(&mut self, call: &mut Call) {
        if self.over.is_none() {
            self.over = Some(self.polls);
            if self.case.is_lifespan() {
                self.arriving.drain(..).for_each(|event| call.push(event));
            } else {
                call.hang_up();
            }
        }
    }

    /// Nothing happens any more unless something else wakes the application, or its peer leaves.
    fn wait(&mut self, call: &mut Call) -> Result<(), Fault> {
        match self.over {
            Some(_) if self.bell.wait(self.terms.patience) => Ok(()),
            Some(_) => Err(Fault::Stays(match self.case.is_lifespan() {
                true => "does not return after Shutdown, or is not ready",
                false => "does not return, and its peer is gone",
            })),
            None if self.bell.wait(self.terms.peer_patience) => Ok(()),
            None => {
                self.hang_up(call);
                Ok(())
            }
        }
    }

    fn bound(&mut self, call: &mut Call) -> Result<(), Fault> {
        match self.over {
            Some(since) if self.polls - since > MANY_LAST_POLLS => {
                Err(Fault::Stays("is polled again and again, and its peer is gone"))
            }
            None if self.polls > MANY_POLLS => {
                self.hang_up(call);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn returned(&self, outcome: Outcome) -> Result<Played, Fault> {
        let failed = outcome.result.as_ref().err();
        let failed = failed.filter(|error| !error.is_disconnect() && !error.is_unsupported());
        let failed = failed.map(ToString::to_string);
        // What the outcome holds may be the application's, and its drop may panic.
        guarded(|| drop(outcome))?;
        Ok(Played { polls: self.polls + 1, failed })
    }
}

/// Runs what may panic.
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| Fault::Panics(text(&*panic)))
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "something that is no text".into())
}

/// Begins the life of the server, and gives the state that it made. The call goes on until it is given to [`end`].
pub(super) fn begin(app: &Arc<impl App>, terms: &Terms) -> Option<(Call, State)> {
    let mut call = transom::memory::lifespan().unfinished().start(Arc::clone(app));
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let deadline = Instant::now() + terms.patience;
    loop {
        let mut is_over = false;
        (terms.within)(&mut || {
            is_over = Future::poll(Pin::new(&mut call), &mut Context::from_waker(&waker)).is_ready();
        });
        if is_over {
            return None;
        }
        let state = call.events().iter().find_map(|event| match event {
            transom::Outgoing::Ready(state) => Some(state.clone()),
            _ => None,
        });
        if let Some(state) = state {
            return Some((call, state));
        }
        if !bell.wait(deadline.saturating_duration_since(Instant::now())) {
            return None;
        }
    }
}

/// Ends the life of the server.
pub(super) fn end(mut call: Call, terms: &Terms) {
    call.push(Incoming::Draining { grace: Duration::ZERO });
    call.push(Incoming::Shutdown);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let deadline = Instant::now() + terms.patience;
    loop {
        let mut is_over = false;
        (terms.within)(&mut || {
            is_over = Future::poll(Pin::new(&mut call), &mut Context::from_waker(&waker)).is_ready();
        });
        if is_over || !bell.wait(deadline.saturating_duration_since(Instant::now())) {
            // Where it stays, a case of the lifespan says so.
            return (terms.within)(&mut || call.end(End::Complete));
        }
    }
}

/// Rung by a wake.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    /// Whether it was rung since somebody waited.
    fn rings(&self) -> bool {
        std::mem::take(&mut self.rung.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until it is rung; `false` if it is not.
    fn wait(&self, patience: Duration) -> bool {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(rung, patience, |rung| !*rung);
        let (mut rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut rung)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }
}

impl Fault {
    /// The same fault may show in several ways.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lint(one), Self::Lint(two)) => one.clause.id == two.clause.id && one.blame == two.blame,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lint(report) => report.fmt(f),
            Self::Panics(text) => write!(f, "the application panics: {text}"),
            Self::Stays(how) => write!(f, "the application {how}"),
            Self::Blocks => f.write_str("APP-6: the application blocks the thread that polls it"),
            Self::Fails(error) => write!(f, "the application fails when its peer leaves: {error}"),
        }
    }
}
