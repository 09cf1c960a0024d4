"""The verb `doctor`: what this machine has and lacks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer
from pydantic import JsonValue

from kits.core.console import Console
from kits.core.errors import MachineError
from kits.toolchain.commands.options import JsonOption, QuietOption


def register(app: typer.Typer) -> None:
    """Adds the verb to `app`."""
    app.command()(doctor)


def doctor(as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Check this machine: found, needed, fix. Exit code 4 when something needed is missing."""
    from kits.toolchain.doctor import examine

    console = Console(as_json, quiet)
    rows = examine(Path())
    failed = [row for row in rows if row.level == "fail"]
    width = max(len(row.check) for row in rows)
    head = f"{len(failed)} of {len(rows)} checks failed" if failed else "this machine is ready"
    lines = [head]
    for row in rows:
        lines.append(f"{row.level:4}  {row.check:{width}}  {row.found}  (needed: {row.needed})")
        if row.fix:
            lines.append(f"      {'':{width}}  fix: {row.fix}")
    checks: list[JsonValue] = [{**asdict(row), "ok": row.level != "fail"} for row in rows]
    console.answer("\n".join(lines), {"ok": not failed, "checks": checks})
    if failed:
        raise typer.Exit(MachineError.exit_code)
    console.next("kit list")
