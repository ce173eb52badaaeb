"""Runs cases of the Autobahn test suite against an echo server, and judges what it finds.

    fuzz.py SITE URL [SET | CASE]...

The suite is for Python 2.7, and so is this; SITE is the directory where it is installed. A CASE is as `7.1.1` or
`9.*`. The SETs are `core`, everything but compression; `deflate`, the compression; `deflate-quick`, three cases of each
kind of compression; `quick`, core and deflate-quick; and `full`, which is meant where nothing is named.
"""

import collections
import fnmatch
import os
import re
import site
import sys
import types

# What `deflate-quick` has of every kind of compression: how long the messages are, and in fragments of what size.
BRIEF = ((16, 0), (1024, 0), (8192, 256))

# So many cases may be passed with reserve: those with invalid UTF-8 that a server refuses once it has the whole frame,
# and not in the middle of it (6.4.3, 6.4.4).
RESERVED = "NON-STRICT"
RESERVE = 2
GOOD = ("OK", "INFORMATIONAL")

# Seconds that the suite waits for a handshake, for a close, and in many cases for all. Its own are few, for some cases
# half of one, and too few for a busy machine.
PATIENCE = 20


def main(directory, url, names):
    site.addsitedir(directory)
    without_tls()
    from autobahntestsuite.case import Cases

    known = dict((number(definition), definition) for definition in Cases)
    cases = [case for case in sorted(known, key=place) if any(within(case, known[case], name) for name in names)]
    if not cases:
        sys.exit("autobahn: no such cases: " + " ".join(names))
    return judge(fuzz(url, cases), cases)


def number(definition):
    """The number of a case, from the class that defines it: `Case7_1_1`."""
    return definition.__name__[len("Case") :].replace("_", ".")


def place(case):
    """What sorts cases by their numbers."""
    return [int(part) for part in case.split(".")]


def within(case, definition, name):
    """Whether a case belongs to a set, or is meant by a pattern."""
    compressed = place(case)[0] in (12, 13)
    brief = compressed and (definition.LEN, definition.AUTOFRAGSIZE) in BRIEF
    sets = {
        "core": not compressed,
        "deflate": compressed,
        "deflate-quick": brief,
        "quick": brief or not compressed,
        "full": True,
    }
    return sets[name] if name in sets else fnmatch.fnmatchcase(case, name)


def without_tls():
    """Takes the place of Twisted's TLS, which the suite imports and, for ws://, does not use.

    What that depends on is hard to have for Python 2.
    """
    import twisted.internet

    tls = types.ModuleType("twisted.internet.ssl")
    tls.ClientContextFactory = object
    sys.modules[tls.__name__] = twisted.internet.ssl = tls


def fuzz(url, cases):
    """The results of `cases`; those that were not run to their end have none."""
    from autobahntestsuite.fuzzing import FuzzingClientFactory, FuzzingClientProtocol
    from twisted.internet import reactor

    class Client(FuzzingClientFactory):
        def createReports(self):
            """Writes none of the suite's own, which have a page for each case."""

    kill_after = FuzzingClientProtocol.killAfter
    FuzzingClientProtocol.killAfter = lambda protocol, delay: kill_after(protocol, PATIENCE)
    spec = {
        "servers": [{"agent": "server", "url": url}],
        "cases": cases,
        "options": {
            "openHandshakeTimeout": PATIENCE,
            "closeHandshakeTimeout": PATIENCE,
            "serverConnectionDropTimeout": PATIENCE,
        },
    }
    output = sys.stdout
    # The suite has a line for every case.
    with open(os.devnull, "w") as sys.stdout:
        client = Client(spec)
        # It ends with the last case, or with a signal.
        reactor.run()
    sys.stdout = output
    return client.agents.get("server", {})


def judge(results, cases):
    """Tells what is wrong, and says whether that is too much."""
    counts = collections.Counter()
    failed = 0
    for case in cases:
        verdict, reason = behaviour(results.get(case))
        counts[verdict] += 1
        if verdict in GOOD:
            continue
        failed += verdict != RESERVED or counts[verdict] > RESERVE
        tell("%-8s%s: %s" % (case, verdict, reason))
    tell(", ".join("%d %s" % (count, verdict) for verdict, count in counts.most_common()))
    tell("%d passed, %d failed" % (len(cases) - failed, failed))
    return failed > 0


def behaviour(result):
    """What a case found, of the messages or, if they were good enough, of the close; and why."""
    if result is None:
        return "NOT RUN", "the server or the time had run out"
    wanted = " ".join(re.sub("<[^>]*>", " ", result["expectation"]).split())
    if result["behavior"] in GOOD + (RESERVED,) and result["behaviorClose"] not in GOOD:
        return result["behaviorClose"] + " CLOSE", result["resultClose"] + " It should: " + wanted
    return result["behavior"], result["result"] + " It should: " + wanted


def tell(line):
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:] or ["full"]))
