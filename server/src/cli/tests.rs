use super::*;
use crate::{Bind, Config, DeflateMode, Limits, ListenOptions, Runtime, WebSocketConfig};
use clap_complete::Shell;
use std::time::Duration;

const HEADINGS: [&str; 8] =
    ["Listening", "Workers", "Limits", "Timeouts", "Responses", "WebSocket", "Logging", "Other"];

async fn nothing(_: transom::Scope, _: transom::Receiver, _: transom::Sender) -> Result<(), transom::Error> {
    Ok(())
}

fn bundled() -> [Bundled; 2] {
    [
        Bundled { name: "hello", about: "Greets", app: || Application::new(nothing) },
        Bundled { name: "echo-all", about: "Echoes", app: || Application::new(nothing) },
    ]
}

fn settings(typed: &[&str]) -> Result<Settings, Failure> {
    let typed: Vec<OsString> = ["app"].iter().chain(typed).map(OsString::from).collect();
    let command = Program::own(Application::new(nothing)).command();
    match command.try_get_matches_from(&typed) {
        Ok(matches) => Ok(Options::of(&matches).into()),
        Err(error) => Err(Failure::usage(&error, &typed)),
    }
}

fn good(typed: &[&str]) -> Settings {
    settings(typed).unwrap_or_else(|failure| panic!("{typed:?}: {failure}"))
}

#[test]
fn every_flag_has_a_heading_a_help_and_its_variable() {
    let bundled = bundled();
    for program in [Program::launcher(&bundled), Program::own(Application::new(nothing))] {
        let mut command = program.command();
        command.build();
        for argument in command.get_arguments().filter(|argument| !argument.is_positional()) {
            let name = argument.get_long().expect("every flag has a long form");
            let heading = argument.get_help_heading().unwrap_or_default();
            assert!(HEADINGS.contains(&heading), "--{name}: heading '{heading}'");
            assert!(argument.get_help().is_some(), "--{name} has no help");
            // What only prints something is no setting, and a switch and its opposite share a variable.
            let has_none = matches!(name, "help" | "version" | "list" | "completions") || name.starts_with("no-");
            let variable = format!("TRANSOM_{}", name.to_ascii_uppercase().replace('-', "_"));
            assert_eq!(argument.get_env(), (!has_none).then_some(variable.as_ref()), "--{name}");
        }
        command.debug_assert();
    }
}

/// The defaults that `--help` shows are what is parsed when nothing is typed.
#[test]
fn defaults_are_those_of_the_library() {
    let Settings { binds, listen, config, access_log, log_level, lint } = good(&[]);
    assert_eq!(config.limits, Limits::default());
    // `Config` has no equality, but its text has all fields.
    assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
    assert_eq!(listen, ListenOptions { unix_mode: Some(0o666), ..ListenOptions::default() });
    assert_eq!(binds, [Bind::Tcp(([127, 0, 0, 1], 8000).into())]);
    assert_eq!((access_log.is_none(), log_level, lint), (true, LogLevel::Info, false));
}

