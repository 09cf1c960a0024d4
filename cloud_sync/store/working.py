"""Who works with a hub's tables: nobody brings them up to date under a process that knows the older ones.

A lock in the data folder, which all processes of a hub share. Each that works with the tables holds it beside all
others; to change them one must be alone. A second lock is the turn of whoever begins: of several that start at once
one changes the tables, and the others find them changed. A process that dies lets go of both.
"""

from __future__ import annotations

import fcntl
import logging
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import OperationalError

from cloud_sync.config import DATABASE_FILE
from cloud_sync.errors import ConflictError
from cloud_sync.store.check import (
    newest_version,
    refuse_newer,
    refuse_unmoved,
    require_database,
)
from cloud_sync.store.db import Database, current_revision, migrate, not_opened
from cloud_sync.store.room import no_room
from kits.core.errors import UnreachableError

log = logging.getLogger(__name__)

FILE = "tables.lock"
TURN = "tables-turn.lock"
_POLL_S = 0.05


@contextmanager
def working(database: Database, data_dir: Path, *, patience_s: float = math.inf) -> Iterator[str]:
    """This process works with the tables within; they are brought up to date before, unless another works with them.

    Args:
        patience_s: how long to wait while somebody changes them.

    Yields:
        the version of the tables.

    Raises:
        ConflictError: they are older, and another process works with them.
        ConfigError: they are newer.
        DataError: a SQLite file that is lost.
        UnreachableError: somebody changes them for longer than `patience_s`, or the database does not answer.
        MachineError: there is no room to change them, or to open them.
    """
    file = _open(data_dir, FILE)
    try:
        with _turn(data_dir, patience_s):
            version = _up_to_date(database, data_dir, file)
            # only who has the turn locks it for itself: nobody comes in between
            fcntl.flock(file, fcntl.LOCK_SH)
        yield version
    finally:
        os.close(file)


@contextmanager
def alone(data_dir: Path, what: str, *, patience_s: float) -> Iterator[None]:
    """No process works with the tables within; one that begins meanwhile waits.

    Args:
        what: is done then, for the error: "a database is moved".
        patience_s: how long to wait while somebody changes them.

    Raises:
        ConflictError: somebody works with them.
        UnreachableError: somebody changes them.
    """
    file = _open(data_dir, FILE)
    try:
        with _turn(data_dir, patience_s):
            if not _taken(file):
                raise ConflictError(
                    f"{what} while no process of the hub works with it, and one does",
                    where=str(data_dir),
                    fix="systemctl stop cloud-sync, or end what runs: serve, each worker, and other commands",
                )
            yield
    finally:
        os.close(file)


def _up_to_date(database: Database, data_dir: Path, file: int) -> str:
    url = database.engine.url.render_as_string(hide_password=False)
    require_database(url)  # while this one waited it may have been moved
    before, newest = _version(database), newest_version()
    if before == newest:
        return newest
    if not before:
        refuse_unmoved(url, data_dir / DATABASE_FILE)
    refuse_newer(before, url)
    if not _taken(file):
        raise ConflictError(
            f"the tables are older (schema {before or 'none'}) than this Kitwright ({newest}), and a process that"
            " works with them may be older, too",
            where=database.where,
            fix="restart the hub first: stop serve and every worker (systemctl stop cloud-sync), then start serve:"
            " it brings the tables up to date",
        )
    return migrate(database)


def _version(database: Database) -> str:
    try:
        return current_revision(database)
    except OperationalError as error:
        raise no_room(database.engine, error) or not_opened(database, error) from error


def _open(data_dir: Path, name: str) -> int:
    file = os.open(data_dir / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    owner = data_dir.stat()
    if os.fstat(file).st_uid != owner.st_uid and os.geteuid() == 0:
        os.fchown(file, owner.st_uid, owner.st_gid)  # made by root it would keep the service out
    return file


def _taken(file: int) -> bool:
    """Whether it is locked for this process alone now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _turn(data_dir: Path, patience_s: float) -> Iterator[None]:
    file = _open(data_dir, TURN)
    try:
        _wait_for(file, data_dir, patience_s)
        yield
    finally:
        os.close(file)


def _wait_for(file: int, data_dir: Path, patience_s: float) -> None:
    if _taken(file):
        return
    log.info("event=tables_waited_for folder=%s", data_dir)
    ends = time.monotonic() + patience_s
    while not _taken(file):
        if time.monotonic() > ends:
            raise UnreachableError(
                "another process changes the tables",
                where=str(data_dir),
                fix="try again when cloud-sync serve answers: it may be bringing the tables up to date",
            )
        time.sleep(_POLL_S)
