use clap::error::{ContextKind, ContextValue};
use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;

/// Why the program ends with another exit code than 0.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The command line or the environment.
    Usage(String),
    /// The server could not start.
    Startup(String),
    /// The server failed later.
    Running(String),
    /// A second signal came while the server was stopping.
    Forced,
}

impl Failure {
    /// What clap says, which takes several lines.
    pub(super) fn usage(error: &clap::Error, typed: &[OsString]) -> Self {
        let text = error.render().to_string();
        let text = text.split("\nUsage:").next().unwrap_or(&text);
        let text = text.split("\nFor more information").next().unwrap_or(text);
        let mut message = one_line(text.strip_prefix("error: ").unwrap_or(text));
        if let Some(variable) = variable(error, typed) {
            message += &format!(" (from {variable})");
        }
        Self::Usage(message + "; see --help")
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Running(_) | Self::Forced => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::Startup(_) => ExitCode::from(3),
        }
    }
}

/// One line, whatever the message is made of.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Startup(message) | Self::Running(message) => f.write_str(&one_line(message)),
            Self::Forced => f.write_str("stopped by a second signal, running requests were dropped"),
        }
    }
}

fn one_line(text: &str) -> String {
    let mut line = String::new();
    for part in text.lines().map(str::trim).filter(|part| !part.is_empty()) {
        if !line.is_empty() {
            line += if part.starts_with("tip:") { "; " } else { " " };
        }
        line += &part.replace(char::is_control, " ");
    }
    line
}

/// The environment variable that a bad value came from, which clap does not tell.
fn variable(error: &clap::Error, typed: &[OsString]) -> Option<String> {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else { return None };
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else { return None };
    // As in `--limit-head <SIZE>`, `--server-header[=<VALUE>]` and `<APP>`.
    let flag = argument.split([' ', '[', '=']).next()?;
    if typed.iter().any(|word| flag.starts_with("--") && word.to_string_lossy().starts_with(flag)) {
        return None;
    }
    let name = flag.trim_start_matches('-').trim_matches(['<', '>']);
    let variable = format!("TRANSOM_{}", name.to_ascii_uppercase().replace('-', "_"));
    let found = std::env::var(&variable).ok()?;
    found.contains(value.as_str()).then_some(variable)
}
