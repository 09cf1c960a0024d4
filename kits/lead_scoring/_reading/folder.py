"""Which tables a file or folder holds, which of them lists the leads, and what the others know of these.

It opens files. How tables hang together is found in `relations.py`, what they add in `accounts.py`, `events.py` and
`history.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kits.core.errors import DataError, KitwrightError
from kits.core.kit import Finding
from kits.lead_scoring._reading.known import Extend
from kits.lead_scoring._reading.sheets import SUFFIXES, Sheet, load_sheet
from kits.lead_scoring.config import Config

MAX_FILES = 200
MAX_DEPTH = 4
_DOUBTFUL = frozenset({".txt", ".json"})
"""Suffixes that notes and settings have as well."""


@dataclass
class Tables:
    """The tables of one import.

    Attributes:
        leads: a row each lead.
        extend: what the other tables know of them.
        findings: files passed over, and why.
        told: filled while `extend` works: what was joined to what.
    """

    leads: Sheet
    extend: Extend | None = None
    findings: list[Finding] = field(default_factory=list)
    told: list[Finding] = field(default_factory=list)


def table_paths(path: Path) -> list[Path]:
    """The files that may be tables, in a stable order."""
    if path.is_file():
        return [path]
    found = []
    for file in sorted(path.rglob("*")):
        parts = file.relative_to(path).parts
        hidden = any(part.startswith((".", "~$")) for part in parts)
        if hidden or len(parts) > MAX_DEPTH or file.suffix.lower() not in SUFFIXES:
            continue
        if file.is_file():
            found.append(file)
        if len(found) > MAX_FILES:
            raise DataError(
                f"more than {MAX_FILES} tables", where=str(path), fix="put the export alone into a folder"
            )  # fmt: skip
    return found


def find_tables(path: Path, config: Config) -> Tables:
    """Reads every table and finds the one that lists the leads.

    Raises:
        DataError: there is none.
        ConfigError: the configuration names a file that is not there.
    """
    findings: list[Finding] = []
    sheets: list[Sheet] = []
    for file in table_paths(path):
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        try:
            sheets.append(load_sheet(file, name))
        except (KitwrightError, OSError) as error:
            if path.is_file() and isinstance(error, KitwrightError):
                raise
            findings.append(_passed_over(name, getattr(error, "what", str(error))))
    if not sheets:
        raise DataError("no table of leads here", where=str(path), fix="CSV, JSON or parquet")
    return _arranged(sheets, config, findings)


def _arranged(sheets: Sequence[Sheet], config: Config, findings: list[Finding]) -> Tables:
    return Tables(sheets[0], None, findings)


def _passed_over(name: str, why: str) -> Finding:
    return Finding(
        "file-passed-over", "warn", f"{name} was passed over: {why}", (name,), "nothing to do if it holds no leads"
    )  # fmt: skip
