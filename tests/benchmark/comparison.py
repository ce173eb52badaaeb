"""Transom beside its peers."""

import statistics
import sys

import report
from contenders import CONTENDERS, Contender
from machine import connections, note
from scenarios import LATENCY, MEMORY, SCENARIOS, WORK
from server import Failed, Server


def compare(programs, options):
    """Runs the scenarios; returns the tables and every round's figures."""
    contenders = chosen(programs, options)
    figures = {}
    rounds = [name for name in options.scenarios if SCENARIOS[name].kind != MEMORY]
    if rounds:
        with_servers(contenders, programs, lambda servers: in_rounds(rounds, contenders, servers, options, figures))
    for name in options.scenarios:
        if SCENARIOS[name].kind == MEMORY:
            figures[name] = held(name, contenders, programs, options)
    return tables(figures, options.base), figures


def chosen(programs, options):
    peers = CONTENDERS if options.peers is None else dict.fromkeys(["transom", *options.peers])
    wanted = [CONTENDERS[name] for name in peers]
    wanted += [Contender(name, command) for name, command in options.target]
    return {one.name: one for one in wanted if programs.has_python or not one.python}


def with_servers(contenders, programs, function, cores=None):
    """Starts all of them: those that are not asked are idle."""
    servers = {}
    try:
        for contender in contenders.values():
            try:
                servers[contender.name] = Server(contender.name, contender.command, programs, cores)
            except Failed as error:
                note(f"{contender.name} is left out: {error}")
        function(servers)
    finally:
        for server in servers.values():
            server.stop()


def in_rounds(names, contenders, servers, options, figures):
    for name in names:
        able = [servers[one] for one in servers if can(contenders[one], name)]
        # What does not work once is not tried again and again.
        able = [server for server in able if attempt(server, name, load(name, server, contenders, options, warm=True))]
        figures[name] = {server.name: [] for server in able}
        for turn in range(options.rounds):
            progress(f"{name}: round {turn + 1} of {options.rounds}")
            # There and back: what drifts does so for all of them.
            for server in able if turn % 2 == 0 else reversed(able):
                figures[name][server.name].append(attempt(server, name, load(name, server, contenders, options)))
        progress("")


def can(contender, scenario):
    return SCENARIOS[scenario].needs in contender.does


def load(name, server, contenders, options, warm=False):
    """The arguments of the client."""
    scenario = SCENARIOS[name]
    if scenario.bulk:
        slow = contenders[server.name].python
        mebibytes = 16 if warm else options.mebibytes // (4 if slow else 1)
        return f"{scenario.load} --bytes {mebibytes << 20}"
    return f"{scenario.load} --seconds {0.3 if warm else options.seconds}"


def attempt(server, name, arguments):
    """`None` if it fails."""
    try:
        return server.load(arguments)
    except Failed as error:
        note(f"{name}, {server.name}: {error}")
        return None


def held(name, contenders, programs, options):
    """KiB for each of many connections, of a server that was not used before, apart from one request."""
    count = connections(options.connections)
    figures = {}
    for contender in contenders.values():
        if not can(contender, name):
            continue
        progress(f"{name}: {contender.name}")
        try:
            server = Server(contender.name, contender.command, programs)
            try:
                figures[contender.name] = [{"kib": per_connection(server, SCENARIOS[name].load, count)}]
            finally:
                server.stop()
        except Failed as error:
            note(f"{name}, {contender.name}: {error}")
    progress("")
    return figures


def per_connection(server, arguments, count):
    # What it keeps from then on is no connection's.
    warm = "websocket" if "websocket" in arguments else "http"
    server.load(f"{warm} --connections 8 --requests 1000")
    before = server.settled_memory()
    with server.held(f"{arguments} --connections {count}"):
        return (server.settled_memory() - before) / count


def tables(figures, base):
    """What is printed."""
    work = {name: rows for name, rows in figures.items() if SCENARIOS[name].kind == WORK}
    latency = {name: rows for name, rows in figures.items() if SCENARIOS[name].kind == LATENCY}
    memory = {name: rows for name, rows in figures.items() if SCENARIOS[name].kind == MEMORY}
    parts = []
    if work:
        parts += [
            f"Requests (or MiB) per second of the server's processor time, as a ratio to {base}: the median of the"
            " rounds, with the least and the greatest.",
            report.table("", work, lambda rows, name: ratio(rows, name, base)),
            "The processor's time for a request (or MiB), in microseconds: the median.",
            report.table("", work, lambda rows, name: middle(rows[name], "us_per_request", 2)),
            "Requests (or MiB) per second: the median; in brackets where the server was on its core for less than nine"
            " tenths of the time, so that the client or others on the machine set the limit.",
            report.table("", work, rate),
        ]
    if latency:
        parts += [
            "Latency in microseconds, counted from the time at which a request was due: the median of the rounds' 50th"
            " / 99th percentiles.",
            report.table("", latency, percentiles),
        ]
    if memory:
        parts += [
            "Memory of the server for each of many connections, in KiB.",
            report.table("", memory, lambda rows, name: middle(rows[name], "kib", 1)),
        ]
    parts.append("\n".join(f"- {name}: {SCENARIOS[name].about}" for name in figures))
    return "\n\n".join(parts)


def ratio(rows, name, base):
    pairs = zip(rows[name], rows.get(base, []), strict=False)
    ratios = [one["per_cpu_second"] / other["per_cpu_second"] for one, other in pairs if one and other]
    if not ratios:
        return "–"
    middle_one = f"{statistics.median(ratios):.2f}"
    return middle_one if name == base else f"{middle_one} ({min(ratios):.2f}–{max(ratios):.2f})"


def middle(rounds, figure, digits):
    values = [one[figure] for one in rounds if one]
    return f"{statistics.median(values):,.{digits}f}" if values else "–"


def rate(rows, name):
    text = middle(rows[name], "per_second", 0)
    busy = [one["busy"] for one in rows[name] if one]
    return f"({text})" if busy and statistics.median(busy) < 0.9 else text


def percentiles(rows, name):
    return f"{middle(rows[name], 'p50', 0)} / {middle(rows[name], 'p99', 0)}"


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
