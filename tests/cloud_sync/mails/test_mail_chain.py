"""The record of what was done with mails: nobody changes, leaves out or cuts off an entry unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.mails import chain
from cloud_sync.store.models import MailLogEntry
from kits.core.chained import BEGINNING, Checked
from tests.cloud_sync.fleet_builders import make_hub


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    with make_hub(tmp_path, database_url=database_url) as hub:
        with hub.database.transaction() as session:
            for number in range(5):
                chain.record(session, "ada", "erase", f"x{number}", {"samples": number})
        yield hub


def test_the_record_holds_as_it_was_written(hub: Hub) -> None:
    with hub.database.session() as session:
        assert chain.verify(session) == Checked(5, "")
        lines = [chain.export_line(row) for row in chain.entries(session)]
    before = BEGINNING
    for line in lines:  # as anybody can check it without us
        digest, _, written = line.partition(" ")
        assert hashlib.sha256(written.encode()).hexdigest() == digest
        assert f'"before":"{before}"' in written
        before = digest


def test_an_empty_record_holds(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub, hub.database.session() as session:
        assert chain.verify(session) == Checked(0, "")


def change(session: Session) -> None:
    entry = session.get_one(MailLogEntry, 3)
    entry.entry = entry.entry.replace('"samples":2', '"samples":0')


def change_with_digest(session: Session) -> None:
    change(session)
    entry = session.get_one(MailLogEntry, 3)
    entry.hash = hashlib.sha256(entry.entry.encode()).hexdigest()


def leave_out(session: Session) -> None:
    session.execute(delete(MailLogEntry).where(MailLogEntry.number == 3))


def cut_off(session: Session) -> None:
    session.execute(delete(MailLogEntry).where(MailLogEntry.number > 3))


def renumber(session: Session) -> None:
    session.execute(delete(MailLogEntry).where(MailLogEntry.number == 3))
    for number in (4, 5):
        session.execute(
            update(MailLogEntry).where(MailLogEntry.number == number).values(number=number - 1)
        )


@pytest.mark.parametrize(
    ("tamper", "good", "fault"),
    [
        (change, 2, "entry 3 was changed"),
        (change_with_digest, 3, "entry 4 does not follow entry 3"),
        (leave_out, 2, "entry 4 does not follow entry 2"),
        (cut_off, 3, "entries 4 to 5 are missing at the end"),
        (renumber, 2, "entry 3 does not follow entry 2"),
    ],
)
def test_tampering_is_found_where_it_is(
    hub: Hub, tamper: Callable[[Session], None], good: int, fault: str
) -> None:
    with hub.database.transaction() as session:
        tamper(session)
    with hub.database.session() as session:
        assert chain.verify(session) == Checked(good, fault)


def test_an_entry_that_was_rolled_back_leaves_no_hole(hub: Hub) -> None:
    with pytest.raises(RuntimeError, match="power"), hub.database.transaction() as session:
        chain.record(session, "ada", "erase", "never")
        raise RuntimeError("power")
    with hub.database.transaction() as session:
        assert chain.record(session, "ada", "erase", "x5").number == 6
    with hub.database.session() as session:
        assert chain.verify(session) == Checked(6, "")
