"""The gate closes."""

import pytest

import gate


def test_numbers_are_kept(tmp_path):
    path = tmp_path / "numbers"
    assert gate.read(path) == gate.Numbers()
    gate.write(gate.Numbers({"rustc": "1.2.3"}, {"plain": 1000.4, "json": 20}), path)
    assert gate.read(path) == gate.Numbers({"rustc": "1.2.3"}, {"plain": 1000, "json": 20})


def test_versions_are_compared():
    assert gate.differences({"rustc": "1"}, {"rustc": "1"}) == []
    assert gate.differences({"rustc": "1"}, {"rustc": "2"}) == ["rustc 2 instead of 1"]
    assert gate.differences({}, {"rustc": "2"}) == ["rustc 2 instead of None"]


@pytest.mark.parametrize(
    ("counted", "fails", "is_news"),
    [(1051, True, True), (1049, False, False), (1000, False, False), (951, False, False), (949, False, True)],
)
def test_more_fails_and_less_is_news(counted, fails, is_news):
    (one,) = gate.judge({"plain": 1000}, {"plain": counted})
    assert (one.fails, one.is_news, "FAILED" in str(one)) == (fails, is_news, fails)


def test_nothing_to_compare_with_fails():
    (one,) = gate.judge({}, {"plain": 1000})
    assert one.fails
    assert one.is_news
    assert "FAILED" in str(one)
