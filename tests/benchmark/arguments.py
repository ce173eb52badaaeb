"""The command line."""

import argparse
import os

from contenders import CONTENDERS
from scenarios import SCENARIOS


def parse(about):
    parser = argparse.ArgumentParser(
        prog="tests/benchmark/run", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenarios", type=names(SCENARIOS), default=list(SCENARIOS), help=", ".join(SCENARIOS))
    parser.add_argument("--peers", type=names(CONTENDERS), default=None, help=", ".join(CONTENDERS))
    parser.add_argument(
        "--target",
        action="append",
        default=[],
        type=target,
        metavar="NAME=COMMAND",
        help="one more server with the endpoints of apps/bench; the command contains {port}",
    )
    parser.add_argument("--base", default="hyper", help="the server to which the ratios are (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=10_000, help="for memory (default: %(default)s)")
    parser.add_argument("--mebibytes", type=int, default=1024, help="of a long body (default: %(default)s)")
    parser.add_argument(
        "--allocator",
        choices=["mimalloc", "system"],
        help="of every server in Rust (default: mimalloc beside peers; else the system's, as the program is shipped)",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--memory", action="store_true", help="measure memory instead")
    mode.add_argument("--defaults", action="store_true", help="compare the settings of Transom instead")
    parser.add_argument("--json", metavar="FILE", help="write every round's figures")
    parser.add_argument("--markdown", metavar="FILE", help="replace the marked section of a document")
    options = parser.parse_args()
    alone = options.defaults or (options.memory and not options.peers and not options.target)
    options.allocator = options.allocator or ("system" if alone else "mimalloc")
    options.with_peers = not alone and options.peers != []
    for name in ("json", "markdown"):
        if getattr(options, name):
            setattr(options, name, os.path.abspath(getattr(options, name)))
    return options


def names(known):
    """A list of names, separated by commas, as the argument of an option."""

    def parse_names(text):
        chosen = [name for name in text.split(",") if name]
        for name in chosen:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(known)}")
        return chosen

    return parse_names


def target(text):
    name, equals, command = text.partition("=")
    if not equals or "{port}" not in command:
        raise argparse.ArgumentTypeError("NAME=COMMAND, with {port} in the command")
    return name, command
