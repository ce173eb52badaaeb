//! How long replies took.

use std::time::Duration;

/// Every one of them, so that no percentile is an estimate.
#[derive(Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn record(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The least latency that so many per mille of all do not exceed (nearest rank); 0 if there is none.
    pub(crate) fn permille(&mut self, permille: usize) -> Duration {
        self.0.sort_unstable();
        let rank = (self.0.len() * permille).div_ceil(1000).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.permille(500), Duration::ZERO);
        for milliseconds in (1..=200).rev() {
            latencies.record(Duration::from_millis(milliseconds));
        }
        let expected = [(0, 1), (5, 1), (6, 2), (500, 100), (501, 101), (990, 198), (999, 200), (1000, 200)];
        for (permille, milliseconds) in expected {
            assert_eq!(latencies.permille(permille), Duration::from_millis(milliseconds), "{permille}");
        }
    }

    #[test]
    fn one() {
        let mut latencies = Latencies::default();
        latencies.record(Duration::from_millis(7));
        assert_eq!([0, 500, 1000].map(|rank| latencies.permille(rank)), [Duration::from_millis(7); 3]);
    }
}
