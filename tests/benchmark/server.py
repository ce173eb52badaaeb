"""A server under measurement, and the client that puts load on it."""

import os
import shlex
import signal
import socket
import subprocess
import time
from contextlib import contextmanager

from machine import client_core, server_core


class Failed(Exception):
    """A server or a measurement did not work; the others go on."""


class Server:
    """A server that accepts connections, on cores of its own."""

    def __init__(self, name, template, programs, cores=None):
        self.name = name
        self.programs = programs
        self.port = free_port()
        self.log = programs.logs / f"{name}.log"
        cores = cores or {server_core()}
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                shlex.split(programs.command(template, self.port)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, cores),
            )
        try:
            self.wait()
        except Failed:
            self.stop()
            raise

    def wait(self):
        """Until it accepts connections."""
        limit = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > limit:
                    raise Failed(f"it does not start: {self.log.read_text().strip()[-300:]}") from None
                time.sleep(0.02)

    def stop(self):
        processes = list(tree(self.process.pid))
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            # A server may wait for connections to end that nobody has any more.
            for pid in processes:
                with_processes_gone(os.kill, pid, signal.SIGKILL)
            self.process.wait()

    def load(self, arguments, limit=120):
        """Runs the client, and returns its figures with what they cost the server."""
        before = self.processor_time()
        figures = run_client(self.programs, arguments, self.port, limit)
        if "requests" in figures:
            used = self.processor_time() - before
            figures["cpu"] = used / 1e9
            figures["us_per_request"] = used / 1e3 / max(figures["requests"], 1)
            figures["per_cpu_second"] = figures["requests"] * 1e9 / max(used, 1)
            figures["per_second"] = figures["requests"] / figures["seconds"]
            figures["busy"] = used / 1e9 / figures["seconds"]
        return figures

    @contextmanager
    def held(self, arguments):
        """Has the client hold its connections meanwhile."""
        command = client_command(self.programs, arguments, self.port)
        client = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            if not client.stdout.readline().startswith("open "):
                raise Failed(client.stderr.read().strip()[-300:])
            yield
        finally:
            client.stdin.close()
            client.wait()
            client.stdout.close()
            client.stderr.close()

    def processor_time(self):
        """Nanoseconds for which its threads have been on a core."""
        return sum(threads(pid) for pid in tree(self.process.pid))

    def memory(self):
        """Its proportional share of memory, in KiB."""
        return sum(
            with_processes_gone(field, f"/proc/{pid}/smaps_rollup", "Pss:") or 0 for pid in tree(self.process.pid)
        )

    def settled_memory(self):
        """The same when it does not change any more."""
        last = self.memory()
        for _ in range(40):
            time.sleep(0.25)
            now = self.memory()
            if abs(now - last) <= 64:
                return now
            last = now
        return last

    def peak(self):
        """The most memory that was resident at one time since `forget_peak`, in KiB."""
        return sum(with_processes_gone(field, f"/proc/{pid}/status", "VmHWM:") or 0 for pid in tree(self.process.pid))

    def forget_peak(self):
        for pid in tree(self.process.pid):
            with open(f"/proc/{pid}/clear_refs", "w") as file:
                file.write("5")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def client_command(programs, arguments, port):
    return ["taskset", "--cpu-list", str(client_core()), programs.load, *arguments.split(), "--port", str(port)]


def run_client(programs, arguments, port, limit):
    command = client_command(programs, arguments, port)
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        raise Failed(f"no end after {limit} seconds") from None
    if result.returncode:
        raise Failed(result.stderr.strip()[-300:])
    return {name: float(value) for name, value in (line.split() for line in result.stdout.splitlines())}


def tree(pid):
    """A process and its descendants."""
    yield pid
    for thread in with_processes_gone(os.listdir, f"/proc/{pid}/task") or []:
        for child in (with_processes_gone(read, f"/proc/{pid}/task/{thread}/children") or "").split():
            yield from tree(int(child))


def threads(pid):
    """Nanoseconds on a core, over all threads that are left of a process."""
    tasks = with_processes_gone(os.listdir, f"/proc/{pid}/task") or []
    stats = [with_processes_gone(read, f"/proc/{pid}/task/{thread}/schedstat") for thread in tasks]
    return sum(int(stat.split()[0]) for stat in stats if stat)


def field(path, name):
    for line in read(path).splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def read(path):
    with open(path) as file:
        return file.read()


def with_processes_gone(function, *arguments):
    """What the function returns, `None` if the process has ended meanwhile."""
    try:
        return function(*arguments)
    except (FileNotFoundError, ProcessLookupError):
        return None
