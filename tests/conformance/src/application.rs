//! Applications, driven with random legal input.

mod case;
mod drive;
mod pauses;
mod report;
mod request;

use case::{Case, Fate};
use drive::{Fault, Played, Progress, Terms, Within, begin, end};
pub use report::{ApplicationReport, Failure};
pub use request::Request;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use transom::{App, State};

/// Drives `app` with random legal input, to find out where it breaks the contract.
///
/// ```
/// use transom::{Error, Incoming, Outgoing, Receiver, Scope, Sender};
/// use transom_conformance::Request;
///
/// async fn sum(scope: Scope, mut receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     let Scope::Http(_) = scope else { return Err(Error::unsupported()) };
///     let mut sum = 0;
///     loop {
///         match receive.recv().await {
///             Incoming::Body { data, more } => {
///                 sum += data.len();
///                 if !more {
///                     break;
///                 }
///             }
///             Incoming::End(_) => return Ok(()),
///             _ => break,
///         }
///     }
///     send.send(Outgoing::Response { status: 200, headers: Default::default(), body: sum.to_string().into() }).await?;
///     Ok(())
/// }
///
/// let report = transom_conformance::application(sum).requests([Request::any("/sum"), Request::lifespan()]).run();
/// report.assert_ok();
/// ```
pub fn application<A: App>(app: A) -> Application<A> {
    Application {
        app: Arc::new(app),
        requests: vec![Request::any("/"), Request::websocket("/"), Request::lifespan()],
        seed: 0,
        cases: 100,
        patience: Duration::from_secs(2),
        peer_patience: Duration::ZERO,
        within: Arc::new(|poll| poll()),
    }
}

/// A check of an application. Made by [`application`].
///
/// # What is done
///
/// A *case* is one of the [`requests`](Self::requests) with a peer. Its body, its messages and its end, how much waits
/// before `send` does, how fast the peer takes it and when what arrives are random, but the same for the same seed: in
/// pieces of a byte, with empty events, with high-water marks of a byte, complete, cut off or malformed, polled without
/// a wake and from one thread after the other. Each case is played to its end; then once for each poll of that with a
/// peer that leaves just before it; and once for each with a server that drops the call there, and with it the `send`
/// or `recv` that waits. At last many are played at the same time, on several threads.
///
/// # What must hold
///
/// * The [lint](transom::lint) has nothing to report.
/// * The application does not panic, and does not block the thread.
/// * The call returns when its peer is gone, and that of the lifespan after `Shutdown`.
/// * A call that would not have failed does not fail because its peer leaves: it returns `Ok` or a disconnect.
pub struct Application<A> {
    app: Arc<A>,
    requests: Vec<Request>,
    seed: u64,
    cases: usize,
    patience: Duration,
    peer_patience: Duration,
    within: Arc<Within>,
}

/// A case has no more polls than this to leave at.
const MOST_PLACES: usize = 24;

/// More cases that fail than this tell nothing new.
const MOST_FAILURES: usize = 5;

/// How long to look for a simpler case.
const TIME_TO_SIMPLIFY: Duration = Duration::from_secs(3);

