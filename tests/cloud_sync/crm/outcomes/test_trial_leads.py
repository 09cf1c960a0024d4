"""Test leads and the firm's own people at a CRM: told when they are read, scored, and not learned from; no address is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.opening import Opener
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.connection.trying import try_connection
from cloud_sync.crm.kinds.base import Access, Crm
from cloud_sync.crm.kinds.table import open_crm, persons_of, with_defaults
from cloud_sync.crm.leads.leads import as_json
from cloud_sync.crm.scoring.learned import learned_by
from cloud_sync.crm.scoring.loop import LeadScoring
from cloud_sync.crm.scoring.models import LeadModels
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.learning.freezing import current, freeze
from cloud_sync.learning.planning import plan
from cloud_sync.store.models import CrmLead, Project, Sample
from kits.core import bundle as formats
from kits.core.ready import ReadyBundle
from tests.cloud_sync.crm.builders import HUB
from tests.cloud_sync.crm.lead_builders import (
    LEADS,
    SALES,
    LeadHub,
    Rule,
    lead_bundle,
    lead_hub,
    release_bundle,
)
from tests.cloud_sync.crm.outcomes.test_outcomes import add_version
from tests.cloud_sync.fleet_builders import AT, make_hub

KIT_YAML = "kit: lead-scoring\nname: leads\nmodel:\n  source:\n    test_leads: {}\n"
KINDS = [
    ("hubspot", ""), ("salesforce", ""), ("pipedrive", "persons"), ("odoo", ""), ("dynamics", ""),
    ("standard", ""),
]  # fmt: skip

OWN = {
    "standard": ("email", "first_name", "last_name"),
    "pipedrive": ("Email", "First name", "Last name"),
}
"""Fields of a firm's own, as people call them."""


@dataclass
class Sifting(Rule):
    """The rule, of a project that leaves out test leads."""

    sifts: bool = True

    def taken_for(self, said: Sequence[str]) -> str:
        return "a test address" if any(one.endswith("@example.com") for one in said) else ""


def make_sifting(bundle: formats.Bundle) -> ReadyBundle:
    return ReadyBundle(bundle, Sifting())


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path, public_url=HUB) as made:
        models = LeadModels(made.hub, make=make_sifting)
        scoring = LeadScoring(made.hub, models, lambda _: made.crm, now=made.clock)
        yield replace(made, models=models, scoring=scoring)


def stated(here: LeadHub, test_leads: str) -> None:
    with here.hub.database.transaction() as session:
        session.get_one(Project, LEADS).kit_yaml = KIT_YAML.format(test_leads)


def decided(here: LeadHub) -> None:
    """Ten leads, two of which are tests, are scored, and then won or lost."""
    names = [f"n{n}" for n in range(10)]
    for n, name in enumerate(names):
        address = "try@example.com" if n < 2 else f"p{n}@firm.com"
        here.crm.put(name, size=40)
        here.crm.records[name] = replace(here.crm.records[name], persons=(address,))
    here.score(*names)
    for n, name in enumerate(names):
        here.crm.put(name, AT + timedelta(minutes=60), outcome="won" if n % 2 else "lost")
    here.score(*names)


def test_they_are_scored_and_marked_and_not_learned_from(here: LeadHub) -> None:
    add_version(here, 50)
    stated(here, "leave-out")
    decided(here)
    odd, plain = here.lead("n0"), here.lead("n2")
    assert (odd.trial, odd.points, plain.trial) == ("a test address", 40, "")
    assert as_json(odd)["trial"] == "a test address"
    with here.hub.database.session() as session:
        told = plan(here.hub, session, LEADS)
    assert told.new_samples == 8
    assert "left out, as the project states: 2 with a test address" in told.reasons
    frozen = freeze(here.hub, LEADS, by="test")
    assert (frozen.added, frozen.refused) == (8, {"a test address": 2})
    sources = {item.sample.source for item in frozen.dataset.items}
    assert "sales#n2" in sources and sources.isdisjoint({"sales#n0", "sales#n1"})


