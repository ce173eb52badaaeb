//! The program as its users meet it: a command line, two streams of text, a socket, signals and an exit code.

#[path = "command_line/transom.rs"]
mod transom;

use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use transom::{Started, finish, transom};

/// Whatever is wrong, the last line on standard error says so, and there is only this one.
fn fails(arguments: &[&str], variables: &[(&str, &str)], code: i32) -> String {
    let ended = finish(transom(arguments).envs(variables.iter().copied()));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{arguments:?}: {}", ended.stderr);
    assert_eq!(ended.stderr.lines().count(), 1, "{arguments:?}: {}", ended.stderr);
    assert!(ended.stderr.starts_with("transom: error: "), "{arguments:?}: {}", ended.stderr);
    ended.stderr
}

fn succeeds(arguments: &[&str]) -> String {
    let ended = finish(&mut transom(arguments));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    ended.stdout
}

#[test]
fn help_is_grouped() {
    let help = succeeds(&["--help"]);
    assert_eq!(succeeds(&["-h"]), help);
    let mut rest = help.as_str();
    for heading in ["Arguments", "Listening", "Workers", "Limits", "Timeouts", "Responses", "Logging", "Other"] {
        let found = rest.split_once(&format!("\n{heading}:\n"));
        rest = found.unwrap_or_else(|| panic!("{heading} is missing or out of order: {help}")).1;
    }
    assert!(help.contains("Usage: transom [OPTIONS] <APP>\n"), "{help}");
}

#[test]
fn version_list_and_completions() {
    assert_eq!(succeeds(&["--version"]), format!("transom {}\n", env!("CARGO_PKG_VERSION")));
    let list = succeeds(&["--list"]);
    let names: Vec<_> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let demo = if cfg!(feature = "demo") { &["demo"][..] } else { &[] };
    assert_eq!(names, [&["hello", "probe", "bench"], demo].concat());
    assert!(succeeds(&["--completions", "bash"]).contains("--limit-head"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    for arguments in [&["--help"][..], &["--list"], &["--version"], &["--completions", "zsh"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let status = transom(arguments).stdout(writer).status().expect("it runs");
        assert_eq!(status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn bad_usage_is_2() {
    for (arguments, needed) in [
        (&[][..], "name an application to serve: hello, probe, bench"),
        (&["helo"], "tip: a similar value exists: 'hello'"),
        (&["hello", "--bind", "somewhere"], "cannot listen on 'somewhere'"),
        (&["hello", "--limit-head", "lots"], "expected bytes such as"),
        (&["hello", "--unheard-of"], "unexpected argument '--unheard-of'"),
        (&["hello", "--env-file", "/nowhere"], "cannot read the environment file '/nowhere'"),
    ] {
        let line = fails(arguments, &[], 2);
        assert!(line.contains(needed), "{arguments:?}: {line}");
    }
}

#[test]
fn a_port_in_use_is_3() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = holder.local_addr().expect("an address").to_string();
    let line = fails(&["hello", "--bind", &address], &[], 3);
    assert!(line.contains(&address), "{line}");
}

#[test]
fn a_bad_variable_is_named() {
    let line = fails(&["hello"], &[("TRANSOM_LIMIT_HEAD", "lots")], 2);
    assert!(line.contains("(from TRANSOM_LIMIT_HEAD)"), "{line}");
    let line = fails(&["hello"], &[("TRANSOM_ACCESS_LOG", "maybe")], 2);
    assert!(line.contains("(from TRANSOM_ACCESS_LOG)"), "{line}");
}

#[test]
fn what_is_typed_wins_over_variables_and_they_over_the_file() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "# settings\nTRANSOM_LIMIT_HEAD=from-file\n").expect("it is written");
    let path = file.path().to_str().expect("UTF-8");
    // To print completions everything is read, and nothing is served.
    let base = ["--completions", "bash", "--env-file", path];
    let variable = ("TRANSOM_LIMIT_HEAD", "from-variable");
    assert!(fails(&base, &[], 2).contains("'from-file'"));
    assert!(fails(&base, &[variable], 2).contains("'from-variable'"));
    assert!(fails(&base[..2], &[("TRANSOM_ENV_FILE", path)], 2).contains("'from-file'"));
    let typed = [&base[..], &["--limit-head", "1k"]].concat();
    assert_eq!(finish(transom(&typed).envs([variable])).code, Some(0));
}

#[test]
fn a_bad_line_of_the_file_is_named_but_not_shown() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "A=1\n\nmy secret\n").expect("it is written");
    let line = fails(&["hello", "--env-file", file.path().to_str().expect("UTF-8")], &[], 2);
    assert!(line.contains("in line 3 of") && !line.contains("secret"), "{line}");
}

#[test]
fn serves_until_a_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let server = Started::new(&["hello", "--bind", "127.0.0.1:0", "--workers", "1"], &[]);
        assert_eq!(
            server.first_line(),
            format!("transom {} serving hello on http://{} (1 worker)", env!("CARGO_PKG_VERSION"), server.address())
        );
        let answer = get(server.connect(), "/");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nHello, World!\n"), "{answer}");
        server.signal(signal);
        assert_eq!(server.end().code, Some(0));
    }
}

