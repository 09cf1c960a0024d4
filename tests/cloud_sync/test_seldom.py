"""Some in a span of time, and how many were left out."""

from __future__ import annotations

from cloud_sync.seldom import Seldom


def test_what_is_left_out_is_told_with_the_next_one() -> None:
    now = [100.0]
    seldom = Seldom(2, 60.0, lambda: now[0])
    assert [seldom.ask() for _ in range(5)] == [0, 0, None, None, None]
    now[0] += 60
    assert [seldom.ask() for _ in range(3)] == [3, 0, None]
    now[0] += 600
    assert seldom.ask() == 1
