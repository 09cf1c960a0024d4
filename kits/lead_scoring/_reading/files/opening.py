"""Opens the files of an import: each as the tables that it holds; which cannot be read, and why, is told.

What a file holds is read in `loading.py`; which of the tables is what is found in `tables/folder.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

from kits.core.errors import DataError, KitwrightError
from kits.core.kit import Finding
from kits.core.row_sources import passed_over
from kits.lead_scoring._reading.columns.learned import Learned
from kits.lead_scoring._reading.columns.stated import columns_spoken_of
from kits.lead_scoring._reading.files import bounds, line_files
from kits.lead_scoring._reading.files.loading import TABLE_SUFFIXES, load_sheets, may_be_table
from kits.lead_scoring._reading.tables.name_lists import without_lists
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.stated_tables import is_ignored, wanted_sheets
from kits.lead_scoring.config import Config

MAX_FILES = 200
MAX_DEPTH = 4
_AS_IT_IS = "no table as it is; save it as CSV or .xlsx"
_PACKED = frozenset({".zip", ".gz", ".7z", ".rar"})
_UNREAD = _PACKED | {".xlsb", ".numbers"}


@dataclass(frozen=True)
class Opened:
    """The tables of an import's files.

    Attributes:
        findings: what is told of them, and of files that were passed over.
        fixes: what is to be done about files that were not read.
    """

    sheets: list[Sheet]
    findings: list[Finding]
    fixes: list[str]


def open_tables(path: Path, config: Config, learned: Learned) -> Opened:
    """Reads every table of a file or folder.

    Raises:
        DataError: there is too much; or the file is no table.
    """
    named = {
        f.relative_to(path).as_posix() if path.is_dir() else f.name: f for f in table_paths(path)
    }
    files = {name: file for name, file in named.items() if not is_ignored(name, config)}
    texts = {name: file for name, file in files.items() if file.suffix.lower() in TABLE_SUFFIXES}
    if len(texts) > 1:
        bounds.refuse_large_together(texts)
    sheets: list[Sheet] = []
    findings = list(_packed(path))
    fixes: list[str] = []
    failed: dict[str, Finding] = {}
    known = columns_spoken_of(config) | learned.columns
    for name, file in files.items():
        try:
            loaded = load_sheets(
                file,
                name,
                config.source,
                wanted_sheets(name, config),
                learned.written,
                learned.roles.decided_at,
                known,
            )
            sheets.extend(loaded.sheets)
            findings.extend(loaded.findings)
        except (KitwrightError, OSError) as error:
            if path.is_file() and isinstance(error, KitwrightError):
                raise
            fix = getattr(error, "fix", "")
            failed[name] = _passed_over(name, getattr(error, "what", str(error)), fix)
            fixes.append(fix)
        bounds.refuse_together(sheets)
    sheets, lines, taken = line_files.with_lines(sheets, _lines(path, list(failed), named))
    nameless = {name: named[name] for name in failed if name not in taken}
    sheets, lists = without_lists(sheets, nameless)
    findings += [*lists, *(failed[name] for name in nameless), *lines]
    return Opened(sheets, findings, [*(one.fix for one in lists), *fixes])


def table_paths(path: Path) -> list[Path]:
    """The files that may be tables, in a stable order.

    Raises:
        DataError: too many.
    """
    if path.is_file():
        return [path]
    found: list[Path] = []
    for file in sorted(path.rglob("*")):
        parts = file.relative_to(path).parts
        hidden = any(part.startswith((".", "~$")) for part in parts)
        if hidden or len(parts) > MAX_DEPTH:
            continue
        if file.is_file() and may_be_table(file):
            found.append(file)
        if len(found) > MAX_FILES:
            raise DataError(
                f"more than {MAX_FILES} tables",
                where=str(path),
                fix="put the export alone into a folder",
            )
    return found


def _packed(path: Path) -> Iterator[Finding]:
    """Of each file that holds tables in a form that is not read, that it was passed over."""
    for name in _unreadable(path):
        packed = PurePosixPath(name).suffix.lower() in _PACKED
        yield _passed_over(name, "it is packed: unpack it" if packed else _AS_IT_IS)


def _unreadable(path: Path) -> list[str]:
    """Files that hold tables in a form that is not read."""
    if not path.is_dir():
        return []
    files = (f for f in sorted(path.rglob("*")) if f.suffix.lower() in _UNREAD and f.is_file())
    return [file.relative_to(path).as_posix() for file in islice(files, MAX_FILES)]


def _lines(path: Path, failed: Sequence[str], named: Mapping[str, Path]) -> dict[str, Path]:
    """Files of a folder that may have one value a line, by name."""
    if not path.is_dir():
        return {}
    files = (f for f in sorted(path.rglob("*")) if f.suffix.lower() in line_files.SUFFIXES)
    found = {file.relative_to(path).as_posix(): file for file in islice(files, MAX_FILES)}
    return {name: file for name, file in found.items() if file.is_file()} | {
        name: named[name] for name in failed
    }


def _passed_over(name: str, why: str, fix: str = "") -> Finding:
    """`fix`: how the file is made one that is read."""
    return passed_over(name, why, "nothing to do if it holds no leads" + (fix and f"; else {fix}"))
