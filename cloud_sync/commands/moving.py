"""The verb that moves a hub's tables from SQLite to PostgreSQL: move-database."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cloud_sync.commands.options import (
    DATA,
    PATIENCE_S,
    DataOption,
    JsonOption,
    QuietOption,
    counted,
    operator,
)
from kits.core.console import Console
from kits.core.errors import DataError

if TYPE_CHECKING:
    from cloud_sync.moving.findings import Findings

_SHOWN = 20
"""So many values are named in text; `--json` has more."""
_LINE_EVERY_S = 10.0


def register(app: typer.Typer) -> None:
    """Adds the verb to `app`."""
    app.command()(move_database)


def move_database(
    data: DataOption = DATA,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="The SQLite file, where it is not hub.sqlite there."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option(help="Only read every row and say what does not fit; the hub may run.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Move the tables from hub.sqlite into the empty PostgreSQL that `database_url` names; the hub is stopped."""
    from cloud_sync.config import DATABASE_FILE, load, without_password
    from cloud_sync.moving.move import move, try_out

    console, config = Console(as_json, quiet), load(data)
    file = source or data / DATABASE_FILE
    if dry_run:
        with _Progress(console) as told:
            rows, findings = try_out(file, told)
        _tell(console, f"read {_size(rows)}", rows, findings)
        if findings.unfit:
            raise typer.Exit(DataError.exit_code)
        console.next(f"systemctl stop cloud-sync, then cloud-sync move-database --data {data}")
        return
    with _Progress(console) as told:
        done = move(config, file, operator(), told, patience_s=PATIENCE_S)
    where = without_password(config.database_url)
    head = f"moved {_size(done.rows)} to {where}, and compared all of them"
    _tell(console, head, done.rows, done.findings, database=where, kept=str(done.kept))
    console.note(f"the file is {done.kept} now: keep it until you have a pg_dump that you trust")
    console.note("blobs, keys and certificates stay in the data folder: from now on save it, and pg_dump the database")  # fmt: skip
    console.next(f"cloud-sync serve --data {data}")


def _size(rows: dict[str, int]) -> str:
    return f"{counted(sum(rows.values()), 'row')} of {counted(len(rows), 'table')}"


def _tell(
    console: Console, head: str, rows: dict[str, int], findings: Findings, **more: str
) -> None:
    changed, unfit = findings.changed, findings.unfit
    lines = [head]
    for what, found, number in (
        ("not the same there, which holds no such thing", changed, findings.changed_in_all),
        ("in the way, since no column there holds it", unfit, findings.unfit_in_all),
    ):
        if found:
            lines += ["", f"{what}: {counted(number, 'value')}"]
            lines += [f"  {one.place}: {one.why}" for one in found[:_SHOWN]]
        if number > _SHOWN:
            lines.append(f"  and {number - _SHOWN} more: --json names them")
    lines += [f"stays behind, being none of the hub's: {one}" for one in findings.left]
    counts: list[Any] = [
        {"table": table, "column": column, "why": why, "values": number}
        for (table, column, why), number in findings.counts.items()
    ]
    console.answer(
        "\n".join(lines),
        {
            "rows": dict(rows), "changed": [asdict(one) for one in changed], "unfit": [asdict(one) for one in unfit],
            "counts": counts, "left": [*findings.left], **more,
        },
    )  # fmt: skip


class _Progress:
    """Rows of a stage, on one line of a terminal; in a log a line now and then; nothing with `--quiet`."""

    def __init__(self, console: Console) -> None:
        self._drawn, self._quiet = console.interactive, console.quiet
        self._stage, self._total, self._done = "", 0, 0
        self._said = 0.0
        self._midway = False

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._midway:  # what went wrong begins on a line of its own
            sys.stderr.write("\n")

    def begin(self, stage: str, total: int) -> None:
        self._stage, self._total, self._done = stage, total, 0
        self._said = time.monotonic()
        self._say(end="")

    def advance(self, rows: int) -> None:
        self._done += rows
        if time.monotonic() - self._said >= (0.1 if self._drawn else _LINE_EVERY_S):
            self._say(end="" if self._drawn else "\n")

    def end(self) -> None:
        self._say(end="\n")

    def _say(self, *, end: str) -> None:
        self._said = time.monotonic()
        if self._quiet or not (self._drawn or end):
            return
        far = f": {self._done} of {self._total} rows" if self._total else ""
        sys.stderr.write(f"{chr(13) * self._drawn}{self._stage}{far}{end}")
        sys.stderr.flush()
        self._midway = not end
