"""People and a CRM against the hub's own loops: who opts out, overrides, erases or merges while a lead is read, scored, swept
and written.

All of it runs in threads that nothing puts in an order; the CRM takes a little of its time, drawn anew each time.
"""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from cloud_sync.crm.erasure import forgetting
from cloud_sync.crm.erasure.erasing import clear_late
from cloud_sync.crm.inbound import taking
from cloud_sync.crm.inbound.group_commit import Committer
from cloud_sync.crm.inbound.sweeping import Sweeping
from cloud_sync.crm.kinds.base import CrmEvent, Record, ScoreWrite, WriteOutcome
from cloud_sync.crm.leads import leads
from cloud_sync.crm.outbound.writeback import WriteBack
from cloud_sync.crm.scoring.loop import LeadScoring
from cloud_sync.crm.threads import ConnectionLoops
from cloud_sync.store.models import CrmConnection, CrmLead, CrmScore
from cloud_sync.store.models import CrmEvent as EventRow
from kits.core.sample import utc_now
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, MemoryCrm

SECRET = "Ann Example"
WINNER, LOSER, OUT, SAID, ERASED, PLAIN = "1", "2", "3", "4", "5", "6"
ALL = (WINNER, LOSER, OUT, SAID, ERASED, PLAIN)
LONGEST_S = 0.004
_REST_S = 30.0


