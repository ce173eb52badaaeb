use crate::PATIENCE;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A thread of this process, watched by another.
#[derive(Clone, Debug)]
pub struct Watched(PathBuf);

impl Watched {
    /// The thread that asks.
    pub fn current() -> Self {
        let thread = fs::read_link("/proc/thread-self").expect("Linux");
        Self(Path::new("/proc").join(thread).join("stat"))
    }

    /// Waits until the thread sleeps. A thread that serves connections does so when it has seen to everything that was
    /// sent before this was called. `false` if it is still busy after [`PATIENCE`].
    #[must_use]
    pub fn comes_to_rest(&self) -> bool {
        let begun = Instant::now();
        while let Ok(stat) = fs::read_to_string(&self.0) {
            // The state stands behind the name, which is in parentheses (proc_pid_stat(5)).
            if stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" S")) {
                return true;
            }
            if begun.elapsed() > PATIENCE {
                return false;
            }
            std::thread::yield_now();
        }
        true
    }
}
