"""A lead that was imported from an export and then decided in the CRM is one lead in what is learned from, as it is now."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.outcomes.outcomes import key_of_lead
from cloud_sync.learning.datasets import describe, read, register
from cloud_sync.learning.freezing import current, freeze
from cloud_sync.store.models import CrmConnection
from kits.core.annotation import Annotation
from kits.core.dataset import Dataset, DatasetItem, build, to_bytes
from kits.core.record_keys import record_key
from kits.core.sample import key_of
from kits.toolchain.datasets import export
from kits.toolchain.importing import ImportOptions, import_data
from kits.toolchain.project import Project
from tests.cloud_sync.crm.lead_builders import LEADS, SALES, LeadHub, lead_hub
from tests.cloud_sync.crm.outcomes.test_outcomes import won
from tests.cloud_sync.fleet_builders import put_blob


@dataclass(frozen=True)
class Firm:
    """A CRM, what a lead is there, its export's columns, and how a lead is called in both."""

    kind: str
    thing: str
    columns: tuple[str, ...]
    exported: str
    asked: str


FIRMS = (
    Firm(
        "hubspot", "deals",
        ("Record ID", "Create Date", "Deal Stage", "Deal Name", "Deal owner", "Size"),
        "90210", "90210",
    ),
    Firm(
        "salesforce", "Opportunity",
        ("Opportunity ID", "Created Date", "Stage", "Opportunity Name", "Opportunity Owner", "Size"),
        "0065e000001aBcD", "0065e000001aBcDAAU",
    ),
    Firm(
        "pipedrive", "",
        ("Deal - ID", "Deal - Deal created", "Deal - Status", "Deal - Title", "Deal - Stage", "Size"),
        "4711", "4711",
    ),
)  # fmt: skip
STAGES = {
    "hubspot": ("closedwon", "closedlost", "appointmentscheduled"),
    "salesforce": ("Closed Won", "Closed Lost", "Prospecting"),
    "pipedrive": ("Won", "Lost", "Open"),
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "kit.yaml").write_text(f"kit: lead-scoring\nname: {LEADS}\n")
    return Project.open(tmp_path / "p")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        yield made


def bring(project: Project, firm: Firm, name: str, *, size: int = 10, stage: int = 2) -> Dataset:
    """Imports an export: thirty decided leads, and the one it is about, open if not told otherwise."""
    rows = [
        [_other(firm, n), f"2025-02-{1 + n % 28:02}", STAGES[firm.kind][n % 2], f"n {n}", "x", n]
        for n in range(30)
    ]
    rows.append([firm.exported, "2025-03-20", STAGES[firm.kind][stage], "it", "x", size])
    path = project.root.parent / name
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([firm.columns, *rows])
    return import_data(project, path, ImportOptions()).dataset


def _other(firm: Firm, n: int) -> str:
    return firm.exported[:-2] + str(40 + n)


def send(here: LeadHub, dataset: Dataset) -> None:
    """The version comes to the hub, as `kit publish` brings it."""
    for item in dataset.items:
        put_blob(here.hub, dataset.content(item))
    here.hub.storage.put(to_bytes(dataset))
    version = describe(dataset, here.hub.storage)
    with here.hub.database.transaction() as session:
        register(session, version, LEADS, by="test")


def is_of(here: LeadHub, firm: Firm) -> None:
    """The connection is to this CRM."""
    with here.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, SALES)
        row.kind = firm.kind
        row.settings = {"kind": firm.kind, "object": firm.thing}


def only(dataset: Dataset, firm: Firm) -> DatasetItem:
    key = record_key(firm.kind, firm.thing or "deals", firm.asked)
    counts = Counter(key_of(item.sample) for item in dataset.items)
    assert counts[key] == 1 and counts.most_common(1)[0][1] == 1
    return next(item for item in dataset.items if key_of(item.sample) == key)


