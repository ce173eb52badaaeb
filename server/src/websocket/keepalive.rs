//! When to ping, and when to give up.

use super::config::WebSocketConfig;
use std::time::Duration;
use tokio::time::Instant;

/// What is known of a peer's life. Any byte counts.
#[derive(Debug)]
pub(super) struct Keepalive {
    interval: Option<Duration>,
    timeout: Option<Duration>,
    heard: Instant,
    pinged: Option<Instant>,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    /// The peer did not answer.
    GiveUp,
    /// Nothing before then, if ever.
    Nothing(Option<Instant>),
}

impl Keepalive {
    pub(super) fn new(config: &WebSocketConfig, now: Instant) -> Self {
        // Always and at once are taken for never, as everywhere.
        let period = |period: Option<Duration>| period.filter(|period| !period.is_zero());
        let (interval, timeout) = (period(config.ping_interval), period(config.ping_timeout));
        Self { interval, timeout, heard: now, pinged: None }
    }

    /// The peer said something, or was not listened to.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
        self.pinged = None;
    }

    /// A ping is on its way.
    pub(super) fn pinged(&mut self, now: Instant) {
        self.pinged = Some(now);
    }

    /// The peer takes nothing at the moment, so a ping may not have reached it.
    pub(super) fn delayed(&mut self, now: Instant) {
        if self.pinged.is_some() {
            self.pinged = Some(now);
        }
    }

    pub(super) fn due(&self, now: Instant) -> Due {
        let Some(interval) = self.interval else { return Due::Nothing(None) };
        let (due, at) = match self.pinged {
            None => (Due::Ping, Some(self.heard + interval)),
            Some(pinged) => match self.timeout {
                Some(timeout) => (Due::GiveUp, Some(pinged + timeout)),
                // Without a limit pings only keep the way open (as through a NAT).
                None => (Due::Ping, Some(pinged + interval)),
            },
        };
        if at.is_some_and(|at| at <= now) { due } else { Due::Nothing(at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn keepalive(interval: u32, timeout: u32) -> (Keepalive, Instant) {
        let seconds = |count| (count > 0).then_some(SECOND * count);
        let config =
            WebSocketConfig { ping_interval: seconds(interval), ping_timeout: seconds(timeout), ..Default::default() };
        let start = Instant::now();
        (Keepalive::new(&config, start), start)
    }

    #[test]
    fn silence_brings_a_ping_and_then_the_end() {
        let (mut keepalive, start) = keepalive(20, 5);
        assert_eq!(keepalive.due(start), Due::Nothing(Some(start + 20 * SECOND)));
        assert_eq!(keepalive.due(start + 20 * SECOND), Due::Ping);
        keepalive.pinged(start + 21 * SECOND);
        assert_eq!(keepalive.due(start + 25 * SECOND), Due::Nothing(Some(start + 26 * SECOND)));
        assert_eq!(keepalive.due(start + 26 * SECOND), Due::GiveUp);
    }

    #[test]
    fn any_byte_counts_as_life() {
        let (mut keepalive, start) = keepalive(20, 5);
        keepalive.pinged(start + 20 * SECOND);
        keepalive.heard(start + 24 * SECOND);
        assert_eq!(keepalive.due(start + 26 * SECOND), Due::Nothing(Some(start + 44 * SECOND)));
    }

    #[test]
    fn an_answer_is_due_once_the_ping_is_written() {
        let (mut keepalive, start) = keepalive(20, 5);
        keepalive.delayed(start + 10 * SECOND);
        assert_eq!(keepalive.due(start + 20 * SECOND), Due::Ping);
        keepalive.pinged(start + 20 * SECOND);
        keepalive.delayed(start + 24 * SECOND);
        assert_eq!(keepalive.due(start + 26 * SECOND), Due::Nothing(Some(start + 29 * SECOND)));
    }

    #[test]
    fn zero_is_off() {
        let zero = Some(Duration::ZERO);
        let config = WebSocketConfig { ping_interval: zero, ping_timeout: None, ..Default::default() };
        let start = Instant::now();
        assert_eq!(Keepalive::new(&config, start).due(start + SECOND), Due::Nothing(None));
        let config = WebSocketConfig { ping_interval: Some(SECOND), ping_timeout: zero, ..Default::default() };
        let mut keepalive = Keepalive::new(&config, start);
        keepalive.pinged(start);
        assert_eq!(keepalive.due(start + SECOND), Due::Ping);
    }

    #[test]
    fn either_can_be_off() {
        assert_eq!(keepalive(0, 5).0.due(Instant::now() + 1000 * SECOND), Due::Nothing(None));
        let (mut keepalive, start) = keepalive(20, 0);
        keepalive.pinged(start + 20 * SECOND);
        assert_eq!(keepalive.due(start + 41 * SECOND), Due::Ping);
    }
}
