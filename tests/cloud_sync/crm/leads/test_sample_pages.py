"""Leads among the samples: called by their names, with band and points; what a stranger sends names no lead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from cloud_sync.store.models import CrmLead, Sample
from cloud_sync.web.lead_samples import lead_samples
from tests.cloud_sync.crm.lead_apis import asker, opened
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub
from tests.cloud_sync.fleet_builders import AT, put_blob

PROBE = "<script>alert(1)</script>"


@pytest.fixture
def there(tmp_path: Path) -> Iterator[tuple[TestClient, LeadHub]]:
    with opened(tmp_path) as made:
        _, here = made
        for name, size in (("1", 80), ("2", 5)):
            here.crm.put(
                name, size=size, firstname="Ada", lastname=f"Brandt {name}", company="Garnet"
            )
        here.score("1", "2")
        for name in ("1", "2"):
            here.crm.put(
                name, size=99, firstname="Ada", lastname=f"Brandt {name}", company="Garnet", outcome="won",
            )  # fmt: skip
        here.score("1", "2")
        yield made


def samples(here: LeadHub) -> dict[str, str]:
    """Source → sample."""
    with here.hub.database.session() as session:
        return {row.source: row.id for row in session.scalars(select(Sample))}


def test_a_lead_is_called_by_its_name_with_band_and_points_of_then(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    who = asker(here.hub)
    text = client.get("/samples", headers=who).text
    for said in (
        "Ada Brandt 1",
        "Ada Brandt 2",
        "Garnet",
        "80 points",
        "5 points",
        "hot",
        "cold",
        "✓ won",
    ):
        assert said in text, said
    assert '"badge is-bad">act' not in text and '"badge is-good">pass' not in text
    page = client.get(f"/samples/{samples(here)[f'{SALES}#1']}", headers=who).text
    assert "Ada Brandt 1" in page and "80 of 99" in page and "<dd>80</dd>" in page
    assert f'href="/leads/{SALES}/1"' in page and ">act<" not in page
    assert client.get(f"/leads/{SALES}/1", headers=who).status_code == 200


def test_what_became_of_a_lead_is_no_persons_word_and_an_open_one_has_none(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    who = asker(here.hub)
    assert 'title="what became of it">✓ won' in client.get("/samples", headers=who).text
    for name in ("1", "2"):
        here.crm.put(name, AT + timedelta(days=1), size=99, outcome="")
    here.score("1", "2")
    text = client.get("/samples", headers=who).text
    assert "80 points" in text and "✓" not in text and "boxes" not in text
    page = client.get(f"/samples/{samples(here)[f'{SALES}#1']}", headers=who).text
    assert "open again" in page and "boxes only" not in page


def test_a_lead_that_is_not_there_any_more_has_its_number(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    sample = samples(here)[f"{SALES}#1"]
    with here.hub.database.transaction() as session:
        session.delete(session.get_one(CrmLead, (SALES, "1")))
    text = client.get(f"/samples/{sample}", headers=asker(here.hub)).text
    assert "lead 1" in text and "To the lead" not in text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("erased", "The text was erased"), ("none", "The text was not kept"),
        ("expected", "The text is on its way"), ("stored", "The text cannot be read"),
    ],
)  # fmt: skip
def test_a_lead_of_which_nothing_can_be_read_has_a_page(
    there: tuple[TestClient, LeadHub], state: str, said: str
) -> None:
    """Of an erased one, or of one that a device made up, the page was a fault of the hub."""
    client, here = there
    sample, unreadable = samples(here)[f"{SALES}#1"], put_blob(here.hub, b"no lead")
    with here.hub.database.transaction() as session:
        row = session.get_one(Sample, sample)
        row.blob_state, row.blob = state, unreadable
    page = client.get(f"/samples/{sample}", headers=asker(here.hub))
    assert page.status_code == 200 and said in page.text


def test_what_a_stranger_says_of_a_lead_is_neither_a_lead_nor_markup(
    there: tuple[TestClient, LeadHub],
) -> None:
    client, here = there
    sample = samples(here)[f"{SALES}#1"]
    with here.hub.database.transaction() as session:
        row = session.get_one(Sample, sample)
        row.device, row.prediction = "press-1", {"details": {"band": PROBE, "points": PROBE}}
        [said] = lead_samples(session, [row]).values()
    assert (said.title, said.band, said.points, said.connection) == ("a lead", "", None, "")
    text = client.get("/samples", headers=asker(here.hub)).text
    assert PROBE not in text and "Ada Brandt 1" not in text and "no score" in text
