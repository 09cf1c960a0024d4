"""How often a good bundle is stopped and how far a bad one comes, in rollouts whose truth is known.

`python -m benchmarks.circle_rollouts [--rounds 12] [--first-seed 5000] [--only WORDS]`. Decided by the hub's own rollouts on
its own tables and by the agent's own installers on their own files; the clock, the parts, the links and the power are made up
(`circle_rollouts_made`). They begin on a working day between eight in the morning and eight in the evening, each line has 4 to
20 parts a minute, and the world is watched for six days. Of fleets of 200 a quarter of the rounds is done.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import numpy as np
from sqlalchemy import update
from sqlalchemy.orm import Session

import kits.core.sample
from benchmarks.circle_rollouts_made import (
    START,
    Lots,
    Made,
    MadeClock,
    MadeDevice,
    Model,
    after,
    by_day,
    by_working_day,
    in_and_out,
)
from benchmarks.machines_run import header, table
from cloud_sync.fleet import deployments, rollouts, standings, waves
from cloud_sync.fleet.plan import Plan
from cloud_sync.hub import Hub
from cloud_sync.store.models import Device, Rollout
from kits.core.hub_api import Desired
from kits.core.stats import proportion
from tests.cloud_sync.fleet_builders import add_device, approved_bundle, make_bundle, make_hub

BUSY, IDLE, LATER = timedelta(minutes=2), timedelta(minutes=5), timedelta(hours=1)
"""How far the clock goes at once: while devices are at work, else, and from the second day on."""
HORIZON = timedelta(days=6)
GOOD_MODEL = Model()
PLAN = Plan(timedelta(minutes=180), timedelta(minutes=60))


@dataclass(frozen=True)
class Case:
    """A fleet, its days and a bundle."""

    name: str
    devices: int = 20
    model: Model = GOOD_MODEL
    days: str = "on"
    sorts: float = 0.0
    restless_h: float = 0.0


@dataclass
class Ended:
    """What became of a rollout, beside the truth."""

    state: str
    reason: str
    hours: float
    committed: int
    touched: int
    runs: int
    devices: int
    told_h: float | None
    states: list[str] = field(default_factory=list)


class World:
    """A hub and its devices under a made-up clock."""

    def __init__(self, hub: Hub, folder: Path, case: Case, seed: int) -> None:
        self.hub, self.case = hub, case
        self.rng = np.random.default_rng(seed)
        days, hours = int(self.rng.integers(5)), float(self.rng.uniform(0, 12))
        MadeClock.at = START + timedelta(days=days, hours=hours)
        self.begun = MadeClock.at
        models = {1: Model(detector=case.model.detector), 2: case.model}
        made = [Made(make_bundle(version=n), n, model) for n, model in models.items()]
        self.bundles = {one.opened.id: one for one in made}
        self.old, self.new = made
        self.ids = [approved_bundle(hub, one.version) for one in made]
        self.devices = [self._device(folder, n) for n in range(case.devices)]
        for device in self.devices:
            add_device(hub, device.name, group="line")
            device.boot(self.old)
        self._desired: dict[str, Desired] = {}
        for _ in range(5):
            self._turn()

    def _device(self, folder: Path, n: int) -> MadeDevice:
        case, rng = self.case, np.random.default_rng(self.rng.integers(1 << 40))
        device = MadeDevice(
            f"press-{n:03}", folder / str(n), self.bundles, rng, Lots(rng), restless_h=case.restless_h,
            sort="b" if rng.random() < case.sorts else "a", per_min=float(rng.uniform(4, 20)),
        )  # fmt: skip
        if case.days == "in and out":
            device.link = in_and_out(rng, 0.05, 1.0)
        elif case.days == "a day":
            device.link = in_and_out(rng, 0.05, 24.0)
        elif case.days == "switched off and on":
            device.power, device.cut = in_and_out(rng, 0.05, 1.0), False
        elif case.days == "power cuts":
            device.power = in_and_out(rng, 0.03, 0.1)
        elif case.days == "nights":
            device.power = by_day
        elif case.days == "nights and weekends":
            device.power = by_working_day
        elif case.days == "a tenth is away" and n % 10 == 3:
            device.power = after(self.begun + timedelta(days=5))
        return device

    def start(self) -> int:
        """Begins the rollout."""
        with self.hub.database.transaction() as session:
            return rollouts.start(session, self.ids[1], group="line", plan=PLAN, who="ada").id

    def run(self, number: int) -> Ended:
        """Until it has ended, or a week is over."""
        state, told_h = "running", None
        while state in waves.UNDER_WAY and MadeClock.at < self.begun + HORIZON:
            self._turn()
            with self.hub.database.session() as session:
                rollout = rollouts.find(session, number)
                state = rollout.state
                if told_h is None and (state == "failed" or _is_held(session, rollout)):
                    told_h = self._hours(MadeClock.at)
        for _ in range(10):  # who has to go back does so
            self._turn()
        return self._ended(number, told_h)

    def _hours(self, at: datetime) -> float:
        return (at - self.begun).total_seconds() / 3600

    def _ended(self, number: int, told_h: float | None) -> Ended:
        with self.hub.database.session() as session:
            rollout = rollouts.find(session, number)
            states = [d.state for d in rollout.deployments]
            end = rollout.finished_at or MadeClock.at
            done = [d.finished_at for d in rollout.deployments if d.state == "committed"]
            reason = rollout.reason
            if rollout.state == "running" and done:
                end = max(at for at in done if at is not None)
        new = self.new.opened.id
        return Ended(
            rollout.state, reason, self._hours(end),
            states.count("committed"), sum(new in d.decided for d in self.devices),
            sum(d.runs == new for d in self.devices), len(self.devices), told_h, states,
        )  # fmt: skip

    def _turn(self) -> None:
        busy = any(device.on and device.installer.busy for device in self.devices)
        late = MadeClock.at > self.begun + timedelta(days=1)
        step = BUSY if busy else (LATER if late else IDLE)
        MadeClock.at += step
        for device in self.devices:
            device.switch()
        here = [d.name for d in self.devices if d.on and d.link(MadeClock.at)]
        self._hub_turn(here)
        for device in self.devices:
            device.turn(self._hear, step.total_seconds() / 60)
            if device.reports and device.on and device.link(MadeClock.at):
                for reported in device.waiting_reports():
                    with self.hub.database.transaction() as session:
                        deployments.apply_report(session, device.name, reported)

    def _hub_turn(self, here: Sequence[str]) -> None:
        now = MadeClock.at
        with self.hub.database.transaction() as session:
            session.execute(update(Device).values(online=Device.name.in_(here)))
            session.execute(update(Device).where(Device.name.in_(here)).values(last_seen_at=now))
            # the loop has been at work all the while
            session.execute(update(Rollout).values(attended_at=now))
        with self.hub.database.session() as session:
            due = waves.due(session)
        if due:
            with self.hub.database.transaction() as session:
                waves.advance(session)
        with self.hub.database.session() as session:
            self._desired = deployments.desired_states(session)

    def _hear(self, name: str) -> Desired:
        wanted = self._desired.get(name, Desired())
        device = next(d for d in self.devices if d.name == name)
        job = device.slots.state.job
        if job is None or (wanted.bundle and wanted.bundle.deployment == job.deployment):
            return wanted
        with self.hub.database.session() as session:
            return deployments.desired_for(session, name)


def _is_held(session: Session, rollout: Rollout) -> bool:
    """Whether a person is told that silence keeps it from spreading."""
    members = waves.members_of(session, [rollout.id])[rollout.id]
    return bool(standings.held_words(waves.course_of(rollout, members), MadeClock.at))


@contextlib.contextmanager
def world(case: Case, seed: int) -> Iterator[World]:
    """A fresh one; its folder is gone afterwards."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    MadeClock.at = START
    try:
        with patch.object(kits.core.sample, "datetime", MadeClock), make_hub(folder / "hub") as hub:
            yield World(hub, folder, case, seed)
    finally:
        shutil.rmtree(folder)


