"""Rows must leave before a bundle is committed; a hub that is away is no fault of the bundle."""

from __future__ import annotations

from edge_agent.sync.draining import Draining


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def watched(clock: Clock, *, stuck: bool = False) -> Draining:
    return Draining(lambda: stuck, clock=clock)


def test_rows_that_a_hub_which_is_there_never_acknowledges_are_a_complaint() -> None:
    clock = Clock()
    draining = watched(clock)
    for second in range(59):
        clock.now = second
        draining.look(10 + second, 5, reachable=True)
        assert draining.complaint() == ""
    clock.now = 61
    draining.look(90, 5, reachable=True)
    assert "acknowledged none of 90 rows for 60 s" in draining.complaint()
    draining.look(90, 6, reachable=True)
    assert draining.complaint() == ""


def test_a_hub_that_is_away_is_no_complaint_and_gets_its_time_when_it_is_back() -> None:
    clock = Clock()
    draining = watched(clock)
    for second in range(0, 10_000, 10):
        clock.now = second
        draining.look(second, 0, reachable=False)
        assert draining.complaint() == ""
    clock.now += 50
    draining.look(10_000, 0, reachable=True)
    assert draining.complaint() == ""


def test_an_empty_outbox_is_no_complaint() -> None:
    clock = Clock()
    draining = watched(clock)
    clock.now = 1000
    draining.look(0, 0, reachable=True)
    assert draining.complaint() == ""


def test_a_disk_that_takes_nothing_is_a_complaint_at_once() -> None:
    assert "disk" in watched(Clock(), stuck=True).complaint()
