//! A run of the program, short or long.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Nothing here takes as long, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program with these arguments, and without settings from outside.
pub(crate) fn transom(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_transom"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TRANSOM_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `command` to its end.
pub(crate) fn finish(command: &mut Command) -> Ended {
    let output = command.output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A server that listens; dropping it kills it.
pub(crate) struct Started {
    child: Child,
    stdout: ChildStdout,
    /// Of standard error, without newlines; closed at its end.
    lines: Receiver<String>,
    first: String,
}

impl Started {
    /// Starts the program and waits until it has said that it listens.
    pub(crate) fn new(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = transom(arguments)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut started = Self { child, stdout, lines, first: String::new() };
        started.first = started.wait_for(" serving ");
        started
    }

    pub(crate) fn first_line(&self) -> &str {
        &self.first
    }

    /// Where it listens, by the first line.
    pub(crate) fn address(&self) -> &str {
        let place = self.first.split_once("http://").expect("an address in the first line").1;
        place.split(' ').next().expect("a word")
    }

    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address()).expect("it listens")
    }

    /// The next line on standard error that contains `part`.
    pub(crate) fn wait_for(&self, part: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(part) => return line,
                Ok(line) => eprintln!("{line}"),
                Err(_) => panic!("no line with '{part}'"),
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Waits for its end; what was on standard error since the last line that was waited for.
    pub(crate) fn end(mut self) -> Ended {
        let mut stderr = String::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            stderr += &line;
            stderr.push('\n');
        }
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).expect("UTF-8");
        Ended { code: self.child.wait().expect("it ends").code(), stdout, stderr }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It fails for one that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
