"""Who erases mails and who writes of the same ones at that moment wait for each other, and never crosswise."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.intake import provenance
from cloud_sync.intake.finishing import Finisher
from cloud_sync.intake.parts import Parts
from cloud_sync.intake.watch import clean
from cloud_sync.learning.datasets import hold_all
from cloud_sync.mails import chain
from cloud_sync.mails.forgetting import forget
from cloud_sync.store.models import MailErasure, Sample
from cloud_sync.store.models.mails import ERASED
from kits.core.events import ErasedBody, Event
from kits.core.sample import utc_now
from tests.cloud_sync.cases.case_builders import take
from tests.cloud_sync.crossing import waits_for_a_lock
from tests.cloud_sync.fleet_builders import add_device, make_hub, put_blob
from tests.cloud_sync.intake import part_builders
from tests.cloud_sync.intake.intake_builders import SilentLink
from tests.cloud_sync.mails.mail_builders import (
    PROJECT,
    bundle_id,
    days,
    draft,
    filed,
    letter,
    mail_row,
    stamp,
)
from tests.cloud_sync.postgres import drop_database, url_of
from tests.waiting import wait_for

FIRST, SECOND = "a", "b"
"""Ids, in the order in which who erases takes them; they lie the other way round."""
REQUEST = "wish-1"
CONTENTS = {FIRST: letter(text="the first"), SECOND: letter(text="the second")}


@pytest.fixture
def hub(tmp_path: Path, cluster: Path) -> Iterator[Hub]:
    url = url_of(cluster, f"t{secrets.token_hex(6)}")
    with make_hub(tmp_path, database_url=url) as hub:
        add_device(hub)
        with hub.database.transaction() as session:
            session.add(
                MailErasure(id=REQUEST, who="x", address="", by="ada", devices={"press-1": None})
            )
        for seq, name in enumerate((SECOND, FIRST), 1):
            take(hub, mail_row(seq, name, content=CONTENTS[name]))
        yield hub
    drop_database(cluster, url)


def labels(hub: Hub) -> None:
    take(hub, filed(11, SECOND, "refund"), filed(12, FIRST, "refund"))


def a_draft_and_a_label(hub: Hub) -> None:
    take(hub, draft(11, SECOND), filed(12, FIRST, "refund"))


def an_answer_and_a_label(hub: Hub) -> None:
    body = ErasedBody(request=REQUEST, who="", mails=1, at=days(1))
    take(
        hub, Event(seq=11, klass="l", at=stamp(days(1), 11), body=body), filed(12, FIRST, "refund")
    )


def bytes_that_arrive(hub: Hub) -> None:
    Finisher(hub, SilentLink(hub)).step()


def bytes_that_were_there(hub: Hub) -> None:
    clean(hub, utc_now())


def a_bundle_that_comes_late(hub: Hub) -> None:
    with hub.database.transaction() as session:
        provenance.adopt(session, bundle_id(), PROJECT)


@pytest.mark.parametrize(
    "write",
    [
        labels, a_draft_and_a_label, an_answer_and_a_label, bytes_that_arrive, bytes_that_were_there,
        a_bundle_that_comes_late,
    ],
)  # fmt: skip
def test_erasing_and_writing_of_the_same_mails_end_well(
    hub: Hub, write: Callable[[Hub], None]
) -> None:
    if write is bytes_that_arrive:
        for content in CONTENTS.values():
            part_builders.take(hub, Parts(hub), part_builders.chunk(content, 0))
    if write is bytes_that_were_there:
        for content in CONTENTS.values():
            put_blob(hub, content)
    with ThreadPoolExecutor(1) as pool:
        with hub.database.transaction() as session:
            hold_all(session)
            session.get_one(Sample, FIRST, with_for_update=True)  # so far it has come
            done = pool.submit(write, hub)
            wait_for(lambda: done.done() or waits_for_a_lock(hub))
            assert not done.done()
            forget(session, [FIRST, SECOND], utc_now())
            session.get_one(MailErasure, REQUEST).samples += 2
            chain.record(session, "ada", "erase", REQUEST)
        done.result()
    with hub.database.session() as session:
        states = session.execute(select(Sample.blob_state, Sample.blob)).all()
        assert [tuple(row) for row in states] == [(ERASED, "")] * 2
        assert not chain.verify(session).fault