def test_what_the_project_states_later_holds_for_those_that_were_learned_from(
    here: LeadHub,
) -> None:
    add_version(here, 50)
    stated(here, "auto")
    decided(here)
    frozen = freeze(here.hub, LEADS, by="test")
    marked = [i for i in frozen.dataset.items if i.sample.meta.get("trial") == "a test address"]
    assert (frozen.added, len(marked)) == (10, 2), "the kit tells of them in its checks"
    stated(here, "leave-out")
    version, without = current(here.hub, LEADS, by="test", note="")
    assert len(version.items) == 58 and without == {"a test address": 2}
    again, _ = current(here.hub, LEADS, by="test", note="")
    assert again.id == version.id
    stated(here, "keep")
    assert len(current(here.hub, LEADS, by="test", note="")[0].items) == 60


def test_nothing_of_the_address_is_kept(here: LeadHub) -> None:
    decided(here)
    with here.hub.database.session() as session:
        rows = [
            json.dumps([lead.fields, lead.asked, lead.reasons])
            for lead in session.scalars(select(CrmLead))
        ]
        samples = session.scalars(select(Sample)).all()
    stored = [here.hub.storage.get(sample.blob).decode() for sample in samples]
    told = [json.dumps([sample.meta, sample.prediction]) for sample in samples]
    assert len(stored) == 10 and "@" not in "".join([*rows, *stored, *told])


def test_a_trial_of_the_connection_tells_whether_they_are_known(here: LeadHub) -> None:
    here.crm.put("1", size=40)
    connection = connections.open_connection(here.hub, SALES)

    def found() -> tuple[str, str]:
        trial = try_connection(here.hub, connection, lambda _: here.crm, here.models, AT)
        [check] = [one for one in trial.checks if one.name == "test leads"]
        return check.found, check.fix

    said, fix = found()
    assert "0 of 1 leads" in said and "crm set sales persons=" in fix
    here.crm.records["1"] = replace(here.crm.records["1"], persons=("a@example.com",))
    assert found() == ("told by the address or name of 1 of 1 leads: 1", "")


@pytest.mark.parametrize(("kind", "thing"), KINDS)
def test_each_crm_is_asked_for_addresses_and_names_beside_what_is_kept(
    kind: str, thing: str
) -> None:
    simulator = Simulator(kind, seed=5, limit=0, thing=thing)
    simulator.make(3, quiet=True)
    names = [held.object_id for held in simulator.records]
    with serve(simulator) as url:
        given = with_defaults(CrmSettings.model_validate(simulator.connection(url)))
        if kind in OWN:
            given = given.model_copy(update={"persons": OWN[kind]})
        persons = persons_of(given)

        def crm(**changes: object) -> Crm:
            changed = given.model_copy(update=changes)
            return open_crm(Access("sales", changed, simulator.secrets.api))

        every = crm(persons=()).read(names)[0].fields
        column = next(n for n, v in every.items() if n not in persons and v and "@" not in str(v))
        records = crm(columns=(column,), persons=persons).read(names)
        bare = crm(columns=(column,), persons=()).read(names)
        # a bundle that learned from what kind of mailbox it is has the column by its own name
        both = crm(columns=(column, persons[0]), persons=persons).read(names)
    assert len(records) == 3
    for one, other, known in zip(records, bare, both):
        assert any("@" in text for text in one.persons) and len(one.persons) > 1
        assert one.fields == other.fields and column in one.fields
        assert "@" not in json.dumps(one.fields) and not other.persons
        assert known.persons == one.persons and "@" in json.dumps(known.fields)


@pytest.mark.parametrize("sifts", [True, False])
def test_they_are_asked_for_only_where_the_project_leaves_test_leads_out(
    tmp_path: Path, sifts: bool
) -> None:
    simulator = Simulator("hubspot", seed=5, limit=0)
    simulator.make(1, quiet=True)
    with serve(simulator) as url, make_hub(tmp_path) as hub:
        release_bundle(hub, lead_bundle())
        settings = CrmSettings.model_validate(simulator.connection(url))
        settings = settings.model_copy(update={"columns": ("country",)})
        connections.add(hub, SALES, settings, LEADS, simulator.secrets, by="t")
        ready = ReadyBundle(formats.open_bytes(lead_bundle()), Sifting(sifts=sifts))
        with hub.database.session() as session:
            row = connections.require(session, SALES)
        crm = Opener(hub, lambda _project: learned_by(ready))(row)
        [record] = crm.read([held.object_id for held in simulator.records])
        assert bool(record.persons) is sifts
        assert not sifts or "@" not in json.dumps(record.fields)
