"""The plan of a retraining of machines: what became of alarms is weighed, not windows, of which a fault has thousands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from cloud_sync.cases.alarm_counts import alarm_counts
from cloud_sync.hub import Hub
from cloud_sync.learning.datasets import describe, register
from cloud_sync.learning.planning import Plan, plan
from cloud_sync.store.models import (
    Annotation,
    Asset,
    Blob,
    Bundle,
    Case,
    Person,
    Project,
    Review,
    Sample,
)
from kits.core import bundle as formats
from kits.core.alarm import AlarmRule
from kits.core.annotation import Annotation as Said
from kits.core.dataset import DatasetHeader, DatasetItem, build, to_bytes
from kits.core.operating_point import Band, OperatingPoint
from kits.core.sample import Sample as Known
from kits.core.sample import digest_of
from kits.core.stats import rare_rate
from kits.core.window import MEDIA_TYPE
from tests.cloud_sync.cases.case_builders import PROJECT, vibration
from tests.cloud_sync.fleet_builders import AT, add_device, make_hub, put_blob

pytestmark = pytest.mark.postgresql_in_all

COSTS = "kit: predictive-maintenance\nname: pumps\ncosts: {escape: 5000, overkill: 150, review: 5}\n"  # fmt: skip
BEGUN = AT - timedelta(days=90)


def machine_bundle() -> bytes:
    """A bundle that watches machines: measured without one false alarm in 300 days."""
    model = b"m" * 64
    manifest = formats.BundleManifest(
        kit="predictive-maintenance", name=PROJECT, project=PROJECT, version=1, created_at=AT,
        media_types=(MEDIA_TYPE,), config={}, dataset="", seed=1, run="run-1",
        artefacts=(
            formats.Artefact(
                role="model", path="models/m.onnx", precision="fp32", target="any",
                digest=digest_of(model),
            ),
        ),
    )  # fmt: skip
    point = OperatingPoint(
        default=Band(act_at=0.0, review_from=-1.0), action="warn", alarm=AlarmRule(), method="test",
        rates={"false_onsets_per_day": rare_rate(0, 300)}, dataset="d", seed=1,
    )  # fmt: skip
    files = {"models/m.onnx": model, "card.md": b"# card"}
    return formats.pack(manifest, point, formats.GoldenSet(samples=()), files)


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub)
        _know(hub)
        yield hub


def _know(hub: Hub) -> None:
    """Two pumps that were watched for 90 days by the bundle, and the one window it was made of."""
    content, window = machine_bundle(), vibration()
    digest = put_blob(hub, content)
    put_blob(hub, window)
    first = Known("first", MEDIA_TYPE, digest_of(window), len(window), BEGUN)
    header = DatasetHeader(kit="predictive-maintenance", labels=(), split_rule="by group", seed=0)
    dataset = build(header, [DatasetItem(first, Said("normal", at=AT), "train")], hub.storage)
    hub.storage.put(to_bytes(dataset))
    with hub.database.transaction() as session:
        session.add(Project(name=PROJECT, kit="predictive-maintenance", kit_yaml=COSTS))
        assert session.get(Blob, digest) is not None
        session.flush()
        session.add(Bundle(
            id=formats.bundle_id(content), project=PROJECT, name=PROJECT, version=1,
            kit="predictive-maintenance", blob=digest, size=len(content), origin="publisher",
        ))  # fmt: skip
        for name in ("pump-1", "pump-2"):
            long_ago = BEGUN - timedelta(days=400)
            session.add(Asset(device="press-1", name=name, first_at=long_ago, last_at=AT))
        register(session, describe(dataset, hub.storage), PROJECT, by="test")


def planned(hub: Hub, *, false: int, true: int = 0, windows: int = 40) -> Plan:
    """The plan after so many closed cases and audited windows, which people called normal."""
    bundle = formats.bundle_id(machine_bundle())
    causes = ["normal"] * false + ["bearing"] * true
    rows = [
        {
            "id": f"w{n}", "device": "press-1", "epoch": "e", "seq": n + 1, "bundle": bundle,
            "verdict": "act", "score": 1.0, "label": "", "media_type": MEDIA_TYPE, "kept_for": "audit",
            "project": PROJECT, "captured_at": BEGUN + timedelta(hours=n), "received_at": AT,
            "group": "pump-1", "reason": "", "source": "", "meta": {}, "prediction": {},
            "blob": put_blob(hub, vibration(n + 1, seconds=0.05)), "blob_size": 1, "blob_state": "stored",
        }
        for n in range(windows)
    ]  # fmt: skip
    with hub.database.transaction() as session:
        session.execute(insert(Sample), rows)
        person = Person(login="eve", role="reviewer")
        session.add(person)
        session.flush()
        for row in rows:
            said = Annotation(sample_id=row["id"], label="normal", body={}, source="review")
            session.add(said)
            session.flush()
            session.add(Review(
                sample_id=row["id"], person_id=person.id, decision="correct", annotation_id=said.id
            ))  # fmt: skip
        for n, cause in enumerate(causes):
            at = BEGUN + timedelta(days=1 + n)
            session.add(Case(
                id=f"c{n}", device="press-1", asset="pump-1", project=PROJECT, bundle=bundle,
                level="normal", worst="alarm", cause=cause, opened_at=at, since=at, last_at=at,
                raised_at=at, closed_at=at + timedelta(hours=5),
            ))  # fmt: skip
    with hub.database.session() as session:
        return plan(hub, session, PROJECT)


def test_alarms_are_counted_over_the_time_that_the_bundle_watched(hub: Hub) -> None:
    planned(hub, false=4, true=2)
    with hub.database.session() as session:
        counts = alarm_counts(session, formats.bundle_id(machine_bundle()), AT)
    assert (counts.false, counts.true, counts.machines) == (4, 2, 2)
    assert counts.machine_months == pytest.approx(6.0)  # not the 490 days that the hub knows them
    assert counts.rates()["precision"].value == pytest.approx(1 / 3)


def test_windows_that_were_called_normal_cost_nothing_by_themselves(hub: Hub) -> None:
    found = planned(hub, false=0)
    assert found.worth is None and not found.retrain
    assert any("0 closed alarms with a cause, 10 are needed" in why for why in found.reasons)
    assert "overkill_rate" not in found.rates
    assert found.rates["false_alarms_per_machine_month"].value == 0


def test_false_alarms_are_worth_what_each_of_them_costs(hub: Hub) -> None:
    found = planned(hub, false=12)
    assert found.worth is not None
    # 12 in 6 machine-months of 2 machines are 4 a month, 600 EUR: no retraining gains more than that
    a_year = 4 * 150 * hub.config.prices.months
    assert 0 < found.worth.gain.value < a_year
    assert found.worth.gain.n == 12


def test_more_false_alarms_than_were_measured_are_a_reason(hub: Hub) -> None:
    found = planned(hub, false=12)
    assert any("false alarms per machine-month are above the 0 [" in why for why in found.reasons)
    assert found.retrain


def test_as_many_as_were_measured_are_none(hub: Hub) -> None:
    found = planned(hub, false=1, true=9)
    assert not any("above the" in why for why in found.reasons)
