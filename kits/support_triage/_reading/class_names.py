"""What the numbers of a label mean, where a file beside the tables names the classes one a line, or in JSON.

Names are taken where there are as many of them as the numbers need; else the numbers stay.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

STEMS = frozenset({
    "labels", "label", "classes", "class_names", "label_names", "label_map", "label_mapping", "categories", "intents", "names", "id2label",
    "class_labels", "intent_names", "category_names",
})  # fmt: skip
"""What such files are called, but for their suffix."""
SUFFIXES = frozenset({".txt", ".json", ".names", ".csv", ""})
_MAX_BYTES = 1 << 20
_MAX_CLASSES = 10_000
_MAX_CHARS = 200
_LONGEST = 5


def names_beside(folder: Path, numbers: Sequence[str]) -> tuple[Mapping[str, str], str]:
    """Number → name, and the file that tells it; nothing where no file fits.

    Args:
        folder: where the tables lie.
        numbers: the label's cells.
    """
    known = {number for number in numbers if number.isdecimal() and len(number) <= _LONGEST}
    if not known or known != set(numbers):
        return {}, ""
    for file in sorted(folder.iterdir()):
        if file.stem.lower() in STEMS and file.suffix.lower() in SUFFIXES and file.is_file():
            names = _names(file)
            for first in (0, 1):
                found = {str(number): name for number, name in enumerate(names, start=first)}
                highest = max(int(number) for number in known)
                if highest == len(names) - 1 + first and known <= set(found):
                    return found, file.name
    return {}, ""


def names_by_id(folder: Path, column: str, numbers: Sequence[str]) -> tuple[Mapping[str, str], str]:
    """Number → name, and the file that tells it, of a column such as `group_id` beside `groups.json` with `id` and `name` in each row."""
    thing = column.rsplit(".", 1)[-1].lower().removesuffix("_id")
    if thing == column.lower():
        return {}, ""
    wanted = {thing, f"{thing}s", f"{thing.removesuffix('y')}ies", f"{thing}es"}
    for file in sorted(folder.iterdir()):
        stem = file.stem.lower()
        fits = any(stem == one or stem.endswith(f"_{one}") for one in wanted)
        if fits and file.suffix.lower() in (".json", ".csv") and file.is_file():
            names = _rows_by_id(file)
            if names and set(numbers) <= names.keys():
                return names, file.name
    return {}, ""


def _rows_by_id(file: Path) -> Mapping[str, str]:
    if file.stat().st_size > _MAX_BYTES:
        return {}
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    try:
        rows = json.loads(text) if file.suffix.lower() == ".json" else _table(text)
    except (ValueError, RecursionError, csv.Error):
        return {}
    if isinstance(rows, dict) and len(rows) == 1:
        (rows,) = rows.values()  # `{"groups": [...]}`
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return {}
    found = {str(row.get("id", "")).strip(): _name_of(row) for row in rows}
    return found if all(found) and all(found.values()) else {}


def _table(text: str) -> list[dict[str, str]]:
    lines = text.splitlines()
    first = lines[0] if lines else ""
    delimiter = max(",;\t|", key=first.count)
    return [{k.strip().lower(): v or "" for k, v in row.items() if k} for row in csv.DictReader(lines, delimiter=delimiter)]  # fmt: skip


def _name_of(row: Mapping[str, JsonValue]) -> str:
    return next((str(row[key]).strip() for key in ("name", "title", "label") if row.get(key)), "")


def _names(file: Path) -> list[str]:
    if file.stat().st_size > _MAX_BYTES:
        return []
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    try:
        return _of_json(json.loads(text)) if file.suffix.lower() == ".json" else _of_lines(text)
    except (ValueError, RecursionError):
        return []


def _of_lines(text: str) -> list[str]:
    """One a line, alone or behind its number; none where a line has cells."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > _MAX_CLASSES or any(len(line) > _MAX_CHARS or "," in line for line in lines):
        return []
    parted = [line.replace("\t", " ").partition(" ") for line in lines]
    for first in (0, 1):
        if all(
            number == str(n) and name for n, (number, _, name) in enumerate(parted, start=first)
        ):
            return [name.strip() for _, _, name in parted]
    return [] if any("\t" in line for line in lines) else lines


def _of_json(value: JsonValue) -> list[str]:
    """`["refund", "delay"]`, `{"0": "refund", "1": "delay"}` or `{"refund": 0, "delay": 1}`."""
    if isinstance(value, dict):
        pairs = list(value.items())
        if all(isinstance(name, str) for _, name in pairs):
            ordered = [(int(number), str(name)) for number, name in pairs]
        else:
            ordered = [(number, name) for name, number in pairs if isinstance(number, int)]
        ordered.sort()
        value = [name for _, name in ordered] if len(ordered) == len(pairs) else None
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        return []
    return [str(name) for name in value]
