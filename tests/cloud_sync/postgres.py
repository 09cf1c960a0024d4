"""A throw-away PostgreSQL cluster for tests: made in a temporary folder, on a socket only."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

_MEMORY = "/dev/shm"
_ENOUGH_BYTES = 8 << 30


def server_binaries() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, newest version first; None when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    onpath = shutil.which("initdb")
    return found[0].parent if found else Path(onpath).parent if onpath else None


def _quick_folder() -> str:
    """Memory where there is enough: each database that a test makes is 300 files."""
    try:
        free = shutil.disk_usage(_MEMORY).free
    except OSError:
        return "/tmp"
    return _MEMORY if free > _ENOUGH_BYTES and os.access(_MEMORY, os.W_OK) else "/tmp"


@contextmanager
def running_cluster(below: Path | None = None) -> Iterator[Path]:
    """Starts a server that listens on a socket in the folder it yields; skips the test where none is installed.

    Args:
        below: where that is; None: where it is quickest.

    The server refuses to run as root, so as root it runs as the account that the package made.
    """
    binaries = server_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server is installed: apt-get install postgresql")
    # short: a socket's path may have 107 characters at most
    folder = Path(tempfile.mkdtemp(prefix="kwpg", dir=below or _quick_folder()))
    prefix: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        prefix = ["runuser", "-u", "postgres", "--"]

    def call(*command: str | Path) -> None:
        done = subprocess.run(
            [*prefix, *map(str, command)], cwd="/", capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    data = folder / "data"
    call(binaries / "initdb", "-D", data, "-U", "kitwright", "-A", "trust", "-E", "UTF8", "-N")
    options = f"-c listen_addresses='' -k {folder} -c max_connections=60"
    options += " -c fsync=off -c full_page_writes=off -c autovacuum=off -c wal_level=minimal -c max_wal_senders=0"  # it is killed with the session
    call(binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
    try:
        yield folder
    finally:
        call(binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def quickest(connection: psycopg.Connection[Any]) -> str:
    """How a small database is copied: PostgreSQL 15 lets choose between two ways."""
    return "STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""


def url_of(socket: Path, name: str) -> str:
    """Of a database of that name, whether it is there or not; as SQLAlchemy takes it."""
    return f"postgresql+psycopg://kitwright@/{name}?host={socket}"


def name_in(url: str) -> str:
    """The database's, of an address as `url_of` makes it."""
    return str(make_url(url).database)


def drop_database(socket: Path, url: str) -> None:
    """Its files go, whoever is still connected."""
    with psycopg.connect(host=str(socket), user="kitwright", dbname="postgres") as connection:
        connection.autocommit = True
        connection.execute(f'DROP DATABASE IF EXISTS "{name_in(url)}" WITH (FORCE)')


def fresh_database(socket: Path, name: str, options: str = "") -> str:
    """Makes an empty database; its SQLAlchemy URL.

    Args:
        options: of CREATE DATABASE, in place of those that are quickest.
    """
    with psycopg.connect(host=str(socket), user="kitwright", dbname="postgres") as connection:
        connection.autocommit = True
        connection.execute(f'CREATE DATABASE "{name}" {options or quickest(connection)}')
    return url_of(socket, name)
