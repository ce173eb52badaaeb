"""What is made of what was counted."""

import pytest

import callgrind
import gate
import strace


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


def test_what_callgrind_says():
    assert callgrind.collected("==1== \n==1== Collected : 4077077\n") == 4077077
    with pytest.raises(RuntimeError):
        callgrind.collected("valgrind: no")


def test_what_strace_says():
    log = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000600           1       600           sendto
 39.99    0.000400           1       601         1 recvfrom
100.00    0.001000           1      1201         1 total
"""
    assert strace.summary(log) == {"sendto": 600, "recvfrom": 601}
    assert strace.render({"sendto": 1.0, "recvfrom": 1.002, "mmap": 0.001}) == "2.00: 1.00 recvfrom, 1.00 sendto"
