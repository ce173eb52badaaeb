use serde_json::json;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What happened since the process began; shown by `/state`.
#[derive(Debug, Default)]
pub(crate) struct Record(Mutex<Tally>);

/// Which startup this is, from 1: put into the server's state at startup and read from it by `/state`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Startup(pub(crate) u64);

#[derive(Debug, Default)]
struct Tally {
    startups: u64,
    requests: u64,
    disconnects: u64,
    /// The codes with which the last sockets were closed, oldest first.
    closed: VecDeque<u16>,
    browser: String,
}

const CLOSED_KEPT: usize = 50;

impl Record {
    /// Counts a startup and says how many there were.
    pub(crate) fn started(&self) -> u64 {
        let mut tally = self.tally();
        tally.startups += 1;
        tally.startups
    }

    /// Counts an HTTP call.
    pub(crate) fn requested(&self) {
        self.tally().requests += 1;
    }

    /// Counts a client that left during `/wait`.
    pub(crate) fn disconnected(&self) {
        self.tally().disconnects += 1;
    }

    /// Notes the code with which a WebSocket was closed.
    pub(crate) fn closed(&self, code: u16) {
        let closed = &mut self.tally().closed;
        if closed.len() == CLOSED_KEPT {
            closed.pop_front();
        }
        closed.push_back(code);
    }

    /// Keeps what the page of `/browser` reports.
    pub(crate) fn browsed(&self, result: String) {
        self.tally().browser = result;
    }

    /// The record as JSON; `startup` comes by way of the server.
    pub(crate) fn report(&self, startup: Option<&Startup>) -> String {
        let tally = self.tally();
        json!({
            "disconnects": tally.disconnects,
            "requests": tally.requests,
            "startup": startup.map_or(0, |startup| startup.0),
            "ws_closed": tally.closed,
            "browser": tally.browser,
        })
        .to_string()
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        // Each change under the lock is one assignment, so a panic leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_fifty_codes() {
        let record = Record::default();
        (1..=60).for_each(|code| record.closed(code));
        let codes: Vec<u16> = record.tally().closed.iter().copied().collect();
        assert_eq!(codes, (11..=60).collect::<Vec<_>>());
    }
}
