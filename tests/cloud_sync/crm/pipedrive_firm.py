"""A firm with a pretended Pipedrive and a hub whose loops the test turns."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.inbound.sweeping import Sweeping
from cloud_sync.crm.outbound.writeback import WriteBack
from cloud_sync.crm.scoring.loop import LeadScoring
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.crm.simulator.values import Held
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, CrmConnection, CrmLead, Sample
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    Clock,
    lead_bundle,
    make_rule,
    release_bundle,
    sweep_whole,
)
from tests.cloud_sync.fleet_builders import make_hub

THERE = 30


@dataclass
class Firm:
    """A hub with its loops, and a pretended Pipedrive that sends no message."""

    hub: Hub
    simulator: Simulator
    clock: Clock
    scoring: LeadScoring
    sweeping: Sweeping
    writing: WriteBack

    @property
    def ids(self) -> list[str]:
        return [held.object_id for held in self.simulator.records]

    def archive(self, *ids: str, archived: bool = True) -> None:
        for one in ids:
            assert self.simulator.records.set(one, {"is_archived": archived})

    def sweep(self) -> None:
        """The next one that lists everything, and what it leads to."""
        sweep_whole(self.hub, self.sweeping, self.clock)
        self.go_on()

    def tell(self, *ids: str) -> None:
        """A message of each comes."""
        with self.hub.database.transaction() as session:
            for one in ids:
                lead = session.get_one(CrmLead, (SALES, one))
                lead.due_at, lead.due_mark = self.clock(), lead.due_mark + 1
        self.go_on()

    def go_on(self) -> None:
        for _ in range(6):
            while self.scoring.serve(SALES)[0]:
                pass
            while self.writing.serve(SALES)[0]:
                pass
            self.clock.tick(600)

    def states(self) -> dict[str, int]:
        with self.hub.database.session() as session:
            query = select(CrmLead.state, func.count()).group_by(CrmLead.state)
            return {row[0]: row[1] for row in session.execute(query)}

    def lead(self, name: str) -> CrmLead:
        with self.hub.database.session() as session:
            return session.get_one(CrmLead, (SALES, name))

    def alerts(self) -> list[str]:
        with self.hub.database.session() as session:
            return list(session.scalars(select(Alert.name).where(Alert.seen_at.is_(None))))

    def learned(self) -> int:
        with self.hub.database.session() as session:
            return session.scalar(select(func.count()).select_from(Sample)) or 0

    def held(self, name: str) -> Held:
        found = self.simulator.records.any(name)
        assert found is not None
        return found

    def shown(self, name: str) -> bool:
        return self.held(name).written.times > 0


@contextmanager
def pipedrive_firm(folder: Path, thing: str = "deals") -> Iterator[Firm]:
    """With thirty leads, scored and written."""
    simulator = Simulator("pipedrive", seed=4, limit=0, thing=thing)
    own = {"size": 20, "no_calls": False}
    simulator.state.world_columns.update(dict.fromkeys(own))
    for number in range(THERE):
        simulator.add({**simulator.world.lead(), **own, "size": 20 + number}, quiet=True)
    with serve(simulator) as url, make_hub(folder) as hub:
        release_bundle(hub, lead_bundle())
        said = {**simulator.connection(url), "rate_per_10s": 50_000, "columns": ["size"]}
        connections.add(hub, SALES, CrmSettings.model_validate(said), LEADS, simulator.secrets, by="t")  # fmt: skip
        clock, opener, rng = Clock(), Opener(hub), random.Random(1)
        with hub.database.session() as session:
            assert all(
                check.ok for check in opener(session.get_one(CrmConnection, SALES)).make_fields()
            )
        made = Firm(
            hub, simulator, clock,
            LeadScoring(hub, LeadModels(hub, make=make_rule), opener, now=clock, rng=rng),
            Sweeping(hub, opener, now=clock, rng=rng), WriteBack(hub, opener, now=clock, rng=rng),
        )  # fmt: skip
        made.sweep()
        assert made.states() == {"open": THERE} and all(made.shown(one) for one in made.ids)
        yield made
