"""Filters of columns with very many values: the first by name are offered, it is said that there are others, and these are typed in."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, insert, update

from cloud_sync.app import create_app
from cloud_sync.config import load
from cloud_sync.hub import Hub
from cloud_sync.store.models import Asset, Sample
from cloud_sync.web.pages import cases, samples
from kits.core.sample import utc_now
from tests.browser import seed
from tests.cloud_sync.plans import asked, plan

NAMES = [f"n{number}" for number in range(9, -1, -1)]
_OFFERED = re.compile(r'<option value="([^"]*)"')


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Ten machines and ten labels, the last ones first."""
    made = seed.make_hub(tmp_path_factory.mktemp("hub"), samples=len(NAMES))
    at = utc_now()
    machines = [
        {"device": "press-1", "name": name, "first_at": at, "last_at": at} for name in NAMES
    ]
    with made.database.transaction() as session:
        session.execute(delete(Asset))
        session.execute(insert(Asset), machines)
        found = [sample.id for sample in session.query(Sample).limit(len(NAMES))]
        for sample, name in zip(found, NAMES):
            session.execute(update(Sample).where(Sample.id == sample).values(label=name))
        session.execute(update(Sample).where(Sample.id.not_in(found)).values(label="good"))
    yield made
    made.close()


@pytest.fixture
def client(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(cases, "MAX_CHOICES", 3)
    monkeypatch.setattr(samples, "MAX_LABELS", 3)
    made = TestClient(create_app(load(hub.config.data_dir)), follow_redirects=False)
    made.post("/login", data={"login": "viewer", "password": seed.PASSWORD})
    return made


@pytest.mark.parametrize(
    ("path", "title", "wanted"),
    [("/cases", "Asset", ["n0", "n1", "n2"]), ("/samples", "Label", ["good", "n0", "n1", "n2"])],
)
def test_the_first_by_name_are_offered_and_others_are_typed_in(
    client: TestClient, path: str, title: str, wanted: list[str]
) -> None:
    text = client.get(f"{path}?{title.lower()}=n9").text
    told = re.search(rf"{title}, of more than \d\s+<input[^>]*>.*?</datalist>", text, re.DOTALL)
    assert told is not None
    assert f'name="{title.lower()}" value="n9"' in told.group()
    assert _OFFERED.findall(told.group()) == wanted


def test_what_fits_is_chosen_from_as_before(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "MAX_CHOICES", len(NAMES))
    text = client.get("/cases?asset=n9").text
    assert "of more than" not in text
    assert '<option value="n9" selected>' in text


def test_labels_are_read_from_their_index(hub: Hub) -> None:
    with asked(hub, "sample") as said, hub.database.session() as session:
        samples._choices(session)
    assert "USING COVERING INDEX ix_sample_label" in plan(hub, said)