#[test]
fn listens_in_several_places() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("socket");
    let unix = format!("unix:{}", path.display());
    let server = Started::new(&["hello"], &[("TRANSOM_BIND", &format!("127.0.0.1:0,{unix}"))]);
    server.wait_for(&format!(" on {unix} ("));
    assert!(get(server.connect(), "/").starts_with("HTTP/1.1 200 OK"));
    assert!(get(UnixStream::connect(&path).expect("it listens"), "/").starts_with("HTTP/1.1 200 OK"));
    server.signal(Signal::TERM);
    assert_eq!(server.end().code, Some(0));
    assert!(!path.exists());
}

#[test]
fn a_second_signal_does_not_wait() {
    let server = Started::new(&["probe", "--bind", "127.0.0.1:0"], &[]);
    let mut endless = server.connect();
    endless.write_all(b"GET /stream?n=1000&delay=1000 HTTP/1.1\r\nhost: a\r\n\r\n").expect("it is sent");
    endless.read_exact(&mut [0; 15]).expect("the response has begun");
    server.signal(Signal::TERM);
    server.wait_for("SIGTERM: stopping");
    server.signal(Signal::TERM);
    let ended = server.end();
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.ends_with("transom: error: stopped by a second signal, running requests were dropped\n"));
}

#[test]
fn the_access_log_is_complete_at_the_end() {
    let arguments = ["hello", "--bind", "127.0.0.1:0", "--access-log-format", "%m %U %s %B \"%{User-Agent}i\" %X"];
    let server = Started::new(&arguments, &[("TRANSOM_ACCESS_LOG", "on")]);
    get(server.connect(), "/a");
    get(server.connect(), "/b?c");
    server.signal(Signal::TERM);
    let log = server.end().stdout;
    let mut lines: Vec<_> = log.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["GET /a 200 14 \"test \\\"1\\\"\" complete", "GET /b 200 14 \"test \\\"1\\\"\" complete"]);

    let server = Started::new(&["hello", "--bind", "127.0.0.1:0", "--no-access-log"], &[("TRANSOM_ACCESS_LOG", "on")]);
    get(server.connect(), "/");
    server.signal(Signal::TERM);
    assert_eq!(server.end().stdout, "");
}

/// It is given 2 s, once.
#[test]
fn an_access_log_that_nobody_reads_does_not_hold_up_the_end() {
    let server = Started::new(&["hello", "--bind", "127.0.0.1:0"], &[("TRANSOM_ACCESS_LOG", "on")]);
    // More than a pipe holds.
    let target = format!("/{}", "x".repeat(4000));
    for _ in 0..40 {
        get(server.connect(), &target);
    }
    server.signal(Signal::TERM);
    server.wait_for("SIGTERM: stopping");
    let begun = Instant::now();
    assert_eq!(server.end().code, Some(0));
    let took = begun.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_millis(3500)).contains(&took), "{took:?}");
}

