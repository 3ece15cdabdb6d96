"""Sums are kept while they are right, and no longer."""

from __future__ import annotations

from hiveboard.store.sum_memo import SumMemo, Sums


def sums(
    value: int, since: int = 0, until: int = 10, seq: int = 5, cells: int = 10, tenant: str = "t"
) -> Sums:
    return Sums(tenant, since, until, seq, cells, value)


def test_sums_are_forgotten_when_a_bucket_of_theirs_changes() -> None:
    memo = SumMemo(100)
    assert memo.seen is None
    memo.learn((), 5)
    memo.put("early", sums(1, 0, 10))
    memo.put("late", sums(2, 10, 20))
    memo.put("other", sums(3, 0, 20, tenant="u"))
    memo.learn([("t", 20, 6), ("t", 9, 7)], 8)
    assert (memo.get("early"), memo.get("late"), memo.get("other"), memo.seen) == (None, 2, 3, 8)
    memo.put("early", sums(4, seq=8))
    memo.learn([("u", 0, 9), ("t", 12, 10)], 10)
    assert (memo.get("early"), memo.get("late"), memo.get("other")) == (4, None, None)


def test_an_older_look_replaces_no_newer_one_and_is_not_right_after_a_change() -> None:
    memo = SumMemo(100)
    memo.learn((), 5)
    memo.learn([("t", 3, 9)], 9)
    memo.put("x", sums(1, seq=9))
    # Another thread read before the change and comes later to tell.
    memo.put("x", sums(0, seq=5))
    memo.put("y", sums(0, seq=5))
    assert (memo.get("x"), memo.get("y")) == (1, None)
    # A thread whose look is old tells of no changes and takes nothing back.
    memo.learn((), 7)
    assert memo.seen == 9


def test_what_was_not_asked_for_longest_goes_first() -> None:
    memo = SumMemo(30)
    memo.learn((), 5)
    for name in "abc":
        memo.put(name, sums(1))
    assert memo.get("a") == 1
    memo.put("d", sums(1, cells=15))
    assert [memo.get(name) for name in "abcd"] == [1, None, None, 1]
    memo.put("huge", sums(1, cells=31))
    assert memo.get("huge") is None


def test_many_changes_end_in_a_fresh_start() -> None:
    memo = SumMemo(100, most_changes=3)
    memo.learn((), 5)
    memo.learn([("t", bucket, 6) for bucket in range(100, 105)], 6)
    memo.put("x", sums(1, seq=6))
    assert memo.get("x") == 1
    memo.learn([("t", 200, 7)], 7)
    assert memo.get("x") is None
    memo.put("x", sums(2, seq=7))
    assert memo.get("x") == 2


def test_a_look_from_before_changes_that_are_forgotten_is_not_kept() -> None:
    memo = SumMemo(100, most_changes=1)
    memo.learn((), 5)
    memo.put("before the first", sums(1, seq=4))
    assert memo.get("before the first") is None
    memo.learn([("t", 1, 6), ("t", 2, 6)], 6)
    memo.learn([("t", 3, 7)], 7)
    memo.put("slow", sums(1, seq=5))
    assert memo.get("slow") is None
    memo.put("quick", sums(1, 4, 9, seq=6))
    assert memo.get("quick") == 1
