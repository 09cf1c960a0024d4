"""Rows of leads that a message named and no CRM ever showed are bounded; whatever is known of a lead keeps its row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cloud_sync.crm.inbound.hiding import MAX_MISSED
from cloud_sync.retention.preview import preview
from cloud_sync.retention.pruner import Pruner
from cloud_sync.retention.rules import UNKNOWN_LEADS
from cloud_sync.retention.totals import pruned_ever
from cloud_sync.store.models import CrmLead
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, lead_hub

DAY = timedelta(days=1)
MOST = 20


@pytest.fixture
def here(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    rules = {"crm_unknown_days": 7, "crm_unknown_leads": MOST}
    with lead_hub(tmp_path, database_url, retention=rules) as made:
        yield made


def names(here: LeadHub) -> set[str]:
    with here.hub.database.session() as session:
        return set(session.scalars(select(CrmLead.object_id)))


def gone(here: LeadHub, *named: str) -> None:
    """Messages name leads that the CRM has not, until it is believed."""
    here.due(*named)
    for _ in range(MAX_MISSED + 1):
        here.drain()
        here.clock.tick(3600)


def aged(here: LeadHub, days: float, *named: str) -> None:
    with here.hub.database.transaction() as session:
        rows = update(CrmLead).where(CrmLead.object_id.in_(named))
        session.execute(rows.values(created_at=here.clock() - days * DAY))


def test_what_no_crm_ever_showed_goes_and_what_is_known_stays(here: LeadHub) -> None:
    here.crm.put("scored", size=40)
    here.crm.put("lost", size=40)
    here.score("scored", "lost")
    del here.crm.records["scored"]
    ghosts = [f"ghost-{number}" for number in range(8)]
    gone(here, "scored", "said", *ghosts)
    with here.hub.database.transaction() as session:
        session.get_one(CrmLead, (SALES, "said")).override = {"opted_out": True, "who": "rita"}
    here.due("ghost-7")  # a message names it again just now
    aged(here, 8, "scored", "lost", "said", *ghosts)
    aged(here, 1, ghosts[0])
    assert here.lead("scored").state == here.lead("ghost-1").state == "gone"
    assert preview(here.hub, here.clock())[UNKNOWN_LEADS] == 6
    pruner = Pruner(here.hub, here.clock())
    assert pruner.turn()[UNKNOWN_LEADS] == 6 and pruner.finished
    assert names(here) == {"scored", "lost", "said", "ghost-0", "ghost-7"}
    with here.hub.database.session() as session:
        assert pruned_ever(session)[UNKNOWN_LEADS] == 6
    assert Pruner(here.hub, here.clock()).turn()[UNKNOWN_LEADS] == 0


def test_beyond_the_limit_the_oldest_go_sooner_and_one_that_is_named_again_is_read(
    here: LeadHub,
) -> None:
    ghosts = [f"ghost-{number:02d}" for number in range(MOST + 5)]
    gone(here, *ghosts)
    for number, name in enumerate(ghosts):
        aged(here, 1 - number / 100, name)
    assert preview(here.hub, here.clock())[UNKNOWN_LEADS] == 5
    assert Pruner(here.hub, here.clock()).turn()[UNKNOWN_LEADS] == 5
    assert names(here) == set(ghosts[5:])
    here.crm.put("ghost-00", size=70)
    here.score("ghost-00")
    assert here.lead("ghost-00").points == 70


def test_a_hub_may_keep_them_all(tmp_path: Path) -> None:
    rules = {"crm_unknown_days": 0, "crm_unknown_leads": 0}
    with lead_hub(tmp_path, retention=rules) as here:
        gone(here, "ghost")
        aged(here, 5000, "ghost")
        assert Pruner(here.hub, here.clock()).turn()[UNKNOWN_LEADS] == 0
        assert names(here) == {"ghost"}
