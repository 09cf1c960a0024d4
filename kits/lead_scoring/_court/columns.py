"""One column of past leads as the court reads it: numbers, dates or choices, cut into a few bins that a count can fill.

No outcome is known here, so no cut can favour one. Columns with a person's word for how to read them are read so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.lead_scoring._features.cells import each, is_missing, to_choice, to_number
from kits.lead_scoring._features.units import apart
from kits.lead_scoring._lead import Value
from kits.lead_scoring._stand_ins import as_filled_in

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]
EMPTY, OTHER = 0, 1
"""Bins that every column has: leads without a value, and values of too few leads."""
BINS = 12
_CHOICES = 30
_LEAST = 10
"""Leads a value needs for a bin of its own."""
_MOSTLY = 0.95
_RARE = 0.02
_LONG = 80
_LOOKED_AT, _MOST_UNITS = 200, 6
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:$|[T ])")


@dataclass(frozen=True)
class Column:
    """A column, cut.

    Attributes:
        codes: (rows,) bin of each lead; `EMPTY` without a value, `OTHER` for a rare one.
        labels: what the bins are called; shown as evidence.
        numbers: (rows,) the values of numbers, and of dates in seconds since 1970; NaN where there is none.
        distinct: different values that are not empty.
        words: in such a value of a choice, on the average.
        units: what its numbers are in, where several units make texts of them; empty: they are no such numbers.
        spoken: the same rows by telling words, where values of several words are learned from as they stand, and many are too
            rare to show alone what was added to them; None: its values say all.
    """

    name: str
    kind: Literal["number", "date", "choice"]
    codes: Codes
    labels: tuple[str, ...]
    numbers: Floats
    distinct: int
    words: float = 0.0
    units: tuple[str, ...] = ()
    spoken: Column | None = None

    @property
    def filled(self) -> Flags:
        """(rows,) whether a lead has a value."""
        filled: Flags = self.codes != EMPTY
        return filled

    @property
    def choices(self) -> tuple[str, ...]:
        """The frequent values of a column of choices, where hardly a lead has another."""
        rare = float((self.codes == OTHER).mean()) if len(self.codes) else 0.0
        return self.labels[2:] if self.kind == "choice" and rare <= _RARE else ()

    @property
    def bins(self) -> int:
        return len(self.labels)

    def rows(self, kept: slice) -> Column:
        """The column of some of the leads, with the same bins."""
        spoken = None if self.spoken is None else self.spoken.rows(kept)
        codes, numbers = self.codes[kept], self.numbers[kept]
        return replace(self, codes=codes, numbers=numbers, spoken=spoken)


def read_column(
    name: str, values: Sequence[Value], *, numeric: bool = False, categorical: bool = False
) -> Column:
    """Reads a column of raw values.

    Args:
        numeric, categorical: a person's word for how to read it.
    """
    values = as_filled_in(name, values)
    texts = each(_text, values)
    filled = np.array([text is not None for text in texts], dtype=bool)
    if not categorical:
        numbers = _numbers(values)
        known = np.isfinite(numbers) & filled
        if known.any() and (numeric or known.sum() >= _MOSTLY * filled.sum()):
            return _of_numbers(name, "number", numbers, known)
        dates = _dates(texts)
        if dates is not None and np.isfinite(dates).sum() >= _MOSTLY * filled.sum():
            return _of_numbers(name, "date", dates, np.isfinite(dates))
    return _of_choices(name, texts)


def cut(name: str, numbers: Floats) -> Column:
    """A column of numbers that were computed (the lag of a date, say)."""
    return _of_numbers(name, "number", numbers, np.isfinite(numbers))


def _text(value: Value) -> str | None:
    if is_missing(value):
        return None
    # an export says True where the same CRM's API says "yes"
    text = to_choice(value) if isinstance(value, bool) else str(value).strip()
    return text[:_LONG] if text else None


def _numbers(values: Sequence[Value]) -> Floats:
    """Numbers, and texts that are such; yes and no are no numbers."""
    out = np.array(each(_number, values))
    out[~np.isfinite(out)] = np.nan
    return out


def _number(value: Value) -> float:
    if isinstance(value, bool) or value is None:
        return float("nan")
    try:
        return float(value)
    except ValueError:
        return float("nan")


def _dates(texts: Sequence[str | None]) -> Floats | None:
    """Seconds since 1970; None where the first values are no dates by ISO 8601, as readers write them."""
    head = [text for text in texts[:2_000] if text is not None][:50]
    if not head or sum(bool(_DATE.match(text)) for text in head) < _MOSTLY * len(head):
        return None
    out = np.full(len(texts), np.nan)
    for row, text in enumerate(texts):
        if text is not None and _DATE.match(text):
            try:
                at = datetime.fromisoformat(text.replace("Z", "+00:00"))
            except ValueError:
                continue
            out[row] = (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()
    return out


def _of_numbers(
    name: str, kind: Literal["number", "date"], numbers: Floats, known: Flags
) -> Column:
    values = np.unique(numbers[known])
    kept = np.where(known, numbers, np.nan)
    if len(values) <= BINS:
        codes = np.where(known, np.searchsorted(values, numbers) + 2, EMPTY)
        labels = tuple(_shown(value, kind) for value in values)
    else:
        edges = np.unique(np.quantile(numbers[known], np.linspace(0, 1, BINS + 1)[1:-1]))
        # a value that very many share, at either end, is a bin of its own: nought often means "not yet"
        edges = (
            np.unique(np.append(edges, values[1])) if (kept == values[0]).sum() >= _LEAST else edges
        )
        codes = np.where(known, np.searchsorted(edges, numbers, side="right") + 2, EMPTY)
        starts = [values[0], *edges]
        labels = tuple(f"from {_shown(start, kind)}" for start in starts)
    return Column(name, kind, codes.astype(np.intp), ("empty", "other", *labels), kept, len(values))


def _shown(value: float, kind: str) -> str:
    if kind == "date":
        return str(np.datetime64(int(value), "s").astype("datetime64[D]"))
    return f"{value:.6g}"


def _of_choices(name: str, texts: Sequence[str | None]) -> Column:
    counts = Counter(text for text in texts if text is not None)
    frequent = [text for text, n in counts.most_common(_CHOICES) if n >= _LEAST]
    place = {text: number + 2 for number, text in enumerate(frequent)}
    codes = np.array(
        [EMPTY if text is None else place.get(text, OTHER) for text in texts], dtype=np.intp
    )
    return Column(
        name,
        "choice",
        codes,
        ("empty", "other", *frequent),
        np.full(len(texts), np.nan),
        len(counts),
        sum(len(text.split()) for text in counts) / max(len(counts), 1),
        _units(list(counts)[:_LOOKED_AT]),
    )


def _units(texts: Sequence[str]) -> tuple[str, ...]:
    """The units of texts that are numbers in a few of them: `1.200 €`, `CHF 950`; empty where many are something else."""
    found = [apart(text)[1] for text in texts if np.isfinite(to_number(text))]
    units = {"/".join(sorted(one)) for one in found if one}
    if len(found) < _MOSTLY * len(texts) or not 1 < len(units) <= _MOST_UNITS:
        return ()
    return tuple(sorted(units))
