"""Nothing is learned from decisions of a model the hub does not know, or that was withdrawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cloud_sync.errors import ConflictError
from cloud_sync.intake import provenance
from cloud_sync.learning.datasets import newest, read
from cloud_sync.learning.freezing import current, freeze
from cloud_sync.store.models import Sample
from kits.core.dataset import build, to_bytes
from kits.core.errors import DataError
from kits.core.sample import digest_of
from tests.cloud_sync.hub_builders import (
    BUNDLE,
    PROJECT,
    add_dataset,
    add_person,
    add_sample,
    know_bundle,
    open_hub,
)

BASE = {"a": "train", "b": "train", "c": "val", "d": "test"}
CANARY = "c" * 64


@pytest.fixture
def opened(tmp_path: Path):
    with open_hub(tmp_path) as (client, hub):
        know_bundle(hub)
        add_dataset(hub, BASE)
        yield client, hub, add_person(hub, "eve", "engineer")


def accept(client, headers, *samples: str) -> None:
    for sample in samples:
        body = {"sample_id": sample, "decision": "accept"}
        assert client.post("/v1/reviews", headers=headers, json=body).status_code == 200


def test_samples_of_an_unknown_bundle_are_left_out_and_counted(opened) -> None:
    client, hub, headers = opened
    add_sample(hub, "good")
    add_sample(hub, "strange", bundle="f" * 64)
    accept(client, headers, "good", "strange")
    frozen = client.post("/v1/datasets/freeze", headers=headers, json={"project": PROJECT}).json()
    assert frozen["added"] == 1
    assert frozen["refused"] == {"unknown bundle": 1}
    page = client.get("/samples/strange", headers=headers)
    assert page.status_code in (200, 303)


def test_only_unknown_ones_makes_no_version_and_says_why(opened) -> None:
    client, hub, headers = opened
    add_sample(hub, "strange", bundle="f" * 64)
    accept(client, headers, "strange")
    with pytest.raises(DataError, match="1 of an unknown bundle"):
        freeze(hub, PROJECT, by="test")


def test_a_bad_canary_is_withdrawn_also_from_what_was_frozen_before(opened) -> None:
    client, hub, headers = opened
    know_bundle(hub, CANARY)
    add_sample(hub, "old-canary", bundle=CANARY)
    accept(client, headers, "old-canary")
    first = freeze(hub, PROJECT, by="test")
    assert "old-canary" in {item.sample.id for item in first.dataset.items}

    add_sample(hub, "new-canary", bundle=CANARY)
    add_sample(hub, "sound")
    accept(client, headers, "new-canary", "sound")
    body = {"bundle": CANARY, "reason": "rejected good parts"}
    assert client.post("/v1/samples/withdraw", headers=headers, json=body).json() == {"samples": 2}
    second = freeze(hub, PROJECT, by="test")
    names = {item.sample.id for item in second.dataset.items}
    assert "sound" in names
    assert not names & {"old-canary", "new-canary"}
    assert (second.withdrawn, dict(second.refused)) == (1, {"withdrawn bundle": 2})
    kept = {item.sample.id: item.split for item in first.dataset.items}
    assert all(kept.get(i.sample.id, i.split) == i.split for i in second.dataset.items)
    assert read(hub.storage, first.dataset.id).id == first.dataset.id  # versions stay as they were


def test_a_retraining_after_a_withdrawal_learns_from_a_version_without_it(opened) -> None:
    client, hub, headers = opened
    know_bundle(hub, CANARY)
    add_sample(hub, "canary", bundle=CANARY)
    add_sample(hub, "sound")
    accept(client, headers, "canary", "sound")
    poisoned = freeze(hub, PROJECT, by="test").dataset
    assert current(hub, PROJECT, by="eve", note="")[0] == poisoned  # nothing new: the same version
    with hub.database.transaction() as session:
        provenance.withdraw(session, CANARY, reason="rejected good parts", by="eve")
    sound = current(hub, PROJECT, by="eve", note="")[0]
    assert {item.sample.id for item in sound.items} == {*BASE, "sound"}
    assert sound.header.parent == poisoned.id
    assert current(hub, PROJECT, by="eve", note="")[0] == sound


@pytest.mark.parametrize("withdrawn", [False, True])
def test_an_uploaded_version_with_what_may_not_be_learned_from_is_refused(
    opened, withdrawn: bool
) -> None:
    client, hub, headers = opened
    add_sample(hub, "canary", bundle=CANARY)
    first = newest_version(hub)
    known = next(item for item in first.items if item.sample.id == "a")
    strange = replace(known, sample=replace(known.sample, id="canary", group="canary"))
    content = to_bytes(build(first.header, [*first.items, strange], hub.storage))
    if withdrawn:
        know_bundle(hub, CANARY)
        with hub.database.transaction() as session:
            provenance.withdraw(session, CANARY, reason="rejected good parts", by="eve")
    address = f"/v1/datasets/{digest_of(content)}"
    answer = client.put(address, headers=headers, content=content)
    assert answer.status_code == 422
    reason = "a withdrawn bundle" if withdrawn else "an unknown bundle"
    assert f"1 of {reason}" in answer.json()["what"]
    if not withdrawn:
        know_bundle(hub, CANARY)  # the publisher brings the bundle first
        assert client.put(address, headers=headers, content=content).status_code == 200


def test_a_version_this_hub_has_can_be_uploaded_again_after_a_withdrawal(opened) -> None:
    client, hub, headers = opened
    add_sample(hub, "one")
    accept(client, headers, "one")
    frozen = freeze(hub, PROJECT, by="test").dataset
    with hub.database.transaction() as session:
        provenance.withdraw(session, BUNDLE, reason="test", by="eve")
    content = hub.storage.get(frozen.id)
    answer = client.put(f"/v1/datasets/{frozen.id}", headers=headers, content=content)
    assert answer.status_code == 200


def newest_version(hub):
    with hub.database.session() as session:
        row = newest(session, PROJECT)
    return read(hub.storage, row.id)


def test_a_withdrawal_is_taken_back(opened) -> None:
    client, hub, headers = opened
    add_sample(hub, "one")
    accept(client, headers, "one")
    with hub.database.transaction() as session:
        assert provenance.withdraw(session, BUNDLE[:8], reason="test", by="eve") == 1
    with hub.database.transaction() as session, pytest.raises(ConflictError):
        provenance.withdraw(session, BUNDLE, reason="test", by="eve")
    with pytest.raises(DataError, match="1 of a withdrawn bundle"):
        freeze(hub, PROJECT, by="test")
    with hub.database.transaction() as session:
        assert provenance.reinstate(session, BUNDLE, by="eve") == 1
    assert freeze(hub, PROJECT, by="test").added == 1


def test_a_withdrawal_needs_a_reason_and_one_bundle(opened) -> None:
    _client, hub, _headers = opened
    with hub.database.transaction() as session:
        with pytest.raises(DataError, match="say why"):
            provenance.withdraw(session, BUNDLE, reason=" ", by="eve")
        with pytest.raises(DataError, match="not the id"):
            provenance.withdraw(session, "b", reason="x", by="eve")


def test_a_bundle_that_comes_later_adopts_its_samples(opened) -> None:
    _client, hub, _headers = opened
    add_sample(hub, "early", bundle=CANARY)
    with hub.database.transaction() as session:
        session.get_one(Sample, "early").project = ""
    with hub.database.transaction() as session:
        assert provenance.adopt(session, CANARY, PROJECT) == 1
        assert session.get_one(Sample, "early").project == PROJECT