#[test]
fn every_setting_can_be_changed() {
    let seconds = Duration::from_secs;
    let limits = good(&[
        "--limit-target=1",
        "--limit-head=2k",
        "--limit-headers=3",
        "--limit-trailers=4",
        "--limit-body=5M",
        "--limit-connections=6",
        "--limit-in-flight=7",
        "--limit-discard=8",
        "--high-water=9k",
        "--timeout-head=10",
        "--timeout-keep-alive=11s",
        "--timeout-body=12s",
        "--timeout-write=1m",
        "--timeout-linger=14ms",
    ]);
    assert_eq!(
        limits.config.limits,
        Limits {
            target: 1,
            head: 2 << 10,
            headers: 3,
            trailers: 4,
            body: Some(5 << 20),
            connections: Some(6),
            in_flight: Some(7),
            discard: 8,
            high_water: 9 << 10,
            head_timeout: Some(seconds(10)),
            keep_alive: Some(seconds(11)),
            body_timeout: Some(seconds(12)),
            write_timeout: Some(seconds(60)),
            linger: Duration::from_millis(14),
        }
    );
    let config = good(&[
        "--workers=3",
        "--runtime=work-stealing",
        "--blocking-threads=5",
        "--timeout-grace=1",
        "--timeout-lifespan=2",
        "--server-header=x y",
        "--header=X-A: 1, 2",
        "--header=x-b:3",
        "--root-path=/api",
        "--strict-target",
        "--half-close",
    ])
    .config;
    assert_eq!((config.workers, config.runtime, config.blocking_threads), (3, Runtime::WorkStealing, 5));
    assert_eq!((config.grace, config.lifespan_timeout), (seconds(1), Some(seconds(2))));
    assert_eq!(config.server_header.as_deref(), Some("x y"));
    assert_eq!(config.headers, [("x-a", "1, 2"), ("x-b", "3")].into_iter().collect());
    assert_eq!((config.root_path.as_str(), config.strict_target, config.half_close), ("/api", true, true));

    let websocket = good(&[
        "--no-ws",
        "--ws-max-message=4k",
        "--ws-ping-interval=5",
        "--ws-ping-timeout=6s",
        "--ws-close-timeout=7ms",
        "--ws-deflate=context-takeover",
    ])
    .config
    .websocket;
    assert_eq!(
        websocket,
        WebSocketConfig {
            enabled: false,
            max_message: Some(4 << 10),
            ping_interval: Some(seconds(5)),
            ping_timeout: Some(seconds(6)),
            close_timeout: Duration::from_millis(7),
            deflate: DeflateMode::ContextTakeover,
        }
    );

    let listening = good(&["-b", "8000,[::1]:80", "--bind=unix:/a", "--unix-mode=600", "--backlog=9", "--reuse-port"]);
    assert_eq!(
        listening.binds.iter().map(Bind::to_string).collect::<Vec<_>>(),
        ["127.0.0.1:8000", "[::1]:80", "unix:/a"]
    );
    assert_eq!(listening.listen, ListenOptions { backlog: 9, unix_mode: Some(0o600), reuse_port: true });
    assert_eq!(listening.config.runtime, Runtime::ReusePort);
    assert_eq!(good(&["--log-level", "trace"]).log_level, LogLevel::Trace);
}

#[test]
fn zero_switches_off() {
    let config = good(&[
        "--timeout-head=0",
        "--timeout-keep-alive=0s",
        "--timeout-body=0",
        "--timeout-write=0",
        "--timeout-lifespan=0",
        "--limit-body=0",
        "--limit-connections=0",
        "--limit-in-flight=0",
        "--ws-max-message=0",
        "--ws-ping-interval=0",
        "--ws-ping-timeout=0",
        "--ws-close-timeout=0",
    ])
    .config;
    let limits = &config.limits;
    let timeouts = [limits.head_timeout, limits.keep_alive, limits.body_timeout, limits.write_timeout];
    assert_eq!(timeouts, [None; 4]);
    assert_eq!((config.lifespan_timeout, limits.body, limits.connections, limits.in_flight), (None, None, None, None));
    let WebSocketConfig { max_message, ping_interval, ping_timeout, close_timeout, .. } = config.websocket;
    assert_eq!((max_message, ping_interval, ping_timeout, close_timeout), (None, None, None, Duration::ZERO));
}

#[test]
fn deflate_without_a_mode_is_per_message() {
    let deflate = |typed: &[&str]| good(typed).config.websocket.deflate;
    assert_eq!(deflate(&["--ws-deflate"]), DeflateMode::PerMessage);
    assert_eq!(deflate(&["--ws-deflate=per-message"]), DeflateMode::PerMessage);
    assert_eq!(deflate(&["--ws-deflate", "--ws-deflate=off"]), DeflateMode::Off);
    // What follows the bare flag is not its mode.
    assert_eq!(deflate(&["--ws-deflate", "--ws"]), DeflateMode::PerMessage);
}

#[test]
fn of_a_switch_and_its_opposite_the_last_wins() {
    let access_log = |typed: &[&str]| good(typed).access_log.is_some();
    assert!(access_log(&["--access-log"]));
    assert!(access_log(&["--no-access-log", "--access-log"]));
    assert!(!access_log(&["--access-log", "--no-access-log"]));
    let date = |typed: &[&str]| good(typed).config.date_header;
    assert!(date(&["--no-date-header", "--date-header"]));
    assert!(!date(&["--date-header", "--no-date-header"]));
    let websocket = |typed: &[&str]| good(typed).config.websocket.enabled;
    assert!(websocket(&["--no-ws", "--ws"]));
    assert!(!websocket(&["--ws", "--no-ws"]));
    let server = |typed: &[&str]| good(typed).config.server_header;
    assert_eq!(server(&["--no-server-header", "--server-header"]).as_deref(), Some("transom"));
    assert_eq!(server(&["--no-server-header", "--server-header=x"]).as_deref(), Some("x"));
    assert_eq!(server(&["--server-header=x", "--no-server-header"]), None);
    assert_eq!(server(&["--server-header="]), None);
    assert_eq!(good(&["--workers", "2", "--workers", "3"]).config.workers, 3);
}

