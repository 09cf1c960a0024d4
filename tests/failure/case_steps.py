"""A day of two machines at the desk, that can be killed before any of its effects.

Windows are shown one by one and a person has a word now and then. What was shown is written to a file outside
the program under test; the next life goes on with the window that was in work.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from edge_agent.alarms.book import MARK
from edge_agent.alarms.config import AlarmsConfig
from edge_agent.alarms.desk import CaseDesk
from edge_agent.alarms.steps import Sight
from edge_agent.alarms.wishes import Wish, leave_wish
from edge_agent.sync.entry import Entry
from edge_agent.sync.outbox import Outbox
from kits.core.alarm import AlarmRule
from kits.core.events import CaseBody
from kits.core.operating_point import Band, OperatingPoint
from tests import forked
from tests.edge_agent.machine_parts import START
from tests.edge_agent.parts import rows_of
from tests.failure.outbox_steps import BUDGETS, Killer

POINT = OperatingPoint(
    default=Band(act_at=10, review_from=5),
    alarm=AlarmRule(on_delay_s=10, off_delay_s=10),
    method="test",
    dataset="d",
    seed=0,
)
_SCORES = {
    "pump-1": [1, 12, 12, 12, 7, 7, 12, 12, 1, 1, 1, 1, 12, 12, 12, 12],
    "pump-2": [1, 1, 1, 12, 12, 12, 12, 12, 12, 12, 1, 1, 1, 12, 12, 1],
}
_WISHES = {
    7: ("acknowledge", "pump-1"), 11: ("shelve", "pump-2"), 16: ("close", "pump-1"),
    18: ("unshelve", "pump-2"), 24: ("acknowledge", "pump-2"),
}  # fmt: skip
WINDOWS = sum(len(scores) for scores in _SCORES.values())


def sights() -> Iterator[Sight]:
    """The windows of the day, in order."""
    for number in range(WINDOWS):
        asset = ("pump-1", "pump-2")[number % 2]
        second = 10 * (number // 2)
        score = _SCORES[asset][number // 2]
        yield Sight(asset, second, START + timedelta(seconds=second), score, sample_id=f"w{number}")


def live(folder: Path, kill_at: int) -> None:
    """One life; ends by its death or with the day, and then says how many effects it had."""
    killer = Killer(folder, kill_at)
    shown = folder / "shown"
    killer.join()
    outbox = Outbox(folder / "state", BUDGETS)

    def put(entry: Entry) -> bool:
        outbox.append([entry])
        return True

    begun = len(shown.read_bytes()) if shown.exists() else 0
    desk = CaseDesk(
        AlarmsConfig(), folder / "state" / "cases.json", put, lambda: outbox.mark(MARK),
        lambda *_: None, now=lambda: START + timedelta(seconds=begun * 5),
        keep_every_s=0,
    )  # fmt: skip
    oracle = os.open(shown, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number, sight in enumerate(sights()):
        if number < begun:
            continue
        if number in _WISHES:
            kind, asset = _WISHES[number]
            wish = {"id": f"wish-{number}", "kind": kind, "asset": asset, "who": "eve", "hours": 9}
            leave_wish(folder / "state", Wish.model_validate(wish))
        desk.take_wishes(folder / "state")
        desk.look(POINT, sight)
        desk.settle()
        os.write(oracle, b".")
    (folder / "effects").write_text(str(len(killer.names)))
    outbox.close()


def run(folder: Path, kill_at: int) -> int | None:
    """One life in a process of its own; its exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    process = forked.start(live, folder, kill_at, daemon=True)
    process.join(60)
    return process.exitcode


def told(folder: Path) -> list[CaseBody]:
    """The steps in the outbox, in order."""
    outbox = Outbox(folder / "state", BUDGETS)
    bodies = [e.body for e in rows_of(outbox, "a") if isinstance(e.body, CaseBody)]
    outbox.close()
    return bodies
