"""What stands above and between the rows of a table: names of its columns, titles, codes, drawn lines; and texts that are none.

Only looked at here; what is read and left out is decided by who opens a file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_HEADER_WORDS = 6
_HEADER_CHARS = 60
_NARROW = 5
"""Of so few columns each has a name of its own; a table to be told by has so many rows or columns."""
_DRAWN, _LONG = 10, 5
_CODE = re.compile(r"([A-Za-z .:_]*)(\d*)")
_CHAT = re.compile(
    r"\W?\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp]\.?[Mm]\.?)?\W{1,3}[^:]{1,60}: "
)
_LINES, _MOST = 30, 0.7

_PAIR, _AGAIN, _TEXT_WORDS = 2, 2, 3
"""Cells of a row of a text and its label; how often a label comes again; words of a text."""


def is_header(rows: list[list[str]]) -> bool:
    """Names are short, distinct, and no numbers; a text or an id is none of it."""
    cells = [cell.strip() for cell in rows[0]]
    if len(cells) < 2 and len(rows) > 1:
        return len(cells[0].split()) <= 2
    short = all(len(c) <= _HEADER_CHARS and len(c.split()) <= _HEADER_WORDS for c in cells)
    named = [c for c in cells if c]
    # exports of some trackers repeat a name for each of its values (`Labels`, `Labels`)
    needed = len(named) if len(named) <= _NARROW else len(named) / 2
    # a column in which nothing stands needs no name
    used = sum(any(at < len(row) and row[at].strip() for row in rows) for at in range(len(cells)))
    distinct = len({c.lower() for c in named}) >= needed and len(named) >= used / 2
    numbers = any(c.replace(".", "").replace("-", "").isdigit() for c in named)
    repeated = any(row == rows[0] for row in rows[1:])
    return short and distinct and not numbers and not repeated and not _is_labelled_text(rows)


def _is_labelled_text(rows: list[list[str]]) -> bool:
    """Whether the first of rows of a text and a label is one of them: its label comes again, as others do, and texts are below its text."""
    pairs = [row for row in rows if len(row) == _PAIR]
    if len(rows[0]) != _PAIR or len(pairs) < len(rows):
        return False
    for text, label in ((0, 1), (1, 0)):
        labels = Counter(row[label].strip() for row in rows[1:])
        others = [n for word, n in labels.items() if word and word != rows[0][label].strip()]
        words = [len(row[text].split()) for row in rows]
        again = labels[rows[0][label].strip()] >= _AGAIN and max(others, default=0) >= _AGAIN
        if (
            rows[0][label].strip()
            and again
            and words[0] >= _TEXT_WORDS
            and sum(words) > _TEXT_WORDS * len(words)
        ):
            return True
    return False


def rows_above(rows: list[list[str]]) -> int:
    """Rows before the one that names the columns: far fewer cells than most rows have."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    usual = sorted(len(row) for row in rows)[len(rows) // 2]
    return next((n for n, count in enumerate(filled) if count >= max(2, usual / 2)), 0)


def is_titled(rows: list[list[str]]) -> bool:
    """Whether a title stands above the names of the columns, as reports have one."""
    wide = min(len(row) for row in rows) >= _NARROW
    return wide and sum(map(bool, rows[0])) == 1 and is_header(rows[rows_above(rows) :])


def codes_above(rows: list[list[str]]) -> int:
    """1 where the first row counts the columns (`X1`, `X2` …) and the names stand in the second: words above numbers, in most of them."""
    if len(rows) < _NARROW or not is_header(rows[1:]):
        return 0
    names = [cell.strip().lower() for cell in rows[1]]
    # units below names that are numbered are short, and come again: `s1`, `s2` above `bar`, `bar`
    if len(set(names)) < len(names) or sum(map(len, names)) < _LONG * len(names):
        return 0
    codes = [_CODE.fullmatch(cell.strip()) for cell in rows[0]]
    counted = Counter(code[1].lower() for code in codes if code is not None and code[2])
    most = counted.most_common(1)[0][1] if counted else 0
    if None in codes or most < max(_NARROW, len(codes) / 2):
        return 0
    columns = list(zip(*(row for row in rows[1:] if len(row) == len(rows[0]))))
    numbers = sum(
        not _is_number(name) and any(below) and all(_is_number(cell) for cell in below if cell)
        for name, *below in columns
    )
    return int(2 * numbers > len(columns))


def _is_number(cell: str) -> bool:
    return cell.strip().lstrip("-").replace(".", "", 1).isdigit()


def is_rule(cells: Sequence[str]) -> bool:
    """Whether a row is a line that programs draw below the names and the rows: `|-----|-----|`."""
    drawn = "".join(cells).strip()
    return (
        len(drawn) >= _DRAWN and set(drawn) <= set("-=+: ") and ("---" in drawn or "===" in drawn)
    )


def is_chat(text: str) -> bool:
    """Whether most lines begin as a phone exports a chat: `12.03.24, 10:11 - Ann: …`."""
    lines = [line for line in text.split("\n", _LINES)[:_LINES] if line.strip()]
    said = sum(_CHAT.match(line.replace("\u202f", " ")) is not None for line in lines)
    return len(lines) >= _NARROW and said >= _MOST * len(lines)
