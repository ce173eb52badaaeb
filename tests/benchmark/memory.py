"""Memory of many connections and of long streams."""

import report
from comparison import chosen, per_connection, progress
from contenders import CONTENDERS, PLAINTEXT, SINK, STREAM, WEBSOCKET
from machine import connections, note
from server import Failed, Server


def measure_memory(programs, options):
    """Of Transom, and of the peers that are named."""
    contenders = chosen(programs, options) if options.with_peers else {"transom": CONTENDERS["transom"]}
    many = connections(options.connections)
    few = min(1000, many)
    length = options.mebibytes << 20
    rows = {
        "after 1,000 requests, in all": (PLAINTEXT, started),
        # Small pieces are copied; large ones would be the application's.
        f"{size(options.mebibytes)} of response, on one connection": (
            STREAM,
            grown_by(f"down --size 1024 --bytes {length}"),
        ),
        f"{size(options.mebibytes)} of request, on one connection": (SINK, grown_by(f"up --bytes {length}")),
        f"{few:,} clients that do not read their response, each": (STREAM, each("unread", few)),
        f"{many:,} idle connections, each": (PLAINTEXT, each("idle", many)),
        f"{many:,} idle WebSockets, each": (WEBSOCKET, each("websocket", many)),
    }
    figures = {name: measured(name, needs, measure, contenders, programs) for name, (needs, measure) in rows.items()}
    return report.table("KiB", figures, lambda row, name: "–" if row[name] is None else f"{row[name]:,.1f}"), figures


def measured(name, needs, measure, contenders, programs):
    figures = {}
    for contender in contenders.values():
        if needs in contender.does:
            progress(f"{name}: {contender.name}")
            figures[contender.name] = fresh(contender, programs, measure)
    progress("")
    return figures


def size(mebibytes):
    return f"{mebibytes // 1024} GiB" if mebibytes % 1024 == 0 else f"{mebibytes} MiB"


def fresh(contender, programs, measure):
    """Measures a server that was not used before; `None` if that fails."""
    try:
        server = Server(contender.name, contender.command, programs)
        try:
            return measure(server)
        finally:
            server.stop()
    except Failed as error:
        note(f"{contender.name}: {error}")
        return None


def started(server):
    server.load("http --connections 8 --requests 1000")
    return server.settled_memory()


def grown_by(arguments):
    """How far memory rises above that of a server that has served requests."""

    def measure(server):
        server.load("http --connections 8 --requests 1000")
        server.forget_peak()
        before = server.peak()
        server.load(arguments)
        return server.peak() - before

    return measure


def each(kind, count):
    return lambda server: per_connection(server, f"hold --kind {kind}", count)
