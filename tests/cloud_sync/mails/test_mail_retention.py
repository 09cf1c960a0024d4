"""What mails say goes when its time is over: the decision and its label stay, and what is learned from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from cloud_sync.hub import Hub
from cloud_sync.learning import datasets
from cloud_sync.retention.mails import count_old
from cloud_sync.retention.preview import preview
from cloud_sync.retention.pruner import Pruner
from cloud_sync.retention.rules import MAILS, in_words
from cloud_sync.store.models import Annotation, Blob, Sample
from kits.core.sample import digest_of, utc_now
from tests.cloud_sync.cases.case_builders import take
from tests.cloud_sync.fleet_builders import add_device, make_hub, put_blob
from tests.cloud_sync.mails.mail_builders import ANN, filed, know_bundle, letter, mail_row
from tests.cloud_sync.web.test_page_queries import plans_of


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    rules = {"mails_days": 30, "samples_days": 0}
    with make_hub(tmp_path, database_url=database_url, retention=rules) as hub:
        add_device(hub)
        know_bundle(hub)
        yield hub


def keep(hub: Hub, seq: int, name: str, *, days_ago: float) -> bytes:
    content = letter(ANN, name)
    put_blob(hub, content)
    take(hub, mail_row(seq, name, content=content))
    with hub.database.transaction() as session:
        received = utc_now() - timedelta(days=days_ago)
        session.execute(update(Sample).where(Sample.id == name).values(received_at=received))
        # as bytes that came from a device are
        session.execute(update(Blob).where(Blob.digest == digest_of(content)).values(kept=False))
    return content


def states(hub: Hub) -> dict[str, str]:
    with hub.database.session() as session:
        return {row.id: row.blob_state for row in session.scalars(select(Sample))}


def test_what_mails_say_goes_after_its_days_labelled_or_not(hub: Hub) -> None:
    old, fresh = keep(hub, 1, "old", days_ago=31), keep(hub, 2, "fresh", days_ago=29)
    keep(hub, 3, "labelled", days_ago=40)
    take(hub, filed(11, "labelled", "returns"))
    assert preview(hub, utc_now())[MAILS] == 2
    pruner = Pruner(hub)
    assert pruner.turn()[MAILS] == 2
    assert pruner.finished
    assert states(hub) == {"old": "erased", "fresh": "stored", "labelled": "erased"}
    assert not hub.storage.has(digest_of(old)) and hub.storage.has(digest_of(fresh))
    with hub.database.session() as session:
        assert session.get_one(Sample, "labelled").label == "order-status"
        assert session.scalar(select(Annotation.label)) == "returns"
    assert Pruner(hub).turn()[MAILS] == 0


def test_a_mail_that_is_learned_from_stays_with_its_version(hub: Hub) -> None:
    content = keep(hub, 1, "learned", days_ago=99)
    with hub.database.transaction() as session:
        datasets.keep_blobs(session, {digest_of(content)})
    assert Pruner(hub).turn()[MAILS] == 0
    assert states(hub) == {"learned": "stored"}


def test_for_ever_is_the_default_and_the_rule_is_told(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        add_device(hub)
        know_bundle(hub)
        keep(hub, 1, "old", days_ago=300)
        Pruner(hub).turn()
        assert states(hub) == {"old": "stored"}
        assert in_words(hub.config.retention)[MAILS] == "for ever"


def test_old_mails_are_found_by_an_index(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        ways = plans_of(hub, lambda session: count_old(session, utc_now()) and None)
    assert any("ix_sample_mail_text" in way for way in ways), ways
