"""Saving a hub into one file, and making a hub of it again. No server, no broker."""

from __future__ import annotations

import errno
import os
import posixpath
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypedDict

from cloud_sync.config import DATABASE_FILE, FILE, RESTORING, HubConfig, dump, load
from cloud_sync.crm.connection.restored import rest
from cloud_sync.errors import ConflictError
from cloud_sync.hub import Hub
from cloud_sync.setup import clear, contents
from cloud_sync.store.check import check_saved
from cloud_sync.store.holding import hold_bytes
from cloud_sync.store.room import no_room_in
from kits.core.blobs import FolderBlobStore
from kits.core.errors import ConfigError, DataError, UsageError
from kits.core.files import naming, sync, write_atomically
from kits.core.sample import utc_now

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Restored(TypedDict):
    """What `restore` did.

    Attributes:
        blobs: how many are whole.
        elsewhere: how many the tables name that `storage_url` keeps; nobody looked at them.
        database_was: where the hub that was saved had its tables, when `database_url` named a place of their own. The
            restored hub has them in its folder: it must neither miss them nor write into those of the other one.
        paused: connections to CRMs that a person has to let go on.
        rollouts: numbers of those that ran, and are paused now.
        waiting: receiver → notices that it may have been told since, and is told at the start.
    """

    blobs: int
    elsewhere: int
    database_was: str
    paused: list[str]
    rollouts: list[int]
    waiting: dict[str, int]


