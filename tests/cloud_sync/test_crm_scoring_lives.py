"""What a killed hub was scoring is scored by the next one at once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from cloud_sync.crm import claiming
from cloud_sync.crm.scoring import LeadScoring
from cloud_sync.store.models import CrmLead
from tests.cloud_sync.lead_builders import LeadHub, lead_hub
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
LIVES = """
import sys, time
from pathlib import Path
from cloud_sync.effects.lives import Life
Life(Path(sys.argv[1]), "other").begin()
print("lives", flush=True)
time.sleep(600)
"""


@pytest.fixture
def here(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        yield made


@pytest.fixture
def other(here: LeadHub) -> Iterator[subprocess.Popen[bytes]]:
    """Another hub on the same data, alive."""
    process = subprocess.Popen(
        [sys.executable, "-c", LIVES, str(here.hub.config.scorers_dir)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == b"lives\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_leads_that_a_killed_hub_was_scoring_are_scored_at_once(
    here: LeadHub, other: subprocess.Popen[bytes]
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
    other.kill()
    other.wait()
    following = LeadScoring(here.hub, here.models, lambda _connection: here.crm, now=here.clock)
    following.start()
    try:
        wait_for(lambda: here.lead("1").points is not None)
    finally:
        following.stop()
    assert not list(here.hub.config.scorers_dir.iterdir())
