//! Two lints on the two sides of a layer: what came right on one side and wrong on the other is the layer's.

use super::report::{Blame, Report};
use crate::order::clause::{CAP_3, Clause, END_3};
use crate::order::http::{HTTP_SEND_7, HTTP_SEND_11, HTTP_SEND_12};
use crate::shared::lock;
use crate::{Capabilities, End, Extensions, Manifest, Scope, SendError};
use std::sync::{Arc, Mutex};

/// What the outer one of two lints tells the inner one of an exchange, and the other way round.
///
/// It travels in the [`Extensions`] of the scope; that of the lifespan has none.
pub(super) struct Pair {
    capabilities: Capabilities,
    manifest: Manifest,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// There is an inner lint.
    joined: bool,
    /// The outer call has returned, or was dropped.
    over: bool,
    /// The clauses that came broken from outside.
    outside: Vec<&'static Clause>,
    /// The clauses that came broken from inside.
    inside: Vec<&'static Clause>,
    /// What the outer one gave last.
    end: Option<End>,
    /// What the outer one answered last.
    refused: Option<SendError>,
    /// What the layer made of the last event was not legal.
    spoilt: bool,
}

/// How a [`Pair`] travels.
pub(super) struct Token(Arc<Pair>);

impl Pair {
    /// The outer lint's.
    pub(super) fn new(scope: &Scope, manifest: Manifest) -> Arc<Self> {
        let capabilities = capabilities(scope);
        Arc::new(Self { capabilities, manifest, state: Mutex::default() })
    }

    /// Joins the pair of the lint outside, if there is one, and leaves `inside` to the next.
    pub(super) fn exchange(scope: &mut Scope, inside: &Arc<Self>) -> Option<Arc<Self>> {
        let extensions = extensions(scope)?;
        let outside = extensions.get::<Token>().map(|token| Arc::clone(&token.0));
        extensions.insert(Token(Arc::clone(inside)));
        if let Some(outside) = &outside {
            lock(&outside.state).joined = true;
        }
        outside
    }

    /// The outer call is no more.
    pub(super) fn end(&self) {
        lock(&self.state).over = true;
    }

    /// Whether the layer goes on: until it returns, the handles of an inner call need not be dead.
    pub(super) fn is_running(&self) -> bool {
        !lock(&self.state).over
    }

    /// What the outer one gives.
    pub(super) fn ends(&self, end: &End) {
        lock(&self.state).end.get_or_insert(end.clone());
    }

    /// What the outer one answers.
    pub(super) fn answers(&self, result: &Result<(), SendError>) {
        if let Err(error) = result {
            lock(&self.state).refused = Some(error.clone());
        }
    }

    /// The inner one sends: forgets what became of the event before.
    pub(super) fn begin_send(&self) {
        let mut state = lock(&self.state);
        (state.refused, state.spoilt) = (None, false);
    }

    /// Whether the layer made an event of the inner one's that was not legal, and may well be refused.
    pub(super) fn is_spoilt(&self) -> bool {
        lock(&self.state).spoilt
    }
}

pub(super) const CAP_4: Clause =
    Clause { id: "CAP-4", sentence: "Capabilities MUST NOT be added to a scope on its way in." };

pub(super) const LAYER_5: Clause = Clause {
    id: "LAYER-5",
    sentence: "A layer MUST pass on the manifest of what it calls, with what it needs itself added.",
};

impl Pair {
    /// Checks what the layer made of the scope and of the inner manifest.
    pub(super) fn check_scope(&self, scope: &Scope, manifest: Manifest) -> Vec<Report> {
        let mut reports = Vec::new();
        let added = capabilities(scope).without(self.capabilities);
        if !added.is_empty() {
            reports.push(Report::new(&CAP_4, Blame::Layer, &format!("added {added}")));
        }
        let asked = self.manifest.wants | self.manifest.requires;
        let kept = asked.contains(manifest.wants) && self.manifest.requires.contains(manifest.requires);
        if !kept || self.manifest.spec > manifest.spec {
            let what = format!("made {:?} of {manifest:?}", self.manifest);
            reports.push(Report::new(&LAYER_5, Blame::Layer, &what));
        }
        reports
    }
}

