"""Bundles take effect and end whether a CRM is connected or not, and a wrong clock puts no lead off for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.crm.upkeep import LeadUpkeep, bring_back
from cloud_sync.errors import NotFoundError
from cloud_sync.store.models import CrmConnection
from kits.core.sample import utc_now
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    LeadHub,
    lead_bundle,
    lead_hub,
    make_rule,
    release_bundle,
)
from tests.cloud_sync.crm.scoring.test_models import withdraw


@pytest.fixture
def there(tmp_path: Path, database_url: str) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, database_url) as made:
        yield made


def test_without_a_crm_new_releases_score_and_withdrawn_ones_do_not(there: LeadHub) -> None:
    with there.hub.database.transaction() as session:
        session.execute(delete(CrmConnection))
    models = LeadModels(there.hub, make=make_rule)
    first = models.current(LEADS).id
    upkeep = LeadUpkeep(there.hub, models)
    second = release_bundle(there.hub, lead_bundle(version=2, factor=0.5))
    upkeep.look(utc_now())
    assert models.current(LEADS).id == second != first
    withdraw(there.hub, second)
    upkeep.look(utc_now())
    with pytest.raises(NotFoundError):
        models.current(LEADS)


def test_what_a_wrong_clock_put_off_for_years_is_due_again(there: LeadHub) -> None:
    now = there.clock()
    there.crm.put("1", size=50)
    there.crm.put("2", size=50)
    there.score("1", "2")
    one, two = there.lead("1"), there.lead("2")
    with there.hub.database.transaction() as session:
        session.merge(one).due_at = now + timedelta(days=1000)
        session.merge(two).write_at = now + timedelta(days=1000)
    assert bring_back(there.hub, now) == 2 and bring_back(there.hub, now) == 0
    assert there.lead("1").due_at == now and there.lead("2").write_at == now


def test_pauses_of_an_hour_stay(there: LeadHub) -> None:
    there.due("1")
    lead = there.lead("1")
    with there.hub.database.transaction() as session:
        session.merge(lead).due_at = there.clock() + timedelta(hours=1)
    assert bring_back(there.hub, there.clock()) == 0
    assert there.lead("1", SALES).due_at == there.clock() + timedelta(hours=1)