@pytest.mark.parametrize("firm", FIRMS, ids=lambda firm: firm.kind)
def test_import_then_outcome_at_the_hub_then_export_again_is_one_lead(
    here: LeadHub, project: Project, firm: Firm
) -> None:
    imported = bring(project, firm, "may.csv")
    assert only(imported, firm).annotation is None
    send(here, imported)
    is_of(here, firm)
    here.crm.put(firm.asked, size=40)
    here.score(firm.asked)
    won(here, firm.asked)

    frozen = freeze(here.hub, LEADS, by="test")
    item = only(frozen.dataset, firm)
    assert (frozen.added, frozen.replaced, frozen.withdrawn) == (0, 1, 0)
    assert len(frozen.dataset.items) == 31
    assert item.annotation is not None and item.annotation.label == "won"
    assert b'"size":40' in frozen.dataset.content(item)
    assert only(imported, firm).annotation is None, "the version before is as it was"
    again = current(here.hub, LEADS, by="test", note="")[0]
    assert again.id == frozen.dataset.id, "nothing is new"

    folder = project.root.parent / "from-hub"
    export(project, read(here.hub.storage, frozen.dataset.id), folder, "kitwright")
    assert import_data(project, folder, ImportOptions()).dataset.id == frozen.dataset.id
    june = bring(project, firm, "june.csv", size=70, stage=1)
    item = only(june, firm)
    assert item.annotation is not None and item.annotation.label == "lost"
    assert b"70" in june.content(item) and len(june.items) == 31


def test_what_a_person_said_of_an_imported_lead_outlives_its_newer_state(
    here: LeadHub, project: Project
) -> None:
    firm = FIRMS[0]
    imported = bring(project, firm, "may.csv")
    said = Annotation("lost", source="review", author="eve")
    items = [
        replace(item, annotation=said) if item.sample == only(imported, firm).sample else item
        for item in imported.items
    ]
    send(here, build(imported.header, items, imported.blobs))
    is_of(here, firm)
    here.crm.put(firm.asked, size=40)
    here.score(firm.asked)
    won(here, firm.asked)
    item = only(freeze(here.hub, LEADS, by="test").dataset, firm)
    assert item.annotation is not None and item.annotation.author == "eve"


def test_of_two_connections_to_one_crm_the_later_state_counts(
    here: LeadHub, project: Project
) -> None:
    firm = FIRMS[0]
    send(here, bring(project, firm, "may.csv"))
    is_of(here, firm)
    here.crm.put(firm.asked, size=40)
    here.score(firm.asked)
    won(here, firm.asked)
    freeze(here.hub, LEADS, by="test")
    with here.hub.database.transaction() as session:
        row = session.get_one(CrmConnection, SALES)
        session.add(
            CrmConnection(name="other", kind=row.kind, settings=row.settings, project=LEADS)
        )
    here.clock.tick(60)
    here.crm.records.clear()
    here.crm.put(firm.asked, size=55)
    here.due(firm.asked, connection="other")
    here.drain()
    here.crm.put(firm.asked, here.clock(), outcome="lost")
    here.due(firm.asked, connection="other")
    here.drain()
    frozen = freeze(here.hub, LEADS, by="test")
    item = only(frozen.dataset, firm)
    assert item.sample.device == "crm-other" and frozen.replaced == 1
    assert current(here.hub, LEADS, by="test", note="")[0].id == frozen.dataset.id


@pytest.mark.parametrize(
    ("settings", "told", "key"),
    [
        ({"kind": "hubspot"}, "12", "HubSpot contacts:12"),
        ({"kind": "salesforce"}, "00Q5e000001AbcdEAC", "Salesforce leads:00Q5e000001AbcdEAC"),
        ({"kind": "odoo"}, "4711", record_key("Odoo", "leads", "__export__.crm_lead_4711_0a1b2c3d")),
        ({"kind": "dynamics", "options": {"id_column": "(Do Not Modify) Lead"}},
         "0a1b2c3d-0000-4000-8000-00000000000a",
         "(Do Not Modify) Lead:0a1b2c3d-0000-4000-8000-00000000000a"),
        ({"kind": "webhook"}, "12", ""),
        ({"kind": "webhook", "options": {"id_column": "Lead ID"}}, "12", "Lead ID:12"),
    ],
)  # fmt: skip
def test_a_lead_is_called_as_its_export_calls_it(
    settings: dict[str, object], told: str, key: str
) -> None:
    assert key_of_lead(CrmSettings.model_validate(settings), told) == key


def test_a_lead_whose_id_is_an_address_is_called_by_a_digest() -> None:
    settings = CrmSettings(kind="webhook", options={"id_column": "Email"})
    key = key_of_lead(settings, "ann@firm.example")
    assert key.startswith("Email:") and "ann" not in key
    assert key != key_of_lead(settings, "bob@firm.example")
