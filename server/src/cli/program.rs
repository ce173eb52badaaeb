//! Whose command line it is.

use super::failure::Failure;
use super::options::Options;
use crate::Application;
use clap::builder::PossibleValuesParser;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use clap_complete::Shell;
use std::path::Path;

/// An application that a launcher offers by name.
#[derive(Clone, Copy, Debug)]
pub struct Bundled {
    /// What to type.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Makes it.
    pub app: fn() -> Application,
}

/// The program that was started.
pub(super) struct Program<'a> {
    name: String,
    serves: Serves<'a>,
}

enum Serves<'a> {
    /// Its own application.
    Own(Application),
    /// One of these.
    OneOf(&'a [Bundled]),
}

impl<'a> Program<'a> {
    /// An application's own binary, called what it was started as.
    pub(super) fn own(app: Application) -> Self {
        let started_as = std::env::args_os().next().unwrap_or_default();
        let name = Path::new(&started_as).file_name().unwrap_or("app".as_ref()).to_string_lossy().into_owned();
        Self { name, serves: Serves::Own(app) }
    }

    /// The binary `transom`.
    pub(super) fn launcher(bundled: &'a [Bundled]) -> Self {
        Self { name: "transom".into(), serves: Serves::OneOf(bundled) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its whole command line.
    pub(super) fn command(&self) -> Command {
        let command = Command::new("transom")
            .bin_name(&self.name)
            .display_name(&self.name)
            .disable_help_flag(true)
            .disable_version_flag(true)
            // What is typed later wins, so that an alias or a script can be overruled.
            .args_override_self(true)
            .max_term_width(120);
        let command = Options::augment_args(command);
        let command = match &self.serves {
            Serves::Own(_) => command.about("Serves this application").version(concat!(
                "(transom-server ",
                env!("CARGO_PKG_VERSION"),
                ")"
            )),
            Serves::OneOf(bundled) => {
                let names = PossibleValuesParser::new(bundled.iter().map(|app| app.name));
                Launch::augment_args(command.next_help_heading(None))
                    .mut_arg("app", |argument| argument.value_parser(names))
                    .about("Serves a Transom application")
                    .version(env!("CARGO_PKG_VERSION"))
                    .override_usage("transom [OPTIONS] <APP>\n       transom --list")
            }
        };
        // All variables follow one rule, which is told at the end instead of with every flag.
        command.after_help(AFTER).mut_args(|argument| argument.hide_env(true))
    }

    /// The completions of the command line for `shell`.
    pub(super) fn completions(&self, shell: Shell) -> Vec<u8> {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut self.command(), &self.name, &mut script);
        script
    }

    /// Whether the names of the applications were asked for.
    pub(super) fn is_list_wanted(&self, matches: &ArgMatches) -> bool {
        self.launch(matches).is_some_and(|launch| launch.list)
    }

    /// The applications, one per line.
    pub(super) fn list(&self) -> String {
        let Serves::OneOf(bundled) = self.serves else { return String::new() };
        let width = bundled.iter().map(|app| app.name.len()).max().unwrap_or(0);
        bundled.iter().map(|app| format!("{:width$}  {}\n", app.name, app.about)).collect()
    }

    /// The application to serve and what to call it.
    pub(super) fn chosen(&self, matches: &ArgMatches) -> Result<(String, Application), Failure> {
        match &self.serves {
            Serves::Own(app) => Ok((self.name.clone(), app.clone())),
            Serves::OneOf(bundled) => {
                let wanted = self.launch(matches).and_then(|launch| launch.app);
                match bundled.iter().find(|app| wanted.as_deref() == Some(app.name)) {
                    Some(found) => Ok((found.name.to_owned(), (found.app)())),
                    None => {
                        let names: Vec<_> = bundled.iter().map(|app| app.name).collect();
                        Err(Failure::Usage(format!("name an application to serve: {}; see --help", names.join(", "))))
                    }
                }
            }
        }
    }

    fn launch(&self, matches: &ArgMatches) -> Option<Launch> {
        match self.serves {
            Serves::Own(_) => None,
            // clap has checked it.
            Serves::OneOf(_) => Launch::from_arg_matches(matches).ok(),
        }
    }
}

/// What only a launcher has.
#[derive(Debug, Args)]
struct Launch {
    /// The application to serve
    #[arg(env = "TRANSOM_APP")]
    app: Option<String>,
    /// Print the applications that can be served
    #[arg(long, help_heading = "Other")]
    list: bool,
}

const AFTER: &str = "\
Sizes are bytes, or 64k, 64KiB, 1M, 1G (powers of 1024). Times are seconds, or 500ms, 10s, 2m, 1m30s.
Each option is an environment variable too: --limit-head is TRANSOM_LIMIT_HEAD, and true or false
switches --access-log. What is typed wins, then the variable, then the file of --env-file.
Exit codes: 0 stopped in order, 1 failed or stopped by force, 2 bad usage, 3 could not start.";
