"""The settings of Transom against one another: threads, runtimes, who accepts, and how much is buffered."""

from comparison import in_rounds, middle, ratio, with_servers
from contenders import TRANSOM, Contender
from machine import cores
from report import table

DEFAULT = "default"

ONE_CORE = {
    DEFAULT: "--workers 1",
    "work-stealing": "--workers 1 --runtime work-stealing",
    "reuse-port": "--workers 1 --reuse-port",
    "2 workers": "--workers 2",
}
TWO_CORES = {
    DEFAULT: "--workers 2",
    "work-stealing": "--workers 2 --runtime work-stealing",
    "reuse-port": "--workers 2 --reuse-port",
    "1 worker": "--workers 1",
}
BUFFERS = {
    DEFAULT: "--workers 1",
    "16k": "--workers 1 --high-water 16k",
    "256k": "--workers 1 --high-water 256k",
    "1M": "--workers 1 --high-water 1M",
}


def compare_defaults(programs, options):
    """The tables, and every round's figures."""
    parts = []
    figures = {}

    def add(title, settings, names, on, others=None):
        rows = run(settings, names, on, programs, options, others or {})
        figures[title] = rows
        parts.append(f"{title}:\n\n{table('', rows, cell)}")

    add("Threads, on one core", ONE_CORE, ["plain", "churn", "uneven"], cores()[:1])
    if len(cores()) > 1:
        # The client has the second of them too.
        add("Threads, on two cores", TWO_CORES, ["plain", "churn", "uneven"], cores()[:2])
    add("High-water mark, on one core", BUFFERS, ["stream", "down", "uneven"], cores()[:1])
    other = "system" if programs.allocator == "mimalloc" else "mimalloc"
    add(
        "Allocator, on one core",
        {DEFAULT: "--workers 1"},
        ["plain", "json", "stream", "ws1k"],
        cores()[:1],
        {other: "--workers 1"},
    )
    return "\n\n".join([EXPLAINED, *parts]), figures


EXPLAINED = (
    "For work: requests (or MiB) per second of processor time, as a ratio to the default, with the least and the"
    " greatest of the rounds; in brackets microseconds for each. For latency: 50th / 99th percentile in microseconds."
)


def run(settings, names, on, programs, options, others):
    """Runs the scenarios on servers with these settings, and on those of `others`, who have another allocator."""
    contenders = {name: Contender(name, f"{TRANSOM} {flags}") for name, flags in settings.items()}
    for name, flags in others.items():
        directory = programs.with_allocator(name).directory
        contenders[name] = Contender(name, f"{TRANSOM.replace('{programs}', str(directory))} {flags}")
    figures = {}
    with_servers(
        contenders,
        programs,
        lambda servers: in_rounds(names, contenders, servers, options, figures),
        set(on),
    )
    return figures


def cell(rows, name):
    # All rounds of a row are of one scenario.
    if any("p99" in one for one in rows[name] if one):
        return f"{middle(rows[name], 'p50', 0)} / {middle(rows[name], 'p99', 0)}"
    return f"{ratio(rows, name, DEFAULT)} [{middle(rows[name], 'us_per_request', 2)}]"