#[test]
fn bad_usage_is_one_line_that_says_how_to_mend_it() {
    for (typed, needed) in [
        (&["--bind", "nowhere"][..], "cannot listen on 'nowhere': expected PORT"),
        (&["--bnd", "1"], "a similar argument exists: '--bind'"),
        (&["--bind"], "a value is required for '--bind <WHERE>'"),
        (&["--limit-head", "0"], "'--limit-head <SIZE>': it cannot be switched off"),
        (&["--limit-target", "1.5k"], "expected bytes such as 65536, 64k"),
        (&["--limit-headers", "0"], "0 is not in 1..=65535"),
        (&["--timeout-head", "soon"], "expected seconds or a duration such as"),
        (&["--timeout-grace", "400d"], "at most 365 days"),
        (&["--unix-mode", "888"], "expected permissions in octal, such as 660"),
        (&["--runtime", "fast"], "[possible values: per-core, work-stealing]"),
        (&["--log-level", "loud"], "[possible values: error, warn, info, debug, trace]"),
        (&["--header", "a b:c"], "'a b' is not a field name"),
        (&["--header", "content-length: 5"], "the server writes 'content-length' by itself"),
        (&["--server-header=a\rb"], "no control characters"),
        (&["--root-path", "api/"], "expected a path such as /api"),
        (&["--ws-deflate=fast"], "[possible values: off, per-message, context-takeover]"),
        (&["--ws-deflate", "off"], "unexpected argument 'off'"),
        (&["--ws-max-message", "big"], "expected bytes such as 65536, 64k"),
        (&["--access-log-format", "%Z"], "no access log format has the atom '%Z'; the atoms are %h "),
        (&["surplus"], "unexpected argument 'surplus'"),
    ] {
        let failure = settings(typed).map(|_| ()).expect_err("bad usage");
        assert!(matches!(failure, Failure::Usage(_)), "{failure:?}");
        let line = failure.to_string();
        assert!(line.contains(needed), "{typed:?}: {line}");
        assert!(!line.contains(['\n', '\r', '\x1b']) && line.ends_with("; see --help"), "{typed:?}: {line}");
    }
}

#[test]
fn a_launcher_offers_its_applications() {
    let bundled = bundled();
    let program = Program::launcher(&bundled);
    assert_eq!(program.list(), "hello     Greets\necho-all  Echoes\n");
    let choose = |typed: &[&str]| {
        let typed: Vec<OsString> = ["transom"].iter().chain(typed).map(OsString::from).collect();
        let matches = program.command().try_get_matches_from(&typed).map_err(|error| Failure::usage(&error, &typed))?;
        program.chosen(&matches).map(|(name, _)| name)
    };
    assert_eq!(choose(&["--workers", "2", "echo-all"]).as_deref(), Ok("echo-all"));
    let unknown = choose(&["helo"]).expect_err("unknown").to_string();
    assert!(unknown.contains("[possible values: hello, echo-all]; tip: a similar value exists: 'hello'"), "{unknown}");
    let missing = choose(&[]).expect_err("missing").to_string();
    assert!(missing.contains("name an application to serve: hello, echo-all"), "{missing}");
}

#[test]
fn an_application_that_does_not_start_up_is_a_startup_failure() {
    async fn broken(_: transom::Scope, _: transom::Receiver, _: transom::Sender) -> Result<(), transom::Error> {
        Err("no database\nat db:5432".into())
    }
    let failure = serve::run("broken", Application::new(broken), good(&["--bind", "127.0.0.1:0"]));
    let failure = failure.expect_err("it does not start up");
    assert!(matches!(failure, Failure::Startup(_)), "{failure:?}");
    let line = failure.to_string();
    assert!(line.contains("no database at db:5432") && !line.contains('\n'), "{line}");
}

#[test]
fn completions_know_flags_and_applications() {
    let bundled = bundled();
    let program = Program::launcher(&bundled);
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
        let script = String::from_utf8(program.completions(shell)).expect("UTF-8");
        for flag in ["limit-head", "no-ws", "ws-deflate"] {
            assert!(script.contains(flag), "{flag} for {shell}");
        }
    }
    let bash = String::from_utf8(program.completions(Shell::Bash)).expect("UTF-8");
    assert!(bash.contains("echo-all"), "{bash}");
}
