//! Open loop: requests at times that are fixed beforehand. Latency counts from the time at which a request was due, so
//! that what a slow reply makes wait behind it counts too.

use crate::latency::Latencies;
use crate::socket::{self, PATIENCE, Poller};
use std::collections::VecDeque;
use std::error::Error;
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What is asked for, how often, for how long, and what the connections beside it do.
pub(crate) struct Plan {
    pub(crate) request: Vec<u8>,
    pub(crate) reply: usize,
    pub(crate) every: Duration,
    pub(crate) time: Duration,
    /// What asks for a response that has no end in this time; what comes of it is thrown away.
    pub(crate) stream: Vec<u8>,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) latencies: Latencies,
    /// Bytes of the streams.
    pub(crate) streamed: u64,
}

/// Asks on `fast`, while the server streams to `bulk`.
pub(crate) fn run(fast: &[TcpStream], bulk: &[TcpStream], plan: &Plan) -> Result<Outcome, Box<dyn Error>> {
    // A timer of 50 microseconds more would be a part of every latency.
    rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1))?;
    let mut poller = Poller::new()?;
    for (id, stream) in fast.iter().chain(bulk).enumerate() {
        poller.add(stream, id)?;
    }
    for stream in bulk {
        socket::offer(stream, &plan.stream)?;
    }
    let mut buffer = vec![0; 64 << 10];
    let mut idle: VecDeque<usize> = (0..fast.len()).collect();
    // The due time of the request on each connection, and what is received of its reply.
    let mut asked = vec![(Instant::now(), 0); fast.len()];
    let mut outcome = Outcome::default();
    let mut next = Instant::now();
    let end = next + plan.time;
    while next < end || idle.len() < fast.len() {
        let now = Instant::now();
        if now > end + PATIENCE {
            return Err(format!("{} requests unanswered", fast.len() - idle.len()).into());
        }
        while next <= now && next < end {
            let Some(id) = idle.pop_front() else { break };
            asked[id] = (next, 0);
            if socket::offer(&fast[id], &plan.request)? < plan.request.len() {
                return Err("the server does not read".into());
            }
            next += plan.every;
        }
        let wait = if idle.is_empty() || next >= end { PATIENCE } else { next.saturating_duration_since(now) };
        for ready in poller.wait(wait)? {
            let Some((due, received)) = asked.get_mut(ready.id) else {
                let count = socket::discard(&bulk[ready.id - fast.len()], &mut buffer)?;
                outcome.streamed += count.unwrap_or(0) as u64;
                continue;
            };
            *received += socket::take(&fast[ready.id], &mut buffer)?.unwrap_or(0);
            if *received == plan.reply {
                outcome.latencies.record(due.elapsed());
                idle.push_back(ready.id);
            }
        }
    }
    Ok(outcome)
}
