"""A hub that is ended again and again while it walks through a CRM scores every lead that was there, and writes each once."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection
from tests.cloud_sync.crm.lead_builders import SALES
from tests.failure.conftest import Record
from tests.failure.crm_lives import Lives, Plan

pytestmark = pytest.mark.slow
LEADS = int(os.environ.get("KITWRIGHT_CRM_SWEPT", "10000"))
ENDS = (signal.SIGKILL, signal.SIGTERM)


class Swept(Lives):
    """Leads that were there before the connection; nothing is told of them.

    Attributes:
        row: the connection in the end.
    """

    row: CrmConnection

    def _make_hub(self, crm_url: str) -> Hub:
        self._hub = super()._make_hub(crm_url)
        for held in self._simulator.make(self._plan.leads, quiet=True):
            self._changes[held.object_id] = 1
        return self._hub

    def _play(self) -> None:
        for number in range(self._plan.kills):
            goal = self._plan.leads * (number + 1) / (self._plan.kills + 2)
            until = time.monotonic() + 120
            while self._connection().sweep_listed < goal:
                assert time.monotonic() < until, self._said()
                time.sleep(0.05)
            self._kill(ENDS[number % len(ENDS)])
            self._begin()
        until = time.monotonic() + 300
        while self._connection().sweep_ended_at is None:
            assert time.monotonic() < until, self._said()
            time.sleep(0.2)

    def _connection(self) -> CrmConnection:
        with self._hub.database.session() as session:
            return session.get_one(CrmConnection, SALES)

    def _wait_for_rest(self, hub: Hub) -> int:
        left = super()._wait_for_rest(hub)
        self.row = self._connection()
        return left


def test_a_sweep_through_ten_thousand_leads_that_is_cut_off_again_and_again(
    tmp_path: Path, record: Record
) -> None:
    lives = Swept(tmp_path, Plan(leads=LEADS, changes=1, copies=1, kills=6, sweep_h=24))
    outcome = lives.run()
    record({
        "kills": outcome.plan.kills, "leads": LEADS, "listed": lives.row.sweep_listed, "wrong": outcome.wrong,
        "unfinished": outcome.late, "writes": outcome.writes, "repeated": outcome.idle,
    })  # fmt: skip
    assert (outcome.wrong, outcome.late, outcome.more) == (0, 0, 0), outcome.words()
    assert outcome.idle <= outcome.allowed, outcome.words()
    assert lives.row.sweep == 1 and lives.row.sweep_listed >= LEADS