pub(super) const LAYER_2: Clause =
    Clause { id: "LAYER-2", sentence: "A layer MUST pass on `End` as it is, again and again." };

impl Pair {
    /// Checks the first end that the inner one is given.
    pub(super) fn check_end(&self, end: &End) -> Option<Report> {
        let outer = lock(&self.state).end.clone()?;
        (outer != *end).then(|| Report::new(&LAYER_2, Blame::Layer, &format!("made End ({end}) of End ({outer})")))
    }
}

pub(super) const LAYER_3: Clause = Clause { id: "LAYER-3", sentence: "A layer MUST pass on a `SendError` as it is." };

impl Pair {
    /// Checks what became of a refusal by the outer one.
    pub(super) fn check_answer(&self, result: &Result<(), SendError>) -> Option<Report> {
        let refused = lock(&self.state).refused.take()?;
        let what = match result {
            Err(error) if *error == refused => return None,
            Err(error) => format!("made \"{error}\" of \"{refused}\""),
            Ok(()) => format!("swallowed \"{refused}\""),
        };
        Some(Report::new(&LAYER_3, Blame::Layer, &what))
    }
}

pub(super) const LAYER_4: Clause = Clause {
    id: "LAYER-4",
    sentence: "A layer that breaks a capability MUST mask it before it calls inward, and refuse the events that need \
               it.",
};

pub(super) const LAYER_7: Clause =
    Clause { id: "LAYER-7", sentence: "A layer that changes the length of a body MUST see to its `content-length`." };

impl Pair {
    /// What the inner lint says of a clause that came broken from outside: nothing if the outer one did.
    pub(super) fn hear_inner(&self, report: Report) -> Option<Report> {
        let is_known = lock(&self.state).outside.contains(&report.clause);
        (!is_known).then(|| of_layer(report))
    }

    /// What the outer lint says of a clause that came broken from inside: nothing if the inner one did.
    pub(super) fn hear_outer(&self, report: Report) -> Option<Report> {
        let mut state = lock(&self.state);
        if !state.joined {
            return Some(report);
        }
        if state.inside.contains(&report.clause) {
            return None;
        }
        state.spoilt = true;
        Some(of_layer(report))
    }

    /// The outer lint found this broken.
    pub(super) fn broke_outside(&self, clause: &'static Clause) {
        lock(&self.state).outside.push(clause);
    }

    /// The inner lint found this broken.
    pub(super) fn broke_inside(&self, clause: &'static Clause) {
        lock(&self.state).inside.push(clause);
    }
}

/// The clause of section 17 that comes before the one that was broken.
fn of_layer(report: Report) -> Report {
    let clause = match (report.blame, report.clause) {
        (Blame::Server, clause) if *clause == END_3 => &LAYER_2,
        (Blame::Server, clause) if *clause == CAP_3 => &LAYER_4,
        (Blame::Application, clause) if [HTTP_SEND_7, HTTP_SEND_11, HTTP_SEND_12].contains(clause) => &LAYER_7,
        (_, clause) => clause,
    };
    let name = report.blame.to_string();
    let what = report.message.strip_prefix(&name).unwrap_or(&report.message).trim_start();
    Report::new(clause, Blame::Layer, what)
}

fn capabilities(scope: &Scope) -> Capabilities {
    match scope {
        Scope::Http(scope) => scope.capabilities(),
        Scope::WebSocket(scope) => scope.http().capabilities(),
        Scope::Lifespan(_) => Capabilities::NONE,
    }
}

fn extensions(scope: &mut Scope) -> Option<&mut Extensions> {
    match scope {
        Scope::Http(scope) => Some(scope.extensions_mut()),
        Scope::WebSocket(scope) => Some(scope.http_mut().extensions_mut()),
        Scope::Lifespan(_) => None,
    }
}
