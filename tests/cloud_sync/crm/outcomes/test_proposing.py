"""What a proposal to retrain says of leads adds up: each lead counts once, as decided, and what is still needed is said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.outcomes import proposing, watching
from cloud_sync.learning.freezing import freeze
from cloud_sync.learning.planning import Plan, plan
from cloud_sync.store.models import Annotation, CrmConnection, Sample
from kits.core.annotation import Annotation as Said
from kits.core.annotation import annotation_to_json
from kits.core.sample import utc_now
from tests.cloud_sync.crm.lead_builders import LEADS, SALES, LeadHub, lead_hub
from tests.cloud_sync.crm.outcomes.test_outcomes import add_version, won
from tests.cloud_sync.crm.outcomes.test_watching import fill
from tests.cloud_sync.fleet_builders import AT


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        yield made


def planned(here: LeadHub) -> Plan:
    with here.hub.database.session() as session:
        return plan(here.hub, session, LEADS)


def weighed(here: LeadHub, fresh: int, learned: int) -> tuple[bool, list[str]]:
    with here.hub.database.session() as session:
        return proposing.weigh(session, LEADS, fresh, learned, utc_now())


def test_a_lead_counts_once_and_only_as_long_as_it_is_decided(here: LeadHub) -> None:
    add_version(here, 50)
    with here.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, SALES)
        row.settings = {**row.settings, "options": {"id_column": "Lead ID"}}
    for name in ("1", "2"):
        here.crm.put(name, size=40)
        here.score(name)
        won(here, name)
    here.crm.put("2", AT + timedelta(minutes=90), outcome="")
    here.score("2")
    with here.hub.database.transaction() as session:
        [row] = session.scalars(select(Sample).where(Sample.source == f"{SALES}#1"))
        columns = {c.key: getattr(row, c.key) for c in Sample.__mapper__.column_attrs}
        later = row.captured_at + timedelta(days=1)
        session.add(Sample(**{**columns, "id": "z" * 26, "captured_at": later}))
        session.flush()
        body = annotation_to_json(Said("won", source="outcome"))
        session.add(Annotation(sample_id="z" * 26, label="won", body=body, source="outcome"))
    found = planned(here)
    assert (found.new_samples, found.new_labels) == (1, {"won": 1})
    assert found.reasons[0] == (
        "1 lead was decided since the newest version of the data, which has 50: 100 are needed"
    )
    freeze(here.hub, LEADS, by="test")
    assert planned(here).new_samples == 0, "the older state is never learned from, and no news"


def test_what_is_needed_is_said_where_it_is_waited_for(here: LeadHub) -> None:
    told, why = weighed(here, 330, 1500)
    assert not told and "has 1500: 375 are needed, or 100 and scores that mislead" in why[0]
    assert weighed(here, 375, 1500)[0] and not weighed(here, 374, 1500)[0]
    told, why = weighed(here, 100, 400)
    assert told and why[0].endswith("has 400: 100 are needed")


def test_decided_leads_that_are_too_young_are_said_to_be_so(here: LeadHub) -> None:
    fill(here, 60, 1.0, first=3940)
    now, bundle = utc_now(), here.models.current(LEADS).id
    with here.hub.database.session() as session:
        found = watching.decided(session, LEADS, bundle, now)
    assert (len(found.won), found.young) == (0, 60)
    _told, why = weighed(here, 60, 50)
    assert why[1] == (
        "too few decided leads to tell: 0 of 100 (60 more too young: of such only the quick outcomes are known)"
    )
    fill(here, 40, 1.0)
    assert sum("too few" in line for line in weighed(here, 100, 50)[1]) == 1, "said once"
