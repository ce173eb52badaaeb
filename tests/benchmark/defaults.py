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
    one, two = cores()[:1], cores()[:2]
    plan = [("Threads, on one core", with_flags(ONE_CORE), ["plain", "churn", "uneven"], one)]
    if len(two) > 1:
        # The client has the second of them too.
        plan.append(("Threads, on two cores", with_flags(TWO_CORES), ["plain", "churn", "uneven"], two))
    plan += [
        ("High-water mark, on one core", with_flags(BUFFERS), ["stream", "down", "uneven"], one),
        ("Allocator, on one core", allocators(programs), ["plain", "json", "stream", "ws1k"], one),
    ]
    figures = {}
    for title, contenders, names, on in plan:
        figures[title] = run(contenders, names, on, programs, options)
    tables = [f"{title}:\n\n{table('', rows, cell)}" for title, rows in figures.items()]
    return "\n\n".join([EXPLAINED, *tables]), figures


def with_flags(settings):
    return {name: Contender(name, f"{TRANSOM} {flags}") for name, flags in settings.items()}


def allocators(programs):
    other = programs.with_allocator("system" if programs.allocator == "mimalloc" else "mimalloc")
    command = TRANSOM.replace("{programs}", str(other.directory))
    return {
        DEFAULT: Contender(DEFAULT, f"{TRANSOM} --workers 1"),
        other.allocator: Contender(other.allocator, f"{command} --workers 1"),
    }


EXPLAINED = (
    "For work: requests (or MiB) per second of processor time, as a ratio to the default, with the least and the"
    " greatest of the rounds; in brackets microseconds for each. For latency: 50th / 99th percentile in microseconds."
)


def run(contenders, names, on, programs, options):
    figures = {}

    def rounds(servers):
        in_rounds(names, contenders, servers, options, figures)

    with_servers(contenders, programs, rounds, set(on))
    return figures


def cell(rows, name):
    # All rounds of a row are of one scenario.
    if any("p99" in one for one in rows[name] if one):
        return f"{middle(rows[name], 'p50', 0)} / {middle(rows[name], 'p99', 0)}"
    return f"{ratio(rows, name, DEFAULT)} [{middle(rows[name], 'us_per_request', 2)}]"
