"""The clock of a running hub's machine leaps years ahead and is set back: every lead is right, and soon."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.failure.conftest import Record
from tests.failure.crm_lives import Lives, Plan

pytestmark = pytest.mark.slow
LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
LEAPS = {"an hour": 3600, "a day": 86_400, "five years": 5 * 365 * 86_400}


class Clock:
    """A file that says how wrong the clock of a process is (libfaketime)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.leap(0)

    def leap(self, seconds: int) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n")
        fresh.replace(self._path)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip


def serve_anew(more: dict[str, str], folder: Path) -> None:
    """A program from its start on, as the library that makes the clock wrong wants it."""
    command = [sys.executable, "-m", "tests.failure.crm_hub", str(folder)]
    os.execve(sys.executable, command, {**os.environ, **more})


class Leaping(Lives):
    """Leads change while the clock is right, wrong and right again, and the CRM is down for a moment of each."""

    def __init__(self, folder: Path, plan: Plan, by_s: int) -> None:
        self._clock = Clock(folder / "clock")
        super().__init__(folder, plan)
        self.server = partial(serve_anew, self._clock.environment)
        self._by_s = by_s

    def _play(self) -> None:
        for held in self._simulator.make(self._plan.leads):
            self._changes[held.object_id] = 1
        for by_s in (0, self._by_s, 0, -self._by_s, 0):
            self._clock.leap(by_s)
            for held in list(self._simulator.records):
                self._step(held)
            self._simulator.troubles.extend(["503"] * 12)
            time.sleep(12.0)  # longer than between two looks of the loop that looks after leads


@pytest.mark.skipif(not LIBRARIES, reason="libfaketime is not installed")
@pytest.mark.parametrize("leap", LEAPS)
def test_a_clock_that_is_set_while_the_hub_runs(tmp_path: Path, record: Record, leap: str) -> None:
    began = time.monotonic()
    lives = Leaping(tmp_path, Plan(leads=30, changes=6, copies=1, kills=0), LEAPS[leap])
    outcome = lives.run()
    record({**outcome.figures(), "leap": leap, "took_s": round(time.monotonic() - began)})
    assert (outcome.wrong, outcome.late, outcome.lost, outcome.given_up) == (0, 0, 0, 0), (
        outcome.words()
    )
