//! `--env-file`: read before the command line is, because it supplies what the command line leaves open.

use super::failure::Failure;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::{env, fs};

/// Sets the variables of the file that `typed` or `TRANSOM_ENV_FILE` names, except those that are set already.
pub(super) fn load(typed: &[OsString]) -> Result<(), Failure> {
    let Some(path) = named(typed).or_else(|| env::var_os("TRANSOM_ENV_FILE")) else { return Ok(()) };
    let shown = Path::new(&path).display();
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::Usage(format!("cannot read the environment file '{shown}': {error}")))?;
    dotenvy::from_read_iter(text.as_bytes()).load().map_err(|error| {
        // What stands in the line may be a secret, so only its number is told.
        let line = match &error {
            dotenvy::Error::LineParse(bad, _) => text.lines().position(|line| line.trim() == bad.trim()),
            _ => None,
        };
        let place = line.map_or(String::new(), |index| format!(" in line {}", index + 1));
        Failure::Usage(format!("expected NAME=VALUE{place} of the environment file '{shown}'"))
    })
}

/// The last `--env-file` that was typed. clap has its say later; it takes no value that begins with a dash, so what
/// looks like the flag is the flag.
fn named(typed: &[OsString]) -> Option<OsString> {
    let mut path = None;
    let mut arguments = typed.iter().skip(1).take_while(|argument| *argument != "--");
    while let Some(argument) = arguments.next() {
        if argument == "--env-file" {
            path = arguments.next().cloned();
        } else if let Some(value) = argument.as_bytes().strip_prefix(b"--env-file=") {
            path = Some(OsStr::from_bytes(value).to_owned());
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_found_where_clap_would() {
        for (typed, path) in [
            ("transom", None),
            ("transom hello --env-file", None),
            ("transom --env-file a hello", Some("a")),
            ("transom hello --env-file=a=b", Some("a=b")),
            ("transom --env-file=", Some("")),
            ("transom -- --env-file a", None),
            ("--env-file a", None),
        ] {
            let words: Vec<_> = typed.split(' ').map(OsString::from).collect();
            assert_eq!(named(&words).as_deref(), path.map(OsStr::new), "{typed}");
        }
    }
}