class RacyCrm(MemoryCrm):
    """Takes its time, shows what was written, and merges records as HubSpot does: the old number means the other record."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self.kind = "hubspot"
        self.batch = 4
        self.shown: dict[str, tuple[int | None, str]] = {}
        self.merged: dict[str, str] = {}
        self._rng = rng
        self._lock = threading.RLock()

    def _waits(self) -> None:
        time.sleep(self._rng.uniform(0, LONGEST_S))

    def change(self, name: str, at: datetime, **fields: object) -> None:
        with self._lock:
            self.put(name, at, **fields)

    def merge(self, loser: str, winner: str, at: datetime) -> None:
        """The one that is left shows the fields of either."""
        with self._lock:
            self.records.pop(loser)
            self.merged[loser] = winner
            self.put(winner, at)
            if loser in self.shown:
                self.shown[winner] = self.shown[loser]

    def read(self, object_ids: Sequence[str]) -> list[Record]:
        self._waits()
        with self._lock:
            found = super().read(object_ids)
        self._waits()
        return found

    def write(self, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
        self._waits()
        outcomes = []
        with self._lock:
            for one in writes:
                name = self.merged.get(one.object_id, one.object_id)
                self.shown[name] = (one.points, one.band)
                into = () if name == one.object_id else (name,)
                outcomes.append(WriteOutcome(one.object_id, not into, gone=bool(into), into=into))
        self._waits()
        return outcomes


@dataclass
class Race:
    """One race: its seed says what happens when.

    Args:
        made: a hub with the bundle of a rule: `size` are the points.

    Attributes:
        faults: what a thread raised.
    """

    made: LeadHub
    seed: int
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._hub = self.made.hub
        self.crm = RacyCrm(random.Random(self.seed + 1))
        self._committer = Committer(self._hub)
        self._number = 0
        self._ended = threading.Event()
        self._lock = threading.Lock()
        with self._hub.database.transaction() as session:
            row = session.get_one(CrmConnection, SALES)
            row.kind = "hubspot"
            row.settings = {"kind": "hubspot", "min_change": 1}

    # -- what happens ----------------------------------------------------------------------------

    def run(self) -> None:
        """Leads with a past, everything at once, and then rest."""
        for name in ALL:
            self.crm.change(name, utc_now(), size=20 + int(name), person=SECRET)
            self.tell(name)
        loops = self._loops()
        self._rest(loops)
        threads = [threading.Thread(target=self._guarded, args=(self._turn, one)) for one in loops]
        acts = [self._merge, self._opt_out, self._override, self._erase, self._changes, self._sweep]
        threads += [threading.Thread(target=self._guarded, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads[len(loops) :]:
            thread.join()
        time.sleep(0.02)
        self._ended.set()
        for thread in threads:
            thread.join()
        self._rest(loops)
        clear_late(self._hub)

    def _guarded(self, act: Callable[..., None], *args: object) -> None:
        try:
            act(*args)
        except BaseException as error:  # noqa: BLE001  (what a thread raises is what the trial is about)
            self.faults.append("".join(traceback.format_exception(error)))

    def _loops(self) -> list[ConnectionLoops]:
        opener = lambda _row: self.crm  # noqa: E731
        return [
            LeadScoring(self._hub, self.made.models, opener),
            LeadScoring(self._hub, self.made.models, opener),
            WriteBack(self._hub, opener),
            WriteBack(self._hub, opener),
            Sweeping(self._hub, opener),
        ]

    def _turn(self, loop: ConnectionLoops) -> None:
        while not self._ended.is_set():
            if not loop.serve(SALES)[0]:
                time.sleep(0.001)

    def _rest(self, loops: Sequence[ConnectionLoops]) -> None:
        until = time.monotonic() + _REST_S
        while time.monotonic() < until:
            if not sum(loop.serve(SALES)[0] for loop in loops) and not self._waiting():
                return
        raise AssertionError(f"never comes to rest: {self._waiting()}")

    def _waiting(self) -> list[str]:
        """What is to be done now; one that is not there any more is asked for again later."""
        with self._hub.database.session() as session:
            soon = utc_now() + timedelta(seconds=1)
            wanted = (
                CrmLead.due_at < soon,
                CrmLead.write_at.is_not(None),
                CrmLead.later_at.is_not(None),
            )
            return [
                f"{lead.object_id}: {lead.state} due {lead.due_at} write {lead.write_at} later {lead.later_at}"
                for one in wanted
                for lead in session.scalars(select(CrmLead).where(one, CrmLead.dead == ""))
            ]

    def tell(self, name: str, what: str = "changed", at: datetime | None = None) -> None:
        """An event comes."""
        with self._lock:
            self._number += 1
            event = CrmEvent(
                f"e{self._number}", name, what, at or utc_now(), body={"person": SECRET}  # type: ignore[arg-type]  # one of them
            )  # fmt: skip
        self._committer.commit(taking.Batch(SALES, [event], utc_now()))

    def _waits(self) -> None:
        time.sleep(self._rng.uniform(0, 3 * LONGEST_S))

    def _changes(self) -> None:
        for step in range(4):
            for name in self._rng.sample(ALL, len(ALL)):
                self._waits()
                if name in self.crm.merged:
                    continue
                size = 30 + 7 * step + int(name)
                try:
                    self.crm.change(name, utc_now(), size=size, person=SECRET)
                finally:
                    if (
                        name in self.crm.merged
                    ):  # it was merged at this moment: the CRM has no such record
                        self.crm.records.pop(name, None)
                self.tell(name)

    def _merge(self) -> None:
        self._waits()
        self._waits()
        at = utc_now()
        self.crm.merge(LOSER, WINNER, at)
        self._waits()
        self.tell(LOSER, "merged", utc_now())
        self.tell(WINNER, "joined", utc_now())

    def _opt_out(self) -> None:
        self._waits()
        with self._hub.database.transaction() as session:
            leads.opt_out(session, SALES, OUT, True, why="asked", who="ada")
        self._waits()
        self.tell(OUT)

    def _override(self) -> None:
        self._waits()
        with self._hub.database.transaction() as session:
            leads.override(session, SALES, SAID, "hot", why="a friend", who="ada")
        self._waits()
        self.tell(SAID)

    def _erase(self) -> None:
        self._waits()
        forgetting.forget(self._hub, SALES, ERASED, by="ada")
        self._waits()
        self.tell(ERASED)

    def _sweep(self) -> None:
        from cloud_sync.crm.inbound import sweeps

        for _ in range(3):
            self._waits()
            with self._hub.database.transaction() as session:
                sweeps.ask_for(session, SALES, None, utc_now(), by="ada")

    # -- what must be so -------------------------------------------------------------------------

    def wrong(self) -> list[str]:
        """What is not as it must be, in words."""
        found = [f"a thread raised {fault}" for fault in self.faults]
        rows = {name: self.made.lead(name) for name in ALL}
        shown = self.crm.shown
        for name in (WINNER, PLAIN, SAID):
            size = self.crm.records[name].fields["size"]
            if rows[name].points != size or shown[name][0] != size:
                found.append(f"{name} has {rows[name].points}, shows {shown[name]}, is {size}")
        if rows[SAID].override.get("band") != "hot" or shown[SAID][1] != "hot":
            found.append(f"a person's band is gone: {rows[SAID].override}, shows {shown[SAID]}")
        if rows[LOSER].state != "gone":
            found.append(f"a lead that was merged away is {rows[LOSER].state}")
        for name in (OUT, ERASED):
            lead = rows[name]
            if lead.points is not None or lead.fields or lead.asked or lead.reasons or lead.error:
                found.append(f"{name} has {lead.points} {lead.fields} {lead.asked} {lead.error}")
            if shown.get(name, (None, ""))[0] is not None:
                found.append(f"{name} shows {shown[name]}")
        return found + self._left_behind()

    def _left_behind(self) -> list[str]:
        found = []
        with self._hub.database.session() as session:
            course = session.scalars(
                select(CrmScore).where(CrmScore.object_id == OUT).order_by(CrmScore.id)
            ).all()
            said = next(n for n, row in enumerate(course) if row.override.get("opted_out") is True)
            if any(row.points is not None for row in course[said:]):
                found.append("a score was made after the opt-out")
            kept = session.scalars(
                select(CrmScore.points).where(CrmScore.object_id == ERASED)
            ).all()
            if any(points is not None for points in kept):
                found.append(f"an erased lead has scores: {kept}")
            bodies = session.scalars(
                select(EventRow.body).where(EventRow.object_id == ERASED)
            ).all()
            if any(bodies):
                found.append("events of an erased lead tell of it")
        return found
