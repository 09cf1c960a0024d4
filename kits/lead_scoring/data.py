"""The user's tables → leads and findings; checks; pairs that are the same lead.

Columns are told apart and tables joined in `_reading/`, versions judged in `_checking/`. Nothing here trains or predicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, JsonValue

from kits.core.dataset import Dataset
from kits.core.errors import DataError, UsageError, did_you_mean
from kits.core.kit import Finding, RawSample
from kits.lead_scoring._checking import checks as _checks
from kits.lead_scoring._checking.repeats import near_duplicates
from kits.lead_scoring._lead import MAX_BYTES, decode_lead, encode_lead
from kits.lead_scoring._reading.columns.learned import Learned
from kits.lead_scoring._reading.columns.mapping import known_mappings
from kits.lead_scoring._reading.files.loading import may_be_table
from kits.lead_scoring._reading.files.opening import table_paths
from kits.lead_scoring._reading.reading import read_leads
from kits.lead_scoring.config import Config

__all__ = [
    "check", "detect_format", "is_sample", "near_duplicates", "open_on", "read", "read_as", "read_further", "read_like",
]  # fmt: skip

_TABLE = "csv"
_SHOWN = 3
_FORMS = {
    ".sql": "a database's dump: export its table as CSV",
    ".db": "a database: export its table as CSV",
    ".sqlite": "a database: export its table as CSV",
    ".mdb": "a database of Access: export its table to Excel",
    ".accdb": "a database of Access: export its table to Excel",
    ".arff": "a table of Weka: save it as CSV",
    ".sav": "a table of SPSS: save it as CSV",
    ".dta": "a table of Stata: save it as CSV",
    ".rds": "a table of R: write it with write.csv",
    ".pkl": "a pickle of Python, which can run programs: write it with to_csv",
    ".xml": "XML: export it as CSV or JSON",
    **dict.fromkeys((".gz", ".zip", ".7z", ".rar"), "packed: unpack it"),
}
"""What some files are that hold tables and are not read, by their suffix."""
_FIX = "CSV, TSV, spreadsheets (.xlsx, .xls, .ods), JSON (lines or an API's answer) or parquet"


def detect_format(path: Path) -> str:
    """`csv` for tables of any form; a CRM's names of columns are found when they are read.

    Raises:
        DataError: there is no table.
    """
    if path.is_file() and not may_be_table(path):
        raise DataError(f"no table of leads{_known_form(path)}", where=str(path), fix=_FIX)
    if not table_paths(path):
        others = [file for file in sorted(path.rglob("*")) if file.is_file()]
        told = "".join(f"; {file.name} is none{_known_form(file)}" for file in others[:_SHOWN])
        raise DataError(f"no table of leads in this folder{told}", where=str(path), fix=_FIX)
    return _TABLE


def _known_form(path: Path) -> str:
    form = _FORMS.get(path.suffix.lower(), "")
    return f": {form}" if form else ""


def is_sample(path: Path) -> bool:
    """Whether a JSON file is one lead, as a program sends it; an API's answer is a table of many."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return False
        decode_lead(path.read_bytes())
    except (DataError, OSError):
        return False
    return True


def open_on(content: bytes, moment: datetime) -> bytes:
    """A lead's bytes, of which it is said that it was still open at a moment: it is given what is left of its chance.

    Raises:
        DataError: it is no lead.
    """
    return encode_lead(replace(decode_lead(content), open_at=moment))


def read(path: Path, format: str) -> Iterator[RawSample | Finding]:
    """As `read_as`, with every setting left to what is found."""
    yield from read_as(path, format, Config())


def read_as(path: Path, format: str, config: BaseModel) -> Iterator[RawSample | Finding]:
    """Leads and complaints, in a stable order, by the project's settings.

    Args:
        format: `csv`, or the CRM whose names the columns have.

    Raises:
        UsageError: an unknown format.
        ConfigError: the settings name what is not in the data.
        DataError: no table of leads, or it is unclear what tells their outcome.
    """
    yield from read_like(path, format, config, {})


def read_like(
    path: Path,
    format: str,
    config: BaseModel,
    learned: Mapping[str, JsonValue],
    *,
    judged: bool = False,
) -> Iterator[RawSample | Finding]:
    """As `read_as`, for a bundle: what new tables leave open is read as the tables it learned from, by what their columns
    were for and how they were written, and numbers in another unit than theirs are missing.

    Args:
        learned: the bundle's `config`; empty: none.
        judged: by their outcomes, so that what is not learned from is not judged on either; else they are only scored.
    """
    known = Learned.of(learned)
    yield from _read(path, format, config, known, all_wanted=bool(known.names) and not judged)


def read_further(
    path: Path, format: str, config: BaseModel, before: Dataset
) -> Iterator[RawSample | Finding]:
    """As `read_as`, for more leads of a version: what few of them leave open is read as those that are there."""
    assert isinstance(config, Config)
    yield from _read(path, format, config, Learned.of_version(before, config.source))


def _read(
    path: Path, format: str, config: BaseModel, learned: Learned, *, all_wanted: bool = False
) -> Iterator[RawSample | Finding]:
    assert isinstance(config, Config)
    name = detect_format(path) if format == "auto" else format
    formats = (_TABLE, *known_mappings())
    if name not in formats:
        raise UsageError(f"unknown format {format!r}", fix=did_you_mean(format, formats))
    if name != _TABLE:
        source = config.source.model_copy(update={"mapping": name})
        config = config.model_copy(update={"source": source})
    yield from read_leads(path, config, learned, all_wanted=all_wanted)


def check(dataset: Dataset, config: BaseModel) -> Iterable[Finding]:
    """The kit's own checks of a dataset version."""
    return _checks.check(dataset, config)
