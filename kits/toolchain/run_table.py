"""The table of runs: one SQLite row per run, for lists and comparisons.

Derived from the run folders, so it may be deleted at any time: `sync` fills it again, and whatever a full disk or a kill
kept from it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from kits.core.errors import MachineError
from kits.toolchain.run_life import look_at
from kits.toolchain.runs import Run

MIGRATIONS = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, started_at TEXT NOT NULL,
        duration_s REAL, dataset TEXT NOT NULL, seed INTEGER NOT NULL, bundle TEXT NOT NULL,
        record TEXT NOT NULL
    );
    CREATE INDEX runs_started ON runs (started_at);
    """,
)
"""Statements by version; SQLite's `user_version` says how many were applied."""
PATIENCE_S = 30.0
"""So long another program is waited for that writes into it."""


class RunTable:
    """`.kit/runs.sqlite`, open while used as a context manager.

    Raises:
        MachineError: on entering or within: its disk is full, it is damaged, or another program holds it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> RunTable:
        try:
            self._db = sqlite3.connect(self._path, timeout=PATIENCE_S)
        except sqlite3.Error as error:
            raise self._fault(error) from error
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            done = self._db.execute("PRAGMA user_version").fetchone()[0]
            for number, statements in enumerate(MIGRATIONS[done:], start=done + 1):
                self._db.executescript(f"BEGIN;{statements}PRAGMA user_version={number};COMMIT;")
        except sqlite3.Error as error:
            self._db.close()
            raise self._fault(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._db.close()
        if isinstance(error, sqlite3.Error):
            raise self._fault(error) from error

    def _fault(self, error: sqlite3.Error) -> MachineError:
        fix = "make room on this disk; if it is damaged, delete it: it is made anew from the folders of the runs"
        if "locked" in str(error):
            fix = "try again when the program that uses it has ended"
        return MachineError(
            f"the list of runs cannot be used: {error}", where=str(self._path), fix=fix
        )

    def put(self, record: Run) -> None:
        """Adds or replaces the row of a run."""
        with self._db:
            self._db.execute(
                "INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?,?,?)",
                (
                    record.id,
                    record.kind,
                    record.state,
                    record.started_at.isoformat(),
                    record.duration_s,
                    record.dataset,
                    record.seed,
                    record.bundle,
                    record.model_dump_json(),
                ),
            )

    def sync(self, folders: Iterable[Path]) -> None:
        """Adds the runs whose folder is there but whose row is not, or not as it ended."""
        ended = {row[0] for row in self._db.execute("SELECT id FROM runs WHERE state != 'running'")}
        for folder in folders:
            if folder.name not in ended:
                self.put(look_at(folder))

    def runs(self, kind: str = "", limit: int = 50) -> list[Run]:
        """The newest runs first."""
        rows = self._db.execute(
            "SELECT record FROM runs WHERE ? IN ('', kind) ORDER BY started_at DESC LIMIT ?",
            (kind, limit),
        )
        return [Run.model_validate_json(row[0]) for row in rows]
