"""What a killed hub was scoring is scored by the next one at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from sqlalchemy import update

from cloud_sync.crm.scoring import claiming
from cloud_sync.crm.scoring.loop import LeadScoring
from cloud_sync.effects.lives import Life
from cloud_sync.store.models import CrmLead
from tests import forked
from tests.cloud_sync.crm.lead_builders import LeadHub, lead_hub
from tests.waiting import wait_for


@pytest.fixture
def here(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        yield made


@pytest.fixture
def other(here: LeadHub) -> Iterator[BaseProcess]:
    """Another hub on the same data, alive."""
    told, tells = forked.CONTEXT.Pipe(duplex=False)
    process = forked.start(live, here.hub.config.scorers_dir, tells)
    try:
        assert told.poll(60) and told.recv() == "lives"
        yield process
    finally:
        forked.end(process)
        told.close()
        tells.close()


def live(folder: Path, tells: Connection) -> None:
    """Until it is killed."""
    Life(folder, "other").begin()
    tells.send("lives")
    time.sleep(600)


def test_leads_that_a_killed_hub_was_scoring_are_scored_at_once(
    here: LeadHub, other: BaseProcess
) -> None:
    here.crm.put("1", size=50)
    here.due("1")
    with here.hub.database.transaction() as session:
        held = update(CrmLead).values(
            lease_owner="other", lease_until=here.clock() + claiming.LEASE
        )
        session.execute(held)
    here.scoring.start()
    here.scoring.stop()
    assert here.lead("1").lease_owner == "other", "it lives"
    forked.end(other)
    following = LeadScoring(here.hub, here.models, lambda _connection: here.crm, now=here.clock)
    following.start()
    try:
        wait_for(lambda: here.lead("1").points is not None)
    finally:
        following.stop()
    assert not list(here.hub.config.scorers_dir.iterdir())
