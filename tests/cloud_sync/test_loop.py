"""The frame of the hub's loops: turns, pauses after faults, an end that waits for the turn at hand."""

from __future__ import annotations

import threading

from cloud_sync.loop import Loop, always, doubling
from cloud_sync.metrics import Metrics
from tests.waiting import wait_for


def faults(metrics: Metrics, name: str) -> float:
    return metrics.loop_errors.labels(name)._value.get()  # type: ignore[no-any-return]


def test_a_fault_is_counted_and_the_next_turn_comes() -> None:
    metrics, turns, asked = Metrics(), [], []

    def turn() -> float:
        turns.append(len(turns))
        if len(turns) in (2, 3, 5):
            raise RuntimeError("the disk is full")
        return 0.0

    def after(count: int) -> float:
        asked.append(count)
        return 0.0

    loop = Loop("a-loop", turn, metrics, after_fault=after)
    loop.start()
    wait_for(lambda: len(turns) > 6)
    loop.stop()
    assert faults(metrics, "a-loop") == 3
    assert asked == [1, 2, 1], "faults in a row, forgotten by a turn that did its work"


def test_the_end_waits_for_the_turn_at_hand_and_for_no_pause() -> None:
    begun, go, done = threading.Event(), threading.Event(), []

    def turn() -> float:
        begun.set()
        go.wait(10)
        done.append(True)
        return 3600.0

    loop = Loop("slow", turn, Metrics(), after_fault=always(3600))
    loop.start()
    begun.wait(10)
    threading.Timer(0.05, go.set).start()
    loop.stop()
    assert done == [True]
    assert loop.stopping.is_set()


def test_a_loop_that_never_began_can_be_stopped() -> None:
    Loop("idle", lambda: 0.0, Metrics(), after_fault=always(1)).stop()


def test_pauses_after_faults_double_up_to_a_limit() -> None:
    pauses = doubling(0.5, 30.0)
    assert [pauses(count) for count in (1, 2, 3, 7, 5000)] == [0.5, 1.0, 2.0, 30.0, 30.0]
