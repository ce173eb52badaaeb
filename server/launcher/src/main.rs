//! The program `transom`: the server, and the applications that come with it.

use std::process::ExitCode;
use transom_server::Application;
use transom_server::cli::{Bundled, launch};

/// The server allocates nothing per request, so the system's allocator is good enough for it. An application that
/// allocates much in many threads may be faster with this one, at the price of a C compiler to build it and of more
/// memory kept; hence a feature, and off.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BUNDLED: &[Bundled] = &[
    Bundled { name: "hello", about: "Answers every request with a greeting", app: || Application::new(hello::app) },
    Bundled { name: "probe", about: "Shows what the server hands over", app: || Application::new(probe::app()) },
    Bundled { name: "bench", about: "The endpoints of the benchmarks", app: || Application::new(bench::app) },
    #[cfg(feature = "demo")]
    Bundled { name: "demo", about: "A shared task board", app: || Application::new(demo::app()) },
];

fn main() -> ExitCode {
    launch(BUNDLED)
}
