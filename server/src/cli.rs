//! The command line: what was typed (`options`) becomes what is meant (`settings`), and that is served (`serve`).
//!
//! Exit codes: 0 after an orderly stop, 1 for a failure while running or a forced stop, 2 for bad usage, 3 when the
//! server could not start. Whatever goes wrong is one line on standard error.

mod env_file;
mod failure;
mod field;
mod lint;
mod options;
mod period;
mod program;
mod serve;
mod settings;
mod size;

pub use program::Bundled;

use crate::Application;
use failure::Failure;
use options::{LogLevel, Options};
use program::Program;
use settings::Settings;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use transom::App;

/// Serves `app` as the command line says: the whole `main` of an application's own binary.
///
/// ```no_run
/// use std::process::ExitCode;
/// use transom::{Error, Headers, Outgoing, Receiver, Scope, Sender};
///
/// async fn app(_scope: Scope, _receive: Receiver, mut send: Sender) -> Result<(), Error> {
///     send.send(Outgoing::Response { status: 204, headers: Headers::new(), body: "".into() }).await?;
///     Ok(())
/// }
///
/// fn main() -> ExitCode {
///     transom_server::main(app)
/// }
/// ```
///
/// Flags, environment variables and exit codes are those of `transom` (see `--help`), less the choice of an
/// application. It is to be called before other threads are started: `--env-file` changes the environment.
pub fn main(app: impl App) -> ExitCode {
    run(&Program::own(Application::new(app)))
}

/// Serves the one of `bundled` that the command line names: the whole `main` of a launcher.
///
/// Like [`main`], with a positional argument for the application's name and with `--list`.
pub fn launch(bundled: &[Bundled]) -> ExitCode {
    run(&Program::launcher(bundled))
}

fn run(program: &Program<'_>) -> ExitCode {
    match follow(program, std::env::args_os().collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // There is nobody left to tell when standard error is closed.
            let _ = writeln!(io::stderr(), "{}: error: {failure}", program.name());
            failure.exit_code()
        }
    }
}

fn follow(program: &Program<'_>, typed: Vec<OsString>) -> Result<(), Failure> {
    // Before clap looks at the environment.
    env_file::load(&typed)?;
    let matches = match program.command().try_get_matches_from(&typed) {
        Ok(matches) => matches,
        Err(error) if error.use_stderr() => return Err(Failure::usage(&error, &typed)),
        Err(text) => return print(text.render().to_string().as_bytes()),
    };
    let options = Options::of(&matches);
    if let Some(shell) = options.other.completions {
        return print(&program.completions(shell));
    }
    if program.is_list_wanted(&matches) {
        return print(program.list().as_bytes());
    }
    let (name, app) = program.chosen(&matches)?;
    let settings = Settings::from(options);
    let app = if settings.lint { lint::watched(app) } else { app };
    log_to_stderr(settings.log_level);
    crate::application::log_panics_of_calls();
    serve::run(&name, app, settings)
}

/// Prints what was asked for. A reader that has seen enough (`--help | head`) is no failure.
fn print(text: &[u8]) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match output.write_all(text).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Running(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn log_to_stderr(level: LogLevel) {
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let subscriber = tracing_subscriber::fmt()
        .compact()
        .with_max_level(level)
        // Where in the code a message comes from is for those who look for it.
        .with_target(matches!(level, LogLevel::Debug | LogLevel::Trace))
        .with_writer(io::stderr)
        .with_ansi(colours)
        // A line that cannot be written is lost: to say so, on the same stream, would panic.
        .log_internal_errors(false)
        .finish();
    // It fails when the application has its own subscriber already, which then stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

#[cfg(test)]
mod tests;
