"""Whether the cells of a column bear out what its name says, or say by themselves what it is for."""

from __future__ import annotations

import json
import re
from collections import Counter
from statistics import fmean

from kits.core.dataset import SPLIT_WORDS, Split
from kits.support_triage._reading.levels import SENTIMENT, URGENCY, level_of
from kits.support_triage._reading.row_dates import are_dates

SPLITS_SAID: dict[str, Split] = {**SPLIT_WORDS, "dev": "val", "eval": "val", "holdout": "test"}
FEW_ROWS = 20
MOST_LABELS = 0.5
_LABEL_CHARS = 80
_ALMOST_ALL = 0.9
_SMALL_LOT, _MOST_OF_ONE = 10, 0.2
"""Rows of one lot of what belongs together: so many, or such a share of all."""
_ADDRESS = re.compile(r"[^@]{0,200}[^\s@<>]{1,64}@[^\s@<>]{1,255}>?")
_PAGE = re.compile(r"\s*<[a-zA-Z!][^<]{0,2000}>")
_ENDS = re.compile(r"</[a-zA-Z][a-zA-Z0-9]{0,20}\s{0,9}>")
_SIGNS = re.compile("[\u3041-\u30fe\u3400-\u9fff]")
_PARTS = re.compile(r"[|;]")
FLAG_WORDS = ({"0", "1"}, {"0.0", "1.0"}, {"false", "true"}, {"no", "yes"})
YES = frozenset({"1", "1.0", "true", "yes"})
Cells = list[str]


def are_levels(cells: Cells) -> bool:
    """Of urgency."""
    known = sum(level_of(cell, URGENCY) is not None for cell in cells)
    return bool(cells) and known >= _ALMOST_ALL * len(cells) and len(set(cells)) <= 12


def are_tones(cells: Cells) -> bool:
    """Of sentiment."""
    known = sum(level_of(cell, SENTIMENT) is not None for cell in cells)
    return bool(cells) and known >= _ALMOST_ALL * len(cells) and len(set(cells)) <= 12


def are_codes(cells: Cells) -> bool:
    """Of languages."""
    short = sum(
        len(cell) <= 12 and cell.replace("-", "").replace("_", "").isalpha() for cell in cells
    )
    return bool(cells) and short >= _ALMOST_ALL * len(cells)


def are_splits(cells: Cells) -> bool:
    return bool(cells) and all(cell.lower() in SPLITS_SAID for cell in cells)


def are_few(cells: Cells) -> bool:
    """Short cells of which there are a few kinds."""
    return bool(cells) and 1 < len(set(cells)) <= max(2, len(cells) // 3) and are_short(cells)


def are_short(cells: Cells) -> bool:
    return all(len(cell) <= _LABEL_CHARS for cell in cells)


def are_flags(cells: Cells) -> bool:
    """Yes and no in all rows, both of them."""
    words = {cell.lower() for cell in cells}
    return len(words) == 2 and words in FLAG_WORDS


def are_numbers(cells: Cells) -> bool:
    return bool(cells) and all(cell.isdigit() for cell in cells)


def are_addresses(cells: Cells) -> bool:
    """Of mail, alone or with a name before it."""
    known = sum(bool(_ADDRESS.fullmatch(cell)) for cell in cells)
    return bool(cells) and not are_json(cells) and known >= _ALMOST_ALL * len(cells)


def are_pages(cells: Cells) -> bool:
    """Texts that are written in HTML."""
    pages = sum(bool(_PAGE.match(cell) and _ENDS.search(cell)) for cell in cells)
    return bool(cells) and pages >= _ALMOST_ALL * len(cells)


def repeat(cells: Cells) -> bool:
    """What belongs together comes in many small lots; a team that nearly all mails went to is none."""
    counts = Counter(cells)
    largest = max(counts.values(), default=0)
    few = largest <= max(_SMALL_LOT, _MOST_OF_ONE * len(cells))
    return are_short(cells) and len(counts) < len(cells) and few


def are_json(cells: Cells) -> bool:
    return bool(cells) and all(cell[:1] in "[{" and _is_json(cell) for cell in cells)


def _is_json(cell: str) -> bool:
    try:
        json.loads(cell)
    except (ValueError, RecursionError):
        return False
    return True


def mean_words(cells: Cells) -> float:
    """Of scripts without blanks two signs count as a word."""
    return fmean(len(cell.split()) + len(_SIGNS.findall(cell)) // 2 for cell in cells) if cells else 0.0  # fmt: skip


def are_labels(cells: Cells, sure: bool = False) -> bool:
    """Short cells that come again; a head of few rows cannot show that yet. A sure name needs no proof."""
    if not cells or are_json(cells):
        return False
    parts = _parts(cells)
    if sure:
        return True
    if not are_short(list(parts)):
        return False
    return len(cells) < FEW_ROWS or len(parts) <= max(2.0, MOST_LABELS * len(cells))


def all_the_same(cells: Cells) -> bool:
    """Whether many rows say one thing alone: that tells no two mails apart."""
    return len(cells) >= FEW_ROWS and len(_parts(cells)) == 1


def _parts(cells: Cells) -> set[str]:
    return {part.strip() for cell in cells for part in _PARTS.split(cell)}


FITS = {
    "urgency": are_levels, "sentiment": are_tones, "language": are_codes, "id": are_short, "date": are_dates,
    "group": repeat, "sender": are_short, "split": are_splits, "source": are_few, "entities": are_json,
    "entity_type": are_short, "entity_start": are_numbers, "entity_end": are_numbers,
}  # fmt: skip
"""Role → what its cells must look like."""
