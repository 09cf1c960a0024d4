"""Which tables a file or folder holds: opened, and put together where one table lies in several files.

How they hang together is found in `joining.py`.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath

from kits.core.errors import ConfigError, DataError, KitwrightError
from kits.core.kit import Finding
from kits.core.row_sources import passed_over
from kits.core.spreadsheets.naming import file_and_sheet, where_of
from kits.lead_scoring._reading import bounds, line_files
from kits.lead_scoring._reading.answers_beside import with_answers
from kits.lead_scoring._reading.example_answers import without_examples
from kits.lead_scoring._reading.joining import Tables, join
from kits.lead_scoring._reading.learned import Learned
from kits.lead_scoring._reading.loading import TABLE_SUFFIXES, Wanted, load_sheets, may_be_table
from kits.lead_scoring._reading.name_lists import without_lists
from kits.lead_scoring._reading.own_scores import without_own_scores
from kits.lead_scoring._reading.renamed import as_known
from kits.lead_scoring._reading.sheets import Sheet
from kits.lead_scoring._reading.stacking import stacked
from kits.lead_scoring._reading.stated import columns_spoken_of
from kits.lead_scoring._reading.subsets import without_subsets
from kits.lead_scoring.config import Config, TableConfig

MAX_FILES = 200
MAX_DEPTH = 4
_AS_IT_IS = "no table as it is; save it as CSV or .xlsx"
_PACKED = frozenset({".zip", ".gz", ".7z", ".rar"})
_UNREAD = _PACKED | {".xlsb", ".numbers"}


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


def find_tables(path: Path, config: Config, learned: Learned | None = None) -> Tables:
    """Reads every table, finds the one that lists the leads and joins the others to it.

    Args:
        learned: what is known of such tables; None: nothing.

    Raises:
        DataError: there is none.
        ConfigError: the configuration names a file or column that is not there.
    """
    learned = learned or Learned()
    findings = [
        _passed_over(
            name,
            "it is packed: unpack it"
            if PurePosixPath(name).suffix.lower() in _PACKED
            else _AS_IT_IS,
        )
        for name in _unreadable(path)
    ]
    sheets: list[Sheet] = []
    fixes: list[str] = []
    failed: dict[str, Finding] = {}
    named = {
        f.relative_to(path).as_posix() if path.is_dir() else f.name: f for f in table_paths(path)
    }
    files = {name: file for name, file in named.items() if not _ignored(name, config)}
    texts = {name: file for name, file in files.items() if file.suffix.lower() in TABLE_SUFFIXES}
    if len(texts) > 1:
        bounds.refuse_large_together(texts)
    for name, file in files.items():
        try:
            loaded = load_sheets(
                file,
                name,
                config.source,
                _wanted(name, config),
                learned.written,
                learned.roles.decided_at,
            )
            sheets.extend(loaded.sheets)
            findings.extend(loaded.findings)
        except (KitwrightError, OSError) as error:
            if path.is_file() and isinstance(error, KitwrightError):
                raise
            fix = getattr(error, "fix", "")
            fixes.append(fix)
            failed[name] = _passed_over(name, getattr(error, "what", str(error)), fix)
        bounds.refuse_together(sheets)
    sheets, lines, taken = line_files.with_lines(sheets, _lines(path, list(failed), named))
    nameless = {name: named[name] for name in failed if name not in taken}
    sheets, lists = without_lists(sheets, nameless)
    findings += [*lists, *(failed[name] for name in nameless), *lines]
    fixes = [*(one.fix for one in lists), *fixes]
    if path.is_dir() or any(one.sheet for one in config.source.tables):
        _refuse_absent(config, sheets, path)

    def role(sheet: Sheet) -> str:
        return _role(sheet, config)

    sheets, scores = without_own_scores(sheets, role)
    findings += scores
    if not sheets:
        told = "; ".join(one.text for one in findings[:3])
        raise DataError(
            f"no table of leads here{': ' + told if told else ''}",
            where=str(path),
            fix=next(filter(None, fixes), "")
            or "a CSV, spreadsheet, JSON or parquet file with a line of column names and a row each lead",
        )

    known, stated, asked = learned.columns, columns_spoken_of(config), config.source.mapping
    sheets = [as_known(sheet, known, asked, stated) for sheet in sheets]
    sheets, subsets = without_subsets(sheets, role)
    whole, said = stacked(sheets, role, config.source, known | stated)
    whole, examples = without_examples(whole, role)
    whole, answers = with_answers(whole, role)
    findings.extend([*subsets, *said, *examples, *answers])
    return join(whole, config, lambda name: _stated(name, config), findings, learned)


def _stated(name: str, config: Config) -> TableConfig | None:
    """What is stated of a file or of a sheet; a sheet's own statement comes before that of its file."""
    file, sheet = file_and_sheet(name)
    found = [one for one in config.source.tables if _is_meant(one, file)]
    own = (one for one in found if one.sheet and sheet and _alike_named(sheet, one.sheet))
    return next(own, None) or next((one for one in found if not one.sheet), None)


def _alike_named(sheet: str, stated: str) -> bool:
    return sheet == stated or fnmatch.fnmatchcase(sheet, stated)


def _is_meant(one: TableConfig, file: str) -> bool:
    return fnmatch.fnmatch(file, one.file) or fnmatch.fnmatch(PurePosixPath(file).name, one.file)


def _ignored(file: str, config: Config) -> bool:
    found = [one for one in config.source.tables if _is_meant(one, file)]
    return bool(found) and all(one.role == "ignore" and not one.sheet for one in found)


def _wanted(file: str, config: Config) -> Wanted:
    """Which sheets of a file are stated: those that are not, are read where nothing is hidden."""

    def wanted(sheet: str) -> bool | None:
        stated = _stated(where_of(file, sheet), config)
        return None if stated is None else stated.role != "ignore"

    return wanted


def _refuse_absent(config: Config, sheets: Sequence[Sheet], path: Path) -> None:
    for one in config.source.tables:
        if one.role != "ignore" and not any(_stated(s.name, config) is one for s in sheets):
            named = where_of(one.file, one.sheet) if one.sheet else one.file
            raise ConfigError(
                f"no readable table {named!r} in {path.name}",
                where="kit.yaml: model.source.tables",
                fix=f"tables here: {', '.join(s.name for s in sheets[:10])}",
            )


def _role(sheet: Sheet, config: Config) -> str:
    stated = _stated(sheet.name, config)
    return stated.role if stated is not None else ""


def _passed_over(name: str, why: str, fix: str = "") -> Finding:
    """`fix`: how the file is made one that is read."""
    return passed_over(name, why, "nothing to do if it holds no leads" + (fix and f"; else {fix}"))
