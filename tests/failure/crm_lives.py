"""A hub at a CRM that is killed again and again while leads change: what the CRM shows in the end, and how often it was told."""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy import func, or_, select

from cloud_sync.config import dump, load, parse
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.base import Access
from cloud_sync.crm.kinds.table import open_crm, with_defaults
from cloud_sync.crm.simulator import Noise, Simulator, sending, serve
from cloud_sync.crm.simulator.values import Held
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmEvent, CrmLead
from kits.core.addresses import free_port
from kits.core.signing import SigningKey
from tests import forked
from tests.cloud_sync.crm.lead_builders import LEADS, SALES, lead_bundle, release_bundle
from tests.cloud_sync.tables import make_tables
from tests.failure import crm_hub
from tests.failure.crm_hub import COLUMN, points_of

POINTS = "kitwright_score"
_UP_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a trial is.

    Attributes:
        leads: so many, each of which changes so often; both together are the events.
        copies: how often each event comes in all, some of them late.
        kills: of the server.
        down_s: how long the CRM's API answers with errors, in the middle of it.
        sweep_h: as of the connection; 0: what messages and questions alone bring is what is tried.
        scale: a pretended HubSpot tries again so many times faster; at 400 it gives up after 3 minutes instead of a
            day, which must be longer than the time in which the server is killed again and again. After that it waits
            no longer.
    """

    leads: int
    changes: int
    copies: int = 10
    kills: int = 4
    down_s: float = 3.0
    seed: int = 0
    scale: float = 400.0
    sweep_h: float = 0.0


@dataclass
class Outcome:
    """What is left when all is quiet.

    Attributes:
        events: that the CRM told of; deliveries: with copies and repetitions.
        given_up: events that the CRM itself gave up to deliver, no copy of which was taken.
        stored: that the hub has; whatever was answered with 2xx must be among them, however right the scores are: a
            later event, or a sweep, has a lead read again and hides that one was lost.
        wrong: leads whose score, here or in the CRM, is not that of their last state.
        late: leads that never came to rest.
        writes, idle: scores written; of these such as changed nothing, because a write was cut from its note.
        more: writes beyond one for each change of a lead.
    """

    plan: Plan
    events: int = 0
    deliveries: int = 0
    given_up: int = 0
    stored: int = 0
    wrong: int = 0
    late: int = 0
    writes: int = 0
    idle: int = 0
    more: int = 0
    seconds: float = 0.0
    lost_reasons: dict[str, int] = field(default_factory=dict)

    @property
    def bad(self) -> int:
        """Everything that must not be. A cut between answer and note repeats one batch, and no more."""
        repeated = max(self.idle - self.allowed, 0)
        return self.given_up + self.lost + self.wrong + self.late + self.more + repeated

    @property
    def lost(self) -> int:
        """Events that were taken and are not there."""
        return self.events - self.given_up - self.stored

    @property
    def allowed(self) -> int:
        """Repeated writes that kills may cause: one batch each."""
        return 100 * self.plan.kills

    def figures(self) -> dict[str, object]:
        """For the page on reliability."""
        return {
            "kills": self.plan.kills, "leads": self.plan.leads, "events": self.events,
            "deliveries": self.deliveries, "wrong": self.wrong, "unfinished": self.late,
            "given_up": self.given_up, "lost": self.lost, "writes": self.writes, "repeated": self.idle,
            "more_than_changes": self.more, "crm_down_s": self.plan.down_s, "seed": self.plan.seed,
        }  # fmt: skip

    def words(self) -> str:
        """One line for a person."""
        return (
            f"{self.plan.leads} leads, {self.events} events in {self.deliveries} deliveries, "
            f"{self.plan.kills} kills, CRM down for {self.plan.down_s:g} s: {self.wrong} wrong, {self.late} unfinished, "
            f"{self.given_up} events given up, {self.lost} lost, {self.writes} writes, {self.idle} of them repeated after a kill, "
            f"{self.more} more than changes; {self.seconds:.0f} s {self.lost_reasons or ''}"
        )


class Lives:
    """One trial.

    Args:
        folder: empty, of the caller's own.
    """

    server: Callable[[Path], None] = staticmethod(crm_hub.main)
    """What is killed; a function of a module."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._random = random.Random(plan.seed)
        self._port = free_port()
        self._simulator = Simulator("hubspot", seed=plan.seed, limit=0)
        self._changes: dict[str, int] = {}
        self._process: BaseProcess | None = None

    def run(self) -> Outcome:
        """Makes leads, changes them while the server is killed and the CRM is down, waits for rest, and looks."""
        began = time.monotonic()
        outcome = Outcome(self._plan)
        with serve(self._simulator) as crm_url:
            hub = self._make_hub(crm_url)
            noise = Noise(duplicates=self._plan.copies - 1, reorder=0.3, delay_s=1.0)
            url = f"http://127.0.0.1:{self._port}/v1/crm/{SALES}"
            try:
                self._begin()
                with sending(self._simulator, url, noise=noise, scale=self._plan.scale) as sender:
                    self._play()
                    self._simulator.troubles.waiting.clear()
                    sender.queue.hurry()
                    sender.queue.drained(300.0 + 0.02 * self._plan.leads * self._plan.changes)
                    outcome.late = self._wait_for_rest(hub)
                    # the CRM tells of what was written into it last, too
                    sender.queue.hurry()
                    sender.queue.drained(60.0)
                    counts = dict(sender.figures())
            finally:
                self._end()
            self._look(hub, outcome)
            hub.close()
        outcome.events, outcome.deliveries = int(counts["events"]), int(counts.get("sent", 0))
        outcome.lost_reasons = {k: int(v) for k, v in counts.items() if k.startswith("lost_")}
        outcome.given_up = sum(outcome.lost_reasons.values())
        outcome.seconds = time.monotonic() - began
        return outcome

    def _make_hub(self, crm_url: str) -> Hub:
        url = f"http://127.0.0.1:{self._port}"
        listen = {"host": "127.0.0.1", "port": self._port, "tls": False}
        config = parse({"listen": listen, "public_url": url}, self._folder)
        (self._folder / "hub.yaml").write_text(dump(config))
        SigningKey.create(config.keys_dir / "hub.pem")
        hub = Hub.open(load(self._folder))
        make_tables(hub.database)
        release_bundle(hub, lead_bundle())
        told = {
            "kind": "hubspot", "url": crm_url, "allow": ["127.0.0.0/8"], "columns": [COLUMN],
            "sweep_h": self._plan.sweep_h, "min_change": 1, "rate_per_10s": 100_000, **self._simulator.vendor.settings(crm_url),
        }  # fmt: skip
        settings = CrmSettings.model_validate(told)
        secrets = self._simulator.secrets
        connections.add(hub, SALES, settings, LEADS, secrets, by="test")
        access = Access(SALES, with_defaults(settings), secrets.api)
        assert all(check.ok for check in open_crm(access).make_fields())
        return hub

    def _play(self) -> None:
        """Everything that happens to leads, in portions between which the server is killed."""
        plan = self._plan
        for held in self._simulator.make(plan.leads):
            self._changes[held.object_id] = 1
        leads = list(self._simulator.records)
        steps = [held for held in leads for _ in range(plan.changes - 1)]
        self._random.shuffle(steps)
        portions = plan.kills + 1
        for number in range(portions):
            for held in steps[number::portions]:
                self._step(held)
            if number == plan.kills // 2:
                self._take_crm_down()
            if number < plan.kills:
                time.sleep(self._random.uniform(0.05, 0.6))
                self._kill()
                self._begin()

    def _step(self, held: Held) -> None:
        visits = float(str(held.fields[COLUMN])) + 1
        self._simulator.records.set(held.object_id, {COLUMN: f"{visits:g}"})
        self._changes[held.object_id] += 1

    def _take_crm_down(self) -> None:
        self._simulator.troubles.extend(["503"] * 100_000)
        time.sleep(self._plan.down_s)
        self._simulator.troubles.waiting.clear()

    # -- the server ------------------------------------------------------------------------------

    def _begin(self) -> None:
        log = self._folder / "server.log"
        self._process = forked.start(self.server, self._folder, log=log)
        until = time.monotonic() + _UP_S
        while not _listens(self._port):
            assert self._process.is_alive(), self._said()
            assert time.monotonic() < until, "the server does not come up"
            time.sleep(0.02)

    def _kill(self, number: int = signal.SIGKILL) -> None:
        assert self._process is not None
        assert self._process.is_alive() and self._process.pid, self._said()
        os.kill(self._process.pid, number)
        self._process.join(_UP_S)
        assert not self._process.is_alive(), self._said()

    def _end(self) -> None:
        if self._process is not None:
            forked.end(self._process)

    def _said(self) -> str:
        return (self._folder / "server.log").read_text()[-3000:]

    # -- looking ---------------------------------------------------------------------------------

    def _wait_for_rest(self, hub: Hub) -> int:
        """Until nothing is to be read, scored or written; how many leads are not at rest."""
        waits = select(func.count()).where(
            or_(CrmLead.due_at.is_not(None), CrmLead.write_at.is_not(None))
        )
        until = time.monotonic() + 60.0 + 0.02 * self._plan.leads
        left = 1
        while left and time.monotonic() < until:
            time.sleep(0.3)
            with hub.database.session() as session:
                left = session.scalar(waits) or 0
        return left

    def _look(self, hub: Hub, outcome: Outcome) -> None:
        with hub.database.session() as session:
            rows = {row.object_id: row for row in session.scalars(select(CrmLead))}
            outcome.stored = session.scalar(select(func.count()).select_from(CrmEvent)) or 0
        for held in self._simulator.records:
            wanted = points_of(float(str(held.fields[COLUMN])))
            row = rows.get(held.object_id)
            shown = str(held.fields.get(POINTS) or "")
            right = (
                row is not None
                and row.points == row.wrote_points == wanted
                and shown == str(wanted)
            )
            outcome.wrong += not right
            outcome.writes += held.written.times
            outcome.idle += held.written.same
            told = held.written.times - held.written.same
            outcome.more += max(told - self._changes[held.object_id], 0)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