/// What the application is to blame for has a line each, and what the peer is to blame for has none.
/// SPEC: RETURN-6, RETURN-7
#[test]
fn failed_calls_are_logged() {
    let server = Started::new(&["probe", "--bind", "127.0.0.1:0", "--workers", "1"], &[]);
    for target in ["/raise", "/nothing", "/raise-after-start"] {
        get(server.connect(), target);
    }
    let mut bad = server.connect();
    bad.write_all(b"POST /inspect HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nx\r\n").expect("it is sent");
    bad.read_exact(&mut [0; 15]).expect("it is refused");
    let mut gone = server.connect();
    gone.write_all(b"GET /stream?n=1000&delay=0.01 HTTP/1.1\r\nhost: a\r\n\r\n").expect("it is sent");
    gone.read_exact(&mut [0; 15]).expect("the response has begun");
    drop(gone);
    server.signal(Signal::TERM);
    let log = server.end().stderr;
    let failures = log.lines().filter_map(|line| line.split_once("the application failed on ")).map(|(_, what)| what);
    let expected = [
        "GET /raise: raised before the response",
        "GET /nothing: it returned without a response",
        "GET /raise-after-start: raised after the response was started",
    ];
    assert_eq!(failures.collect::<Vec<_>>(), expected, "{log}");
}

/// Each clause that is broken has its line, and nothing else has one.
#[test]
fn a_lint_reports_to_the_log() {
    let reports = |arguments: &[&str], variable: &str, targets: &[&str]| {
        let arguments = [arguments, &["--bind", "127.0.0.1:0"]].concat();
        let server = Started::new(&arguments, &[("TRANSOM_LINT", variable)]);
        for target in targets {
            get(server.connect(), target);
        }
        server.signal(Signal::TERM);
        let ended = server.end();
        assert_eq!(ended.code, Some(0));
        let lines =
            ended.stderr.lines().filter_map(|line| line.split_once("ERROR ")).map(|(_, report)| report.to_owned());
        lines.filter(|line| !line.starts_with("the application failed")).collect::<Vec<_>>()
    };
    let careless = ["/nothing", "/fixed", "/crlfheader", "/short"];
    let found = reports(&["probe", "--lint"], "off", &careless);
    assert_eq!(
        found.iter().map(|line| line.split(' ').next().unwrap_or_default()).collect::<Vec<_>>(),
        ["RETURN-1:", "HTTP-SEND-5:", "HTTP-SEND-12:",]
    );
    assert_eq!(found[0], "RETURN-1: the application returned Ok and had not begun its response");
    assert_eq!(reports(&["probe"], "on", &careless), found);
    assert_eq!(reports(&["probe"], "off", &careless), [""; 0]);
    assert_eq!(reports(&["probe", "--lint"], "", &["/", "/raise", "/stream?n=3", "/inspect"]), [""; 0]);
    assert_eq!(reports(&["bench", "--lint"], "", &["/", "/json", "/stream?n=3"]), [""; 0]);
    assert_eq!(reports(&["hello", "--lint"], "", &["/"]), [""; 0]);
}

#[test]
fn fields_of_every_response() {
    let arguments =
        ["hello", "--bind=127.0.0.1:0", "--header=X-Frame-Options: DENY", "--no-date-header", "--server-header=s"];
    let server = Started::new(&arguments, &[("TRANSOM_HEADER", "x-unused: 1")]);
    let answer = get(server.connect(), "/");
    assert!(answer.contains("\r\nserver: s\r\n") && answer.contains("\r\nx-frame-options: DENY\r\n"), "{answer}");
    assert!(!answer.contains("\r\ndate:") && !answer.contains("x-unused"), "{answer}");
}

/// The whole answer to a request for `target`, after which the connection is closed.
fn get(mut stream: impl Read + Write, target: &str) -> String {
    let request = format!("GET {target} HTTP/1.1\r\nhost: a\r\nuser-agent: test \"1\"\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    answer
}
