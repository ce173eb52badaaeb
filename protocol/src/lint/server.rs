//! What is known of a server beyond one call.

use super::report::{Blame, Report};
use crate::order::Clause;
use crate::shared::lock;
use crate::{Connection, HttpScope, HttpVersion, Scope, ServerInfo, State};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

/// The servers that call. One is known by its [`ServerInfo`].
#[derive(Default)]
pub(super) struct Servers(Mutex<Vec<(Weak<ServerInfo>, Arc<Server>)>>);

impl Servers {
    /// The server of `scope`.
    pub(super) fn of(&self, scope: &Scope) -> Arc<Server> {
        let info = scope.server();
        let mut servers = lock(&self.0);
        servers.retain(|(info, _)| info.strong_count() > 0);
        if let Some((_, server)) = servers.iter().find(|(known, _)| known.as_ptr() == Arc::as_ptr(info)) {
            return Arc::clone(server);
        }
        let server = Arc::new(Server::default());
        servers.push((Arc::downgrade(info), Arc::clone(&server)));
        server
    }
}

/// The calls of one server.
#[derive(Default)]
pub(super) struct Server(Mutex<Calls>);

#[derive(Default)]
struct Calls {
    any: bool,
    starting: bool,
    /// What was sent with `Ready`.
    ready: Option<State>,
    /// How many calls run, that of the lifespan apart.
    running: usize,
    connections: HashMap<u64, Used>,
}

/// A connection, and how many calls of HTTP/1 run on it.
struct Used {
    connection: Weak<Connection>,
    running: usize,
}

/// More connections than this are looked through for those that are gone.
const MANY: usize = 1024;

impl Server {
    /// A call begins.
    pub(super) fn begin(&self, scope: &Scope) -> Vec<Report> {
        let mut calls = lock(&self.0);
        let reports = match scope {
            Scope::Http(scope) => calls.begin(scope),
            Scope::WebSocket(scope) => calls.begin(scope.http()),
            Scope::Lifespan(_) => calls.begin_lifespan(),
        };
        calls.any = true;
        reports
    }

    /// A call has returned, or was dropped.
    pub(super) fn end(&self, call: Place) {
        let mut calls = lock(&self.0);
        match call {
            Place::Lifespan => calls.starting = false,
            Place::Connection(id) => {
                calls.running -= 1;
                if let Some(used) = id.and_then(|id| calls.connections.get_mut(&id)) {
                    used.running = used.running.saturating_sub(1);
                }
            }
        }
    }

    /// The application sends `Ready`.
    pub(super) fn ready(&self, state: &State) {
        let mut calls = lock(&self.0);
        calls.starting = false;
        calls.ready.get_or_insert(state.clone());
    }

    /// How many calls run, that of the lifespan apart.
    pub(super) fn running(&self) -> usize {
        lock(&self.0).running
    }
}

/// Where a call belongs.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Lifespan,
    /// On the connection with this number, if it is one of HTTP/1.
    Connection(Option<u64>),
}

impl Place {
    pub(super) fn of(scope: &Scope) -> Self {
        match scope {
            Scope::Http(scope) => Self::Connection(sole_id(scope)),
            Scope::WebSocket(scope) => Self::Connection(sole_id(scope.http())),
            Scope::Lifespan(_) => Self::Lifespan,
        }
    }
}

/// The number of a connection that has one exchange at a time.
fn sole_id(scope: &HttpScope) -> Option<u64> {
    (scope.version() <= HttpVersion::Http11).then_some(scope.connection().id)
}

pub(super) const LIFE_1: Clause =
    Clause { id: "LIFE-1", sentence: "The server MUST make one lifespan call, before any other call." };

pub(super) const LIFE_2: Clause = Clause {
    id: "LIFE-2",
    sentence: "No other call MUST begin before `Ready` was sent or no interest shown; the server MAY listen before.",
};

pub(super) const STATE_1: Clause = Clause {
    id: "STATE-1",
    sentence: "Each scope of a connection MUST carry the `State` sent with `Ready`, or an empty one.",
};

impl Calls {
    fn begin_lifespan(&mut self) -> Vec<Report> {
        let is_late = self.any;
        self.starting = true;
        let what = "made a lifespan call after another call";
        is_late.then(|| Report::new(&LIFE_1, Blame::Server, what)).into_iter().collect()
    }

    fn begin(&mut self, scope: &HttpScope) -> Vec<Report> {
        let mut reports = Vec::new();
        if self.starting {
            let what = "made a call before the lifespan call was ready";
            reports.push(Report::new(&LIFE_2, Blame::Server, what));
        }
        if self.ready.as_ref().is_some_and(|ready| !scope.connection().state.includes(ready)) {
            let what = "gave a scope without the state that was sent with Ready";
            reports.push(Report::new(&STATE_1, Blame::Server, what));
        }
        self.running += 1;
        reports.extend(self.begin_on(scope));
        reports
    }
}

pub(super) const SCOPE_5: Clause = Clause {
    id: "SCOPE-5",
    sentence: "All exchanges of a connection MUST have the same `Connection`, and all of a server the same \
               `ServerInfo`.",
};

pub(super) const SCOPE_6: Clause = Clause {
    id: "SCOPE-6",
    sentence: "`Connection::id` MUST differ from those of all other connections of the server.",
};

pub(super) const END_7: Clause = Clause {
    id: "END-7",
    sentence: "On HTTP/1 the next exchange of a connection MUST NOT begin before the call has returned.",
};

impl Calls {
    fn begin_on(&mut self, scope: &HttpScope) -> Option<Report> {
        let (connection, id) = (scope.shared_connection(), scope.connection().id);
        if self.connections.len() > MANY {
            self.connections.retain(|_, used| used.connection.strong_count() > 0);
        }
        let one = usize::from(sole_id(scope).is_some());
        let Some(used) = self.connections.get_mut(&id) else {
            self.connections.insert(id, Used { connection: Arc::downgrade(connection), running: one });
            return None;
        };
        let (is_same, is_alive) =
            (used.connection.as_ptr() == Arc::as_ptr(connection), used.connection.strong_count() > 0);
        let is_busy = used.running > 0 && one > 0;
        if is_same {
            used.running += one;
        } else {
            *used = Used { connection: Arc::downgrade(connection), running: one };
        }
        let (clause, what) = match (is_same, is_alive) {
            (true, _) if is_busy => (&END_7, "began an exchange before the call of the one before had returned"),
            (true, _) => return None,
            (false, true) => (&SCOPE_6, "has two connections with the number"),
            (false, false) => (&SCOPE_5, "made another Connection for the number"),
        };
        Some(Report::new(clause, Blame::Server, &format!("{what} {id}")))
    }
}