impl<A: App> Application<A> {
    /// What to ask; without this, anything of `/`, a WebSocket there, and the lifespan.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn requests(mut self, requests: impl IntoIterator<Item = Request>) -> Self {
        self.requests = requests.into_iter().collect();
        assert!(!self.requests.is_empty(), "nothing to ask");
        self
    }

    /// Which cases are drawn; 0 without this. Case number n has the seed that is n larger: the case of a failure
    /// comes again with its seed and `cases(1)`.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// How many cases are drawn; 100 without this.
    #[must_use]
    pub fn cases(self, cases: usize) -> Self {
        Self { cases, ..self }
    }

    /// How long a call that is over may wait for something else (a timer, another thread), and ten times that how long
    /// it may stay in one poll; 2 seconds without this.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// How long a peer with nothing more to say waits for a call that waits for something else, before it leaves. Not
    /// at all without this.
    #[must_use]
    pub fn peer_patience(self, peer_patience: Duration) -> Self {
        Self { peer_patience, ..self }
    }

    /// Polls the application inside of `within`, for one that needs a runtime:
    ///
    /// ```no_run
    /// # async fn app(_: transom::Scope, _: transom::Receiver, _: transom::Sender) -> Result<(), transom::Error> { Ok(()) }
    /// # struct Runtime; impl Runtime { fn enter(&self) {} }
    /// # let runtime = Runtime;
    /// // let runtime = tokio::runtime::Runtime::new()?;
    /// transom_conformance::application(app).within(move |poll| {
    ///     let _guard = runtime.enter();
    ///     poll();
    /// });
    /// ```
    #[must_use]
    pub fn within(self, within: impl Fn(&mut dyn FnMut()) + Send + Sync + 'static) -> Self {
        Self { within: Arc::new(within), ..self }
    }

    /// Does it.
    pub fn run(self) -> ApplicationReport {
        let mut terms = Terms {
            state: State::new(),
            patience: self.patience,
            peer_patience: self.peer_patience,
            within: Arc::clone(&self.within),
        };
        let mut report = ApplicationReport::new(self.seed, self.cases);
        let life = drive::guarded(|| begin(&self.app, &terms)).ok().flatten();
        let life = life.map(|(call, state)| {
            terms.state = state;
            call
        });
        let mut failed = 0;
        for index in 0..self.cases as u64 {
            let seed = self.seed.wrapping_add(index);
            let case = Case::draw(seed, &self.requests);
            if let Err(found) = self.check(&case, &terms, &mut report) {
                let (case, fault) = *found;
                report.fail(seed, &case, &fault);
                failed += 1;
                if failed == MOST_FAILURES {
                    break;
                }
            }
        }
        if report.failures().is_empty() {
            self.at_once(&terms, &mut report);
        }
        if let Some(call) = life {
            // A panic here is one of a case of the lifespan too.
            let _ = drive::guarded(|| end(call, &terms));
        }
        report
    }

    /// Plays a case in all its variants.
    fn check(&self, case: &Case, terms: &Terms, report: &mut ApplicationReport) -> Result<(), Box<(Case, Fault)>> {
        let mut judge = |case: Case| match self.judge(&case, terms, report) {
            Ok(polls) => Ok(polls),
            Err(fault) => Err(Box::new(self.simplify(case, fault, terms, report))),
        };
        let polls = judge(case.clone())?;
        for fate in [Fate::HangUpAt, Fate::DropAt] {
            for place in 1..=polls.min(MOST_PLACES) {
                judge(case.with_fate(fate(place)))?;
            }
        }
        Ok(())
    }

    /// Plays a case, and says how many polls that took.
    fn judge(&self, case: &Case, terms: &Terms, report: &mut ApplicationReport) -> Result<usize, Fault> {
        let played = self.play(case, terms, report)?;
        if let (Some(error), Fate::HangUpAt(_), false) = (played.failed, case.fate, case.is_lifespan())
            && self.play(&case.with_fate(Fate::Stay), terms, report)?.failed.is_none()
        {
            return Err(Fault::Fails(error));
        }
        Ok(played.polls)
    }

    /// Plays a case on a thread of its own, which is left behind if it never comes back.
    fn play(&self, case: &Case, terms: &Terms, report: &mut ApplicationReport) -> Result<Played, Fault> {
        report.calls += 1;
        let (tell, told) = mpsc::channel();
        let (app, case, own) = (Arc::clone(&self.app), case.clone(), terms.clone());
        let progress = Progress::default();
        let mut seen = 0;
        let shown = progress.clone();
        thread::spawn(move || tell.send(case.play(&app, &own, &shown)));
        loop {
            match told.recv_timeout(terms.patience * 10) {
                Ok(played) => return played,
                // It goes on, if slowly; where that ends, it knows itself.
                Err(RecvTimeoutError::Timeout) if progress.polls() > seen => seen = progress.polls(),
                Err(_) => return Err(Fault::Blocks),
            }
        }
    }

    /// The simplest case with the same fault that is found in time.
    fn simplify(&self, case: Case, fault: Fault, terms: &Terms, report: &mut ApplicationReport) -> (Case, Fault) {
        let deadline = Instant::now() + TIME_TO_SIMPLIFY;
        let mut best = (case, fault);
        if report.knows(&best.1) {
            return best;
        }
        'simpler: loop {
            for case in best.0.simpler() {
                if Instant::now() > deadline {
                    return best;
                }
                if let Err(fault) = self.judge(&case, terms, report)
                    && fault.is_like(&best.1)
                {
                    best = (case, fault);
                    continue 'simpler;
                }
            }
            return best;
        }
    }

    /// Plays cases on several threads at the same time (APP-2).
    fn at_once(&self, terms: &Terms, report: &mut ApplicationReport) {
        const THREADS: usize = 4;
        let cases: Vec<_> = (0..self.cases.min(50) as u64)
            .map(|index| self.seed.wrapping_add(index))
            .map(|seed| (seed, Case::draw(seed, &self.requests)))
            .filter(|(_, case)| !case.is_lifespan())
            .collect();
        report.calls += THREADS * cases.len();
        let play = |(seed, case): &(u64, Case)| {
            Some((*seed, case.clone(), case.play(&self.app, terms, &Progress::default()).err()?))
        };
        let faults: Vec<_> = thread::scope(|scope| {
            let run = || cases.iter().filter_map(play).collect::<Vec<_>>();
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("panics are caught")).collect()
        });
        for (seed, case, fault) in faults {
            report.fail(seed, &case, &fault);
        }
    }
}

impl<A> fmt::Debug for Application<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("requests", &self.requests)
            .field("seed", &self.seed)
            .field("cases", &self.cases)
            .finish_non_exhaustive()
    }
}
