"""Which files `kit predict --out` wrote: it may write over those, whatever somebody noted in them, and over no others of what it reads."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from kits.toolchain.sheet_rows import COLUMNS

_LOOKED_AT = 1 << 20
"""Bytes in which the names of the columns stand."""
_TEXT = re.compile(rb">([a-z]+)</")


def is_own(path: Path) -> bool:
    """Whether a file has the columns, or the lines of JSON, that are written there."""
    try:
        if path.suffix.lower() == ".xlsx":
            with ZipFile(path) as parts, parts.open("xl/sharedStrings.xml") as texts:
                found = {text.decode() for text in _TEXT.findall(texts.read(_LOOKED_AT))}
            return found.issuperset(COLUMNS)
        # Excel saves a CSV in the code page of its country: the names are the same in each, the reasons below are not
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            first = file.readline(_LOOKED_AT)
        if path.suffix.lower() == ".csv":
            sign = ";" if ";" in first else ","
            return set(next(csv.reader([first], delimiter=sign), [])).issuperset(COLUMNS)
        row = json.loads(first)
        return isinstance(row, dict) and "path" in row and ("verdict" in row or "error" in row)
    except (OSError, ValueError, KeyError, BadZipFile):
        return False