GOOD = [
    Case("all are there", days="on"),
    Case("each away 1 h in 20", days="in and out"),
    Case("each away a day in 20", days="a day"),
    Case("each off 1 h in 20", days="switched off and on"),
    Case("off at night", days="nights"),
    Case("off at night and at weekends", days="nights and weekends"),
    Case("a tenth away for 5 days", days="a tenth is away"),
    Case("agents that die every 6 h", restless_h=6.0),
    Case("power cuts every 3 h", days="power cuts"),
    Case("one device, away a day in 20", devices=1, days="a day"),
    Case("two devices, away a day in 20", devices=2, days="a day"),
    Case("five devices, away a day in 20", devices=5, days="a day"),
    Case("200 devices, away a day in 20", devices=200, days="a day"),
]
BAD = [
    Case("golden samples differ", model=Model("load")),
    Case("crash", model=Model("crash")),
    Case("crash once it decides", model=Model("crash", 110)),
    Case("kills the machine", model=Model("kills", 110)),
    Case("kills the machine, away a day in 20", model=Model("kills", 110), days="a day"),
    Case("kills the machine, off at night", model=Model("kills", 110), days="nights"),
    Case("kills one sort in four", model=Model("kills", 110, "b"), sorts=0.25),
    Case("kills one sort in four of 200", devices=200, model=Model("kills", 110, "b"), sorts=0.25),
    Case("too slow once it decides", model=Model("slow", 101)),
    Case("fails on one sort in four", model=Model("fails", only="b"), sorts=0.25),
    Case("crashes after hours", model=Model("crash", 2500)),
    Case("kills the machine after hours", model=Model("kills", 2500)),
    Case("says anything", model=Model("wrong")),
    Case("rejects three times as many", model=Model("rejects")),
]


