"""The plan of a retraining of mails: audits count wherever a person judged them, and what is wrong is the intent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_sync.hub import Hub
from cloud_sync.learning.datasets import describe, register
from cloud_sync.learning.planning import Plan, plan
from kits.core.annotation import Annotation
from kits.core.dataset import DatasetHeader, DatasetItem, build, to_bytes
from kits.core.sample import Sample, digest_of
from tests.cloud_sync.cases.case_builders import take
from tests.cloud_sync.fleet_builders import AT, add_device, make_hub, put_blob
from tests.cloud_sync.mails.mail_builders import MAIL, PROJECT, filed, know_bundle, letter, mail_row

pytestmark = pytest.mark.postgresql_in_all

KIT_YAML = """\
kit: support-triage
name: shop
costs: {escape: 15, overkill: 15, review: 2, prevalence: 0.9}
"""


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        add_device(hub)
        know_bundle(hub, kit_yaml=KIT_YAML)
        learned(hub)
        yield hub


def learned(hub: Hub) -> None:
    """The version that the bundle was made of: one mail."""
    content = letter(text="the first of all")
    put_blob(hub, content)
    sample = Sample("first", MAIL, digest_of(content), len(content), AT)
    items = [DatasetItem(sample, Annotation("order-status", at=AT), "train")]
    header = DatasetHeader(kit="support-triage", labels=(), split_rule="by group", seed=0)
    dataset = build(header, items, hub.storage)
    hub.storage.put(to_bytes(dataset))
    with hub.database.transaction() as session:
        register(session, describe(dataset, hub.storage), PROJECT, by="test")


def decided(hub: Hub, n: int, wrong: int, *, audit: bool = True, verdict: str = "act") -> Plan:
    """So many mails that a person filed, the wrong ones first; and the plan then."""
    rows, labels = [], []
    for number in range(n):
        content = letter(text=f"mail number {number}")
        put_blob(hub, content)
        name = f"m{number}"
        rows.append(mail_row(number + 1, name, content=content, audit=audit, verdict=verdict))
        labels.append(filed(1000 + number, name, "returns" if number < wrong else "order-status"))
    take(hub, *rows, *labels)
    with hub.database.session() as session:
        return plan(hub, session, PROJECT)


def test_audits_that_were_filed_at_the_mailbox_are_audits(hub: Hub) -> None:
    found = decided(hub, 40, wrong=12)
    assert (found.new_samples, found.retrain) == (40, True)
    error = found.rates["auto_error"]
    assert (error.n, error.value) == (40, pytest.approx(0.3))
    assert any("audited auto_error" in why and "2.0% promised" in why for why in found.reasons)
    assert not any("0 audited samples" in why for why in found.reasons)


def test_audits_that_were_right_are_no_mails_left_to_a_person(hub: Hub) -> None:
    found = decided(hub, 40, wrong=0)
    assert found.rates["review_rate"].value == 0
    assert not any("promised" in why for why in found.reasons)
    assert found.worth is not None


def test_a_bundle_that_decides_nothing_is_weighed_by_what_people_do(hub: Hub) -> None:
    found = decided(hub, 40, wrong=0, audit=False, verdict="review")
    assert found.rates["review_rate"].value == 1
    assert found.worth is not None
    assert found.worth.gain.n == 40
