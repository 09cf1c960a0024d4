"""What a reader has to tell: the same remark about many files becomes one finding.

Collects only; each reader decides what is worth a warning. Refused files are findings of their own,
because the import counts by them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from kits.core.errors import KitwrightError
from kits.core.kit import Finding
from kits.predictive_maintenance._reading.formats.table import Table

Level = Literal["pass", "warn", "fail"]
_SHOWN = 20


@dataclass
class _Note:
    level: Level
    fix: str
    where: list[str] = field(default_factory=list)


class Notes:
    """Remarks of one import, in the order they were first made."""

    def __init__(self) -> None:
        self._notes: dict[tuple[str, str], _Note] = {}

    def say(self, check: str, text: str, where: str = "", fix: str = "") -> None:
        """Something assumed that will be right nearly always."""
        self._add(check, text, "pass", where, fix)

    def warn(self, check: str, text: str, where: str = "", fix: str = "") -> None:
        """Something a person should look at."""
        self._add(check, text, "warn", where, fix)

    def table(self, table: Table, where: str) -> None:
        """What is odd about a file of rows."""
        for remark in table.remarks:
            self.say("table", remark, where)
        for found in table.findings:
            self._add(found.check, _said(found), found.level, where, found.fix)

    def findings(self) -> Iterator[Finding]:
        """One finding per remark, the places as evidence."""
        for (check, text), note in self._notes.items():
            count = f" ({len(note.where)})" if len(note.where) > 1 else ""
            yield Finding(check, note.level, text + count, tuple(note.where[:_SHOWN]), note.fix)

    def _add(self, check: str, text: str, level: Level, where: str, fix: str) -> None:
        note = self._notes.setdefault((check, text), _Note(level, fix))
        if where and where not in note.where:
            note.where.append(where)


def _said(found: Finding) -> str:
    return f"{found.text} ({', '.join(found.evidence)})" if found.evidence else found.text


def refused(name: str, error: KitwrightError) -> Finding:
    """A file that is not taken in, with its reason."""
    fix = error.fix or "correct or delete the file, and import again"
    return Finding("unreadable-file", "fail", f"{name}: refused, {error.what}", (name,), fix)
