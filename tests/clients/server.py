"""The server binary, run as an operator would."""

import os
import pathlib
import re
import signal
import socket
import subprocess

from output import PATIENCE, Output

# What `--lint` writes to the log.
REPORT = re.compile(r"ERROR ([A-Z]+-(?:[A-Z]+-)?\d+): (the application|the server|a layer)")
START = re.compile(r"transom \S+ serving (\S+) on (?:http://(?P<tcp>\S+)|unix:(?P<unix>\S+)) \(\d+ workers?\)")
LOOPBACK = ("--bind", "127.0.0.1:0")


def environment(variables=None):
    """The variables of a run: without settings from outside, under a lint, and with `variables`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TRANSOM_", "LISTEN_"))}
    return {**inherited, "TRANSOM_LINT": "on", **(variables or {})}


class Server:
    """A run of the program that serves."""

    def __init__(self, command, variables=None, inherit=(), places=1, breaks=()):
        """Returns when the program listens in as many `places`; `inherit` are descriptors to leave open for it, and
        `breaks` the clauses of SPEC.md that its application breaks on purpose."""
        self.breaks = frozenset(breaks)
        self.process = subprocess.Popen(
            [str(word) for word in command],
            env=environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=inherit,
        )
        self.stdout = Output(self.process.stdout)
        self.stderr = Output(self.process.stderr)
        try:
            self.places = [_place(line) for line in self.stderr.count(places)]
        except AssertionError:
            self.kill()
            raise

    @property
    def address(self):
        """The first place, as `socket.connect` takes it."""
        return self.places[0]

    @property
    def url(self):
        """The first place, as clients of HTTP take it."""
        host, port = self.address[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def signal(self, number):
        self.process.send_signal(number)

    def terminate(self):
        """Sends SIGTERM and returns when the server has taken notice."""
        self.signal(signal.SIGTERM)
        self.stderr.containing("SIGTERM: stopping")

    def end(self, patience=PATIENCE):
        """The exit code, once the program has ended."""
        code = self.process.wait(patience)
        complaints = [line for line in self.stderr.whole() if "panicked" in line or self.is_report(line)]
        assert not complaints, complaints
        return code

    def is_report(self, line):
        """Whether a clause was broken that the application does not break on purpose."""
        report = REPORT.search(line)
        return report and not (report[2] == "the application" and report[1] in self.breaks)

    def stop(self):
        """Stops the server if it runs, and checks that it stops in order."""
        if self.process.returncode is None:
            self.signal(signal.SIGTERM)
            assert self.end() == 0, self.stderr.lines()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def memory(self, field="VmRSS"):
        """Bytes of memory, by a field of /proc/PID/status."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s*(\d+) kB", status)[1]) << 10

    def processor_time(self):
        """Seconds of processor time so far, of the program and the system on its behalf."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _place(line):
    match = START.fullmatch(line)
    assert match, f"not where it is served: {line}"
    if match["unix"]:
        return match["unix"]
    host, _, port = match["tcp"].rpartition(":")
    return (host.strip("[]"), int(port))


def has_ipv6():
    """Whether this machine has the IPv6 loopback address."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
