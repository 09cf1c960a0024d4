"""What erasing leaves behind outside of rows and storage: freed pages of SQLite, its journal, folders of old jobs.

Which rows go is not known here. PostgreSQL overwrites what was removed at its next vacuum, by itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.hub import Hub
from cloud_sync.store.models import Job

_ENDED = ("done", "failed")
_WITH_MAILS = ("dataset", "project")
"""Folders of a job that hold samples, or texts made of them; its log stays."""


@contextmanager
def overwriting(hub: Hub) -> Iterator[Session]:
    """A transaction in which SQLite overwrites what it removes, also in its journal after the commit."""
    is_sqlite = hub.database.engine.dialect.name == "sqlite"
    with hub.database.transaction() as session:
        driver: Any = session.connection().connection.driver_connection
        if is_sqlite:
            driver.execute("PRAGMA secure_delete=ON")
        try:
            yield session
            session.flush()
        finally:
            if is_sqlite:
                driver.execute("PRAGMA secure_delete=OFF")
    if is_sqlite:
        _empty_journal(hub)


def _empty_journal(hub: Hub) -> None:
    """Old pages lie in the journal until they are written back; a reader may put that off."""
    with hub.database.engine.connect() as connection:
        connection.rollback()
        plain: Any = connection.connection.driver_connection
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


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