def backup(hub: Hub, target: Path) -> dict[str, int]:
    """Writes configuration, keys, tables and local blobs into one tar file; the hub may run.

    Returns:
        `blobs` in it, those `elsewhere` that the tables name (`storage_url`), and its `bytes`.

    Raises:
        UsageError: the file exists, or the database is not SQLite (use pg_dump).
        OSError: a full disk, say, with the file's name.
    """
    if target.exists():
        raise UsageError(
            "this file exists",
            where=str(target),
            fix="another name, or delete it: a backup is never written over",
        )
    if hub.database.engine.dialect.name != "sqlite":
        raise UsageError("only SQLite is saved here", fix="pg_dump for PostgreSQL")
    partial = target.with_name(target.name + ".partial")
    try:
        with (
            _full_disk_names(target),
            # retention may not remove what the copy of the tables still names
            hold_bytes(hub.config.data_dir),
            tempfile.TemporaryDirectory(dir=target.absolute().parent) as folder,
        ):
            copy = Path(folder) / DATABASE_FILE
            _copy_sqlite(Path(hub.config.database.removeprefix("sqlite:///")), copy)
            # the copy says which pictures belong to it: rows go on coming, after their bytes
            blobs = _blobs_in(copy)
            _write_archive(hub.config, copy, blobs, partial)
        sync(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    sync(target.absolute().parent)
    here = 0 if hub.config.storage_url else len(blobs)
    return {"blobs": here, "elsewhere": len(blobs) - here, "bytes": target.stat().st_size}


def _unpack(source: Path, data_dir: Path) -> HubConfig:
    """What the hub that was saved had in `hub.yaml`, which is called otherwise for now."""
    try:
        with tarfile.open(source) as archive:
            archive.extractall(data_dir, members=map(_yet_to_be, archive), filter="data")
    except (tarfile.TarError, OSError) as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise
        raise DataError(
            f"not a backup: {error}",
            where=str(source),
            fix="name a file that `cloud-sync backup` wrote; if it is one, it was damaged on the way: copy it again",
        ) from error
    for name, here in ((FILE, RESTORING), (DATABASE_FILE, DATABASE_FILE)):
        if not (data_dir / here).is_file():
            fix = "a file made by cloud-sync backup"
            raise DataError(f"not a backup: it has no {name}", where=str(source), fix=fix)
    try:
        check_saved(data_dir / DATABASE_FILE)  # before its settings: a newer Kitwright has others
    except DataError as error:
        raise DataError(error.what, where=str(source), fix="restore another backup") from error
    except ConfigError as error:
        raise ConfigError(error.what, where=str(source), fix=error.fix) from error
    return load(data_dir, RESTORING)


def _yet_to_be(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Has what is cut off be no hub: with all tables and a part of the pictures it would run, and its rollouts with it."""
    is_configuration = posixpath.normpath(member.name) == FILE
    return member.replace(name=RESTORING) if is_configuration else member


def _write_archive(config: HubConfig, database: Path, blobs: list[str], target: Path) -> None:
    # a file that is there, or a link, is another's or a cut-off backup's: its mode would be kept, and keys are inside
    target.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(target, flags, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
        archive.add(config.data_dir / FILE, FILE)
        archive.add(config.keys_dir, "keys")
        archive.add(config.pki_dir, "pki")
        archive.add(database, DATABASE_FILE)
        if not config.storage_url:
            for digest in blobs:
                name = f"blobs/sha256/{digest[:2]}/{digest[2:]}"
                archive.add(config.data_dir / name, name)


def restore(source: Path, data_dir: Path) -> Restored:
    """Unpacks a backup into an empty place and checks every blob that its tables name.

    Its connections to CRMs are paused (`crm/connection/restored.py`), its rollouts too, nobody is signed in, and one-time tokens of
    devices that were not used are void: what became of them since, the backup does not say. Until all that is done and on
    the disk there is no `hub.yaml`, and so no hub that could be started.

    Raises:
        ConflictError: the folder is not empty.
        DataError: not a backup, or a blob is absent or damaged.
        ConfigError: a newer Kitwright made it.
        OSError: a full disk, say.
    """
    if data_dir.exists() and any(contents(data_dir)):
        raise ConflictError(
            "a backup is restored into an empty folder only", where=str(data_dir), fix="--data NEW"
        )
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir.chmod(0o700)
    tables = data_dir / DATABASE_FILE
    try:
        with _full_disk_names(data_dir):
            config = _unpack(source, data_dir)
            for folder in (config.keys_dir, config.pki_dir):
                folder.chmod(0o700)
            if config.database_url:
                here = config.model_copy(update={"database_url": ""})
                write_atomically(data_dir / RESTORING, dump(here).encode(), private=True)
            _shut_doors(tables)
            rollouts = _hold_rollouts(tables)
            waiting = _waiting_in(tables)
            paused = rest(tables, utc_now())
        os.sync()
        (data_dir / RESTORING).replace(data_dir / FILE)
        sync(data_dir)
    except BaseException:
        clear(data_dir)  # else it is in the way of the next try
        raise
    blobs = _blobs_in(tables)
    if not config.storage_url:
        store = FolderBlobStore(data_dir / "blobs")
        for digest in blobs:
            store.get(digest)
    whole = 0 if config.storage_url else len(blobs)
    return {
        "blobs": whole, "elsewhere": len(blobs) - whole, "database_was": config.database_url,
        "paused": paused, "rollouts": rollouts, "waiting": waiting,
    }  # fmt: skip


@contextmanager
def _full_disk_names(place: Path) -> Iterator[None]:
    """Has what a full disk says, also to SQLite, name `place`."""
    try:
        with naming(place):
            yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place)) from error


def _shut_doors(database: Path) -> None:
    """Ends sessions and one-time tokens, which may have ended since; the backup may be an earlier Kitwright's."""
    with closing(sqlite3.connect(database)) as tables, tables:
        found = {name for (name,) in tables.execute("SELECT name FROM sqlite_master")}
        if "web_session" in found:
            tables.execute("DELETE FROM web_session")
        if "enroll_token" in found:
            tables.execute(
                "UPDATE enroll_token SET expires_at = :now WHERE used_at IS NULL AND expires_at > :now",
                {"now": utc_now().strftime("%Y-%m-%d %H:%M:%S.%f")},
            )


def _hold_rollouts(database: Path) -> list[int]:
    """Pauses rollouts that ran: one that was aborted since would go on with the bundle that was taken back.

    They rest since the hub was last at work on them, which a person who lets them go on makes up for.
    """
    with closing(sqlite3.connect(database)) as tables, tables:
        columns = {name for (name,) in tables.execute("SELECT name FROM pragma_table_info('rollout')")}  # fmt: skip
        if not {"paused_at", "attended_at"} <= columns:
            return []  # of a Kitwright before waves
        ran = tables.execute("SELECT id FROM rollout WHERE state = 'running' ORDER BY id").fetchall()  # fmt: skip
        tables.execute(
            "UPDATE rollout SET state = 'paused', paused_at = attended_at WHERE state = 'running'"
        )
        return [int(number) for (number,) in ran]


def _waiting_in(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as tables:
        if not tables.execute("SELECT name FROM sqlite_master WHERE name = 'effect'").fetchall():
            return {}
        found = "SELECT target, count(*) FROM effect WHERE state = 'waiting' GROUP BY target"
        return {str(target): int(count) for target, count in tables.execute(found)}


def _copy_sqlite(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        try:
            old.backup(new)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL and (
                full := no_room_in(source, error)
            ):
                raise full from error
            raise
    old.close()
    new.close()


def _blobs_in(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute("SELECT digest FROM blob ORDER BY digest")]
