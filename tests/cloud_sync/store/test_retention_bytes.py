"""Pictures go with their samples: unless somebody needs them, and without keeping anybody waiting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_sync.hub import Hub
from cloud_sync.learning.datasets import describe, register
from cloud_sync.retention import pictures
from cloud_sync.retention.preview import preview
from cloud_sync.retention.pruner import Pruner
from cloud_sync.store import models
from cloud_sync.store.holding import hold_bytes
from cloud_sync.store.storage import Storage, open_storage
from kits.core.annotation import Annotation
from kits.core.dataset import DatasetHeader, DatasetItem, build, to_bytes
from kits.core.errors import UnreachableError
from kits.core.sample import Sample as CoreSample
from kits.core.sample import digest_of
from tests.cloud_sync.fleet_builders import (
    add_device,
    blob_ref,
    decision,
    label,
    make_hub,
)
from tests.cloud_sync.intake.intake_builders import count
from tests.cloud_sync.store.retention_builders import (
    LONG_AGO,
    NOW,
    RULES,
    account,
    arrive,
    health,
    picture,
    sample_ids,
    seqs,
    store,
)


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url, retention=RULES) as hub:
        add_device(hub)
        yield hub


def annotate(hub: Hub, name: str) -> None:
    with hub.database.transaction() as session:
        session.add(models.Annotation(sample_id=name, label="good", body={}, source="review"))


def test_samples_go_with_their_bytes_unless_somebody_needs_them(hub: Hub) -> None:
    contents = {name: picture(n) for n, name in enumerate(
        ("plain", "labelled", "audited", "uploaded", "shared-old"))
    }  # fmt: skip
    for content in contents.values():
        store(hub, content)
    kept_for = {"audited": "audit"}
    made = [
        decision(n, name, blob=blob_ref(content), kept_for=kept_for.get(name, "act"))
        for n, (name, content) in enumerate(contents.items(), 1)
    ]
    arrive(hub, LONG_AGO, *made, decision(6, "no-bytes"), label(7, "said at the line"))
    arrive(hub, NOW, decision(8, "shared-new", blob=blob_ref(contents["shared-old"])))
    annotate(hub, "labelled")
    with hub.database.transaction() as session:
        session.get_one(models.Blob, digest_of(contents["uploaded"])).kept = True
    assert Pruner(hub, NOW).turn() == {"samples": 3, "pictures": 1}
    assert sample_ids(hub) == {"labelled", "audited", "uploaded", "shared-new"}
    assert seqs(hub, "s") == [2, 3, 4, 8]
    assert [
        name for name, content in contents.items() if not hub.storage.has(digest_of(content))
    ] == ["plain"]
    assert count(hub, models.Blob) == 4
    assert account(hub).pruned["s"] == 3
    assert Pruner(hub, NOW).turn() == {}


def test_what_a_dataset_version_names_stays(hub: Hub) -> None:
    content = picture(1)
    digest = store(hub, content)
    arrive(hub, LONG_AGO, decision(1, "exported", blob=blob_ref(content)), decision(2, "other"))
    named = CoreSample("imported", "image/png", digest, len(content), LONG_AGO, group="g")
    header = DatasetHeader(kit="visual-inspection", labels=(), split_rule="by group", seed=0)
    version = build(header, [DatasetItem(named, Annotation("good", at=NOW), "train")], hub.storage)
    hub.storage.put(to_bytes(version))
    with hub.database.transaction() as session:
        session.add(models.Project(name="line-1", kit="visual-inspection"))
        session.flush()
        register(session, describe(version, hub.storage), "line-1", by="test")
    assert Pruner(hub, NOW).turn() == {"samples": 1}
    assert sample_ids(hub) == {"exported"}
    assert hub.storage.get(digest) == content


class AwayStorage(Storage):
    def delete(self, *digests: str) -> None:
        raise UnreachableError("the storage cannot be used", where="s3://pictures")


def test_while_the_storage_is_away_pictures_wait_and_the_rest_goes(hub: Hub) -> None:
    content = picture(1)
    store(hub, content)
    arrive(hub, LONG_AGO, decision(1, "plain", blob=blob_ref(content)), health(2))
    whole, hub.storage = hub.storage, AwayStorage(hub.storage._store, hub.storage._folder)
    pruner = Pruner(hub, NOW)
    assert pruner.turn() == {"telemetry": 1, "samples": 1}
    assert not pruner.finished
    assert count(hub, models.Blob) == 1
    assert preview(hub, NOW)["pictures"] == 1
    hub.storage = whole
    again = Pruner(hub, NOW)
    assert again.turn() == {"pictures": 1}
    assert again.finished
    assert not hub.storage.has(digest_of(content))


def test_a_picture_that_is_sent_again_before_it_went_stays(hub: Hub) -> None:
    content = picture(1)
    store(hub, content)
    arrive(hub, LONG_AGO, decision(1, "old", blob=blob_ref(content)))
    whole, hub.storage = hub.storage, AwayStorage(hub.storage._store, hub.storage._folder)
    assert Pruner(hub, NOW).turn() == {"samples": 1}
    arrive(hub, NOW, decision(2, "new", blob=blob_ref(content)))
    hub.storage = whole
    assert Pruner(hub, NOW).turn() == {}
    assert count(hub, models.LooseBlob) == 0
    assert hub.storage.get(digest_of(content)) == content


def test_pictures_go_in_few_requests_and_each_keeps_the_writer_waiting_shortly(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "PORTION", 10)
    hub.storage = open_storage("memory://", hub.config.data_dir)
    contents = [picture(number) for number in range(25)]
    for content in contents[1:]:
        store(hub, content)
    with hub.database.transaction() as session:  # absent in the store: removed by a turn that died
        session.add(models.Blob(digest=digest_of(contents[0]), size=1, kept=False))
    made = [decision(n, f"s{n}", blob=blob_ref(c)) for n, c in enumerate(contents, 1)]
    arrive(hub, LONG_AGO, *made)
    asked: list[int] = []
    delete = hub.storage.delete
    monkeypatch.setattr(
        hub.storage, "delete", lambda *all_: (asked.append(len(all_)), delete(*all_))
    )
    assert Pruner(hub, NOW).turn() == {"samples": 25, "pictures": 25}
    assert asked == [10, 10, 5]
    assert not any(hub.storage.has(digest_of(content)) for content in contents)


def test_nothing_is_removed_under_who_holds_the_bytes(hub: Hub) -> None:
    content = picture(1)
    store(hub, content)
    arrive(hub, LONG_AGO, decision(1, "plain", blob=blob_ref(content)))
    with hold_bytes(hub.config.data_dir), hold_bytes(hub.config.data_dir):
        pruner = Pruner(hub, NOW)
        assert pruner.turn() == {"samples": 1}
        assert not pruner.finished
        assert hub.storage.has(digest_of(content))
    assert Pruner(hub, NOW).turn() == {"pictures": 1}
