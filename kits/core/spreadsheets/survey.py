"""Where in a sheet its table stands, and what its columns hold: a title, blank rows and columns around it do not count.

It looks at the whole sheet once. Rows and columns count from 0, columns from the first that has something in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from kits.core.spreadsheets.grid import Cells, Grid
from kits.core.spreadsheets.values import (
    MOST_DIGITS,
    Value,
    is_shortened,
    stored_number,
    text_of,
)
from kits.core.table_heads import codes_above

_LOOKED_AT = 60
_AT_ONCE = 1_000

IsHeader = Callable[[list[list[str]]], bool]
"""Whether the first of some rows names the columns."""


@dataclass(slots=True)
class Held:
    """What one column holds under its name, in cells.

    Attributes:
        stored: texts that are numbers; of these with a decimal comma for certain: `commas`.
        rounded: numbers with more digits than a spreadsheet keeps.
        shortened: texts such as `1.23E+11`.
        others: truths, dates and times.
    """

    numbers: int = 0
    others: int = 0
    texts: int = 0
    stored: int = 0
    commas: int = 0
    rounded: int = 0
    shortened: int = 0

    @property
    def filled(self) -> int:
        """Cells with something in them."""
        return self.numbers + self.others + self.texts

    def see(self, cells: Sequence[Value]) -> None:
        """More cells of the column."""
        kinds = Counter(map(type, cells))
        texts = kinds[str]
        numbers = kinds[float] + kinds[int]
        if texts:
            texts -= cells.count("")
        self.texts += texts
        self.numbers += numbers
        self.others += len(cells) - kinds[str] - numbers
        if numbers:
            self.rounded += sum(abs(v) >= MOST_DIGITS for v in cells if isinstance(v, float | int))
        if texts:
            for text, n in Counter(v for v in cells if isinstance(v, str) and v).items():
                number, by_comma, shortened = _digits_in(text)
                self.stored += n * number
                self.commas += n * by_comma
                self.shortened += n * shortened


@lru_cache(maxsize=1 << 16)
def _digits_in(text: str) -> tuple[bool, bool, bool]:
    """Whether a text is a number, surely by a decimal comma, or one that was shortened."""
    if not text[-1].isdigit() or not any(map(str.isdigit, text[:2])):
        return False, False, False
    number, by_comma = stored_number(text)
    return number, by_comma, not number and is_shortened(text)


@dataclass(frozen=True)
class Survey:
    """A sheet's table.

    Attributes:
        names: of its columns, as the sheet has them; empty texts where it names none.
        columns: places of these.
        header: whether the sheet names them.
        start: the first row below the names.
        above: rows with something in them above the table.
        rows: rows with something in them below the names.
        held: what each column holds.
        merged: cells below the names that are merged over several rows.
    """

    names: tuple[str, ...]
    columns: tuple[int, ...]
    header: bool
    start: int
    above: int
    rows: int
    held: tuple[Held, ...]
    merged: int


def survey(grid: Grid, is_header: IsHeader | None) -> Survey | None:
    """Finds the table of a sheet; None where it has no cells.

    Args:
        is_header: None: the table's first row names its columns, however it looks.
    """
    head = list(islice(grid.rows(), _LOOKED_AT))
    if not head:
        return None
    above = _above(grid, head)
    texts = [[text_of(cell) for cell in cells] for _, cells in head[above:]]
    if codes_above(texts):
        above, texts = above + 1, texts[1:]
    first = head[above][0]
    below = texts[1] if len(texts) > 1 and head[above + 1][0] == first + 1 else []
    named, start = _names(grid, first, texts[0], below)
    header = is_header is None or is_header(_without_gaps([named, *texts[start - first :]]))
    if not header:
        named, start = [""] * len(texts[0]), first
    held, rows = _held(grid, start, len(named))
    columns = tuple(n for n, one in enumerate(held) if one.filled or named[n])
    return Survey(
        tuple(named[n] for n in columns),
        columns,
        header,
        start,
        above,
        rows,
        tuple(held[n] for n in columns),
        sum(bottom > top >= start for (top, _), (bottom, _) in grid.merged),
    )


def _above(grid: Grid, rows: Sequence[tuple[int, Cells]]) -> int:
    """Rows before the table: far fewer cells than most rows have.

    One that is merged over several columns counts as so many, unless it stands alone, as a title does.
    """
    wide: Counter[int] = Counter()
    for (top, left), (bottom, right) in grid.merged:
        wide[top] += (right - left) * (top == bottom)
    filled = [sum(cell != "" for cell in cells) for _, cells in rows]
    filled = [n + wide[row] * (n > 1) for n, (row, _) in zip(filled, rows)]
    usual = sorted(filled)[len(filled) // 2]
    least = max(min(2, usual), usual / 2)
    return next((n for n, count in enumerate(filled) if count >= least), 0)


def _without_gaps(rows: list[list[str]]) -> list[list[str]]:
    """The same rows without columns in which nothing stands."""
    kept = [n for n in range(len(rows[0])) if any(row[n].strip() for row in rows)]
    return [[row[n] for n in kept] for row in rows]


def _names(grid: Grid, row: int, texts: list[str], below: list[str]) -> tuple[list[str], int]:
    """The columns' names, and the first row below them: names may stand in two rows, the upper one merged over the lower.

    The lower one is a column's name, with the upper one before it where it comes twice.
    """
    names = [" ".join(text.split()) for text in texts]
    wide = [
        (left, right)
        for (top, left), (bottom, right) in grid.merged
        if top == bottom == row and right > left >= 0
    ]
    under = [n for left, right in wide for n in range(left, right + 1)]
    if not under or not below or not all(below[n].strip() for n in under if n < len(below)):
        return names, row + 1
    tall = {left for (top, left), (bottom, _) in grid.merged if top == row and bottom == row + 1}
    if any(text.strip() for n, text in enumerate(below) if n not in under and n not in tall):
        return names, row + 1
    headed = {
        n: texts[left] for left, right in wide for n in range(left, min(right + 1, len(names)))
    }
    lower = [" ".join(below[n].split()) if n in headed else name for n, name in enumerate(names)]
    often = Counter(name.lower() for name in lower)
    for n, head in headed.items():
        twice = often[lower[n].lower()] > 1
        names[n] = " ".join(f"{head} {lower[n]}".split()) if twice else lower[n]
    return names, row + 2


def _held(grid: Grid, start: int, width: int) -> tuple[list[Held], int]:
    held = [Held() for _ in range(width)]
    rows = 0
    cells = (cells for _, cells in grid.rows(start))
    while some := list(islice(cells, _AT_ONCE)):
        rows += len(some)
        for one, column in zip(held, zip(*some)):
            one.see(column)
    return held, rows
