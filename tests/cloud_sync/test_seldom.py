"""Some in a span of time, and how many were left out."""

from __future__ import annotations

import logging

from cloud_sync.seldom import Seldom, SeldomWarnings


def test_what_is_left_out_is_told_with_the_next_one() -> None:
    now = [100.0]
    seldom = Seldom(2, 60.0, lambda: now[0])
    assert [seldom.ask() for _ in range(5)] == [0, 0, None, None, None]
    now[0] += 60
    assert [seldom.ask() for _ in range(3)] == [3, 0, None]
    now[0] += 600
    assert seldom.ask() == 1


def test_warnings_of_a_logger_are_few_and_say_how_many_were_left_out() -> None:
    now = [0.0]
    bound = SeldomWarnings(Seldom(1, 60.0, lambda: now[0]))

    def line(level: int) -> logging.LogRecord:
        return logging.LogRecord("x", level, "", 0, "no %s", ("HTTP",), None)

    assert [bound.filter(line(logging.WARNING)) for _ in range(3)] == [True, False, False]
    assert bound.filter(line(logging.ERROR)) and bound.filter(line(logging.INFO))
    now[0] += 60
    last = line(logging.WARNING)
    assert bound.filter(last) and last.getMessage() == "no HTTP left_out=2"
