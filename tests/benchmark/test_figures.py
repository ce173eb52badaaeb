"""What is made of the figures."""

import argparse

import pytest

import comparison
import report
from arguments import names, target


def test_ratios_are_of_the_same_round():
    rows = {
        "a": [{"per_cpu_second": value} for value in (10, 40, 90)],
        "base": [{"per_cpu_second": value} for value in (10, 20, 30)],
    }
    assert comparison.ratio(rows, "a", "base") == "2.00 (1.00–3.00)"
    assert comparison.ratio(rows, "base", "base") == "1.00"


def test_rounds_that_failed_are_left_out():
    rows = {"a": [None, {"per_cpu_second": 30}], "base": [{"per_cpu_second": 10}, {"per_cpu_second": 20}]}
    assert comparison.ratio(rows, "a", "base") == "1.50 (1.50–1.50)"
    assert comparison.ratio({"a": [None], "base": [None]}, "a", "base") == "–"


def test_a_server_that_was_idle_shows():
    rows = {"busy": [{"per_second": 2000, "busy": 0.95}], "idle": [{"per_second": 2000, "busy": 0.5}]}
    assert [comparison.rate(rows, name) for name in rows] == ["2,000", "(2,000)"]


def test_every_column_of_a_table_has_its_place():
    text = report.table("x", {"one": {"a": 1}, "two": {"b": 2}}, lambda row, name: str(row[name]))
    assert text.splitlines() == ["| x | a | b |", "| --- | ---: | ---: |", "| one | 1 |  |", "| two |  | 2 |"]


def test_sections_are_replaced():
    document = "a\n<!-- begin: x -->\nold\n<!-- end: x -->\nb\n<!-- begin: y --><!-- end: y -->\n"
    once = report.replace_section(document, "x", r"new \1")
    assert once.startswith("a\n<!-- begin: x -->\n\nnew \\1\n\n<!-- end: x -->\nb\n")
    assert report.replace_section(once, "x", r"new \1") == once
    with pytest.raises(LookupError):
        report.replace_section(document, "z", "new")


def test_names_and_targets():
    assert names({"a", "b"})("b,a") == ["b", "a"]
    assert target("mine=run --x=1 {port}") == ("mine", "run --x=1 {port}")


@pytest.mark.parametrize(("parse", "bad"), [(names({"a"}), "c"), (target, "mine"), (target, "mine=run")])
def test_bad_arguments(parse, bad):
    with pytest.raises(argparse.ArgumentTypeError):
        parse(bad)