def measure(case: Case, seeds: Sequence[int]) -> list[Ended]:
    """One rollout per seed."""
    found = []
    for seed in seeds[: len(seeds) // 4] if case.devices > 100 else seeds:
        with world(case, seed) as made:
            found.append(made.run(made.start()))
    return found


def told(case: Case, found: Sequence[Ended]) -> list[str]:
    """A line of the table."""
    stopped = proportion(sum(e.state in ("failed", "aborted") for e in found), len(found))
    share = [e.touched / e.devices for e in found]
    runs = [e.runs / e.devices for e in found]
    return [
        case.name, stopped.text(2), f"{np.median([e.hours for e in found]):.1f}", _median(found),
        f"{np.mean(share):.2f} (max {max(share):.2f})", f"{np.mean(runs):.2f}",
        " ".join(f"{s} {n}" for s, n in _counted([e.state for e in found])),
    ]  # fmt: skip


def _median(found: Sequence[Ended]) -> str:
    """Hours until a person was told, where one was."""
    hours = [e.told_h for e in found if e.told_h is not None]
    return f"{np.median(hours):.1f} ({len(hours)} of {len(found)})" if hours else ""


def _counted(words: Sequence[str]) -> list[tuple[str, int]]:
    return [(word, words.count(word)) for word in sorted(set(words))]


COLUMNS = (
    "case",
    "stopped",
    "hours, median",
    "decided by it, share",
    "run it at the end",
    "states",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--first-seed", type=int, default=5000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    seeds = range(options.first_seed, options.first_seed + options.rounds)
    print(header("Rollouts"))
    for title, cases in (("Good bundles", GOOD), ("Bad bundles", BAD)):
        chosen = [case for case in cases if options.only in case.name]
        if chosen:
            print(f"\n{title}\n")
            print(table(COLUMNS, [told(case, measure(case, seeds)) for case in chosen]), flush=True)


if __name__ == "__main__":
    main()
