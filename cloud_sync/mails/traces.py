"""What erasing leaves behind outside of rows and storage: unused room of the database's pages, its journal, folders of old jobs.

SQLite overwrites what it removes where it lay last, PostgreSQL when rows come that need the room. What a row held before it
was changed, and copies that it left where it was moved about, lie on in unused room of the pages: within the hour the
files are written anew (`clear_traces`). Which rows go is not known here.
"""

from __future__ import annotations

import logging
import shutil
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Job, Setting
from cloud_sync.store.types import JsonObject
from kits.core.errors import MachineError

log = logging.getLogger(__name__)

MOST_BYTES = 512 << 20
"""While others work: nobody writes meanwhile, which lasts some seconds for so many on an SSD, and half a minute on a disk."""
MOST_AT_START_BYTES = 8 << 30
"""About a minute on an SSD, in which the hub does not serve."""
_USUAL = ("OFF", "ON", "FAST")
"""By the number that SQLite tells."""
_NOTE = "erased_traces"
"""A setting: something was erased since the files were written anew."""
_ENDED = ("done", "failed")
_WITH_MAILS = ("dataset", "project")
"""Folders of a job that hold samples, or texts made of them; its log stays."""


@contextmanager
def overwriting(hub: Hub) -> Iterator[Session]:
    """A transaction in which SQLite overwrites what it removes, also in its journal after the commit."""
    is_sqlite = hub.database.engine.dialect.name == "sqlite"
    with hub.database.transaction() as session:
        driver: Any = session.connection().connection.driver_connection
        usual = 0
        if is_sqlite:  # some builds overwrite always
            [(usual,)] = driver.execute("PRAGMA secure_delete").fetchall()
            driver.execute("PRAGMA secure_delete=ON")
        try:
            yield session
            session.flush()
            _note(session)  # last: who waits for its row holds up nobody whom this one waits for
            session.flush()
        finally:
            if is_sqlite:
                driver.execute(f"PRAGMA secure_delete={_USUAL[usual]}")
    if is_sqlite:
        _empty_journal(hub)


def _note(session: Session) -> None:
    mark: JsonObject = {"mark": uuid.uuid4().hex}
    insert_once(session, Setting, [{"key": _NOTE, "value": mark}])
    session.get_one(Setting, _NOTE, with_for_update=True).value = mark


def clear_traces(hub: Hub, most: int = MOST_BYTES) -> bool:
    """Writes the database's files anew where something was erased since; whether nothing of it is left.

    Args:
        most: a database of more bytes is left as it is.

    Raises:
        MachineError: it cannot be done now; it is done at the next call.
    """
    with hub.database.session() as session:
        noted = session.get(Setting, _NOTE)
    if noted is None:
        return True
    if (size := hub.database.bytes()) > most:
        return False
    hub.database.rewrite()
    log.info("event=erased_traces_cleared mib=%d", size >> 20)
    with hub.database.transaction() as session:
        row = session.get(Setting, _NOTE, with_for_update=True)
        if row is not None and row.value == noted.value:  # else somebody was erased meanwhile
            session.delete(row)
    return True


def _empty_journal(hub: Hub) -> None:
    """Old pages lie in the journal until they are written back; a reader may put that off."""
    with hub.database.engine.connect() as connection:
        connection.rollback()
        plain: Any = connection.connection.driver_connection
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def clear_all_traces(hub: Hub) -> None:
    """Of a larger database too: for a hub that starts, with which nobody works yet. Where it fails, retention tells of it."""
    try:
        clear_traces(hub, most=MOST_AT_START_BYTES)
    except MachineError as error:
        log.warning("event=erased_traces_left error=%r", error.what)


def clear_jobs(hub: Hub, projects: Collection[str]) -> int:
    """Removes what ended jobs of these projects left of their samples; how many folders."""
    with hub.database.session() as session:
        ended = session.execute(select(Job.id, Job.args).where(Job.state.in_(_ENDED))).all()
    count = 0
    for number, args in ended:
        if args.get("project") not in projects:
            continue
        for name in _WITH_MAILS:
            folder = hub.config.jobs_dir / str(number) / name
            if folder.is_dir():
                shutil.rmtree(folder, ignore_errors=True)
                count += 1
    return count
