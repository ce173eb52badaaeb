"""Counts the system calls that the server makes for a request."""

import re

import callgrind

# On one connection each request is waited for; of many some are there when the server comes to look.
CONNECTIONS = (1, 64)


def table(scenarios, instructions, cores):
    """As Markdown, beside the instructions that are kept."""
    lines = ["| scenario | instructions | system calls, one connection | of 64 connections |", "|---|---:|---|---|"]
    for name, scenario in scenarios.items():
        with cores.take() as core:
            calls = [render(per_request(scenario, core, connections)) for connections in CONNECTIONS]
        lines.append(f"| {name} | {instructions.get(name, 0):,} | {' | '.join(calls)} |")
    return "\n".join(lines)


def per_request(scenario, core, connections):
    """How many of each, by their names."""
    # How many are there at once is different each time, and so is the end: with more requests that is less of them.
    times = 1 if connections == 1 else 5
    few, many = (calls(scenario, core, connections, times * count) for count in (scenario.few, scenario.many))
    difference = times * (scenario.many - scenario.few)
    return {name: (count - few.get(name, 0)) / difference for name, count in many.items()}


def calls(scenario, core, connections, requests):
    log = callgrind.serve(scenario, ["strace", "--follow-forks", "--summary-only"], core, connections, requests)
    return summary(log)


def summary(log):
    """The calls of strace's table: of its columns the fourth is the count, and the last the name."""
    row = re.compile(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", re.MULTILINE)
    return {name: int(count) for count, name in row.findall(log) if name != "total"}


def render(counts):
    """Those that are made for at least one request in a hundred, in the order of how often."""
    often = sorted((item for item in counts.items() if item[1] >= 0.01), key=lambda item: (-round(item[1], 1), item[0]))
    return f"{sum(counts.values()):.2f}: " + ", ".join(f"{count:.2f} {name}" for name, count in often)
