"""Columns that look like dates and are none that can be read: words to the model, and of no help to tell when leads came.

Only told. Which forms are read stands in `core/moments.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kits.core.kit import Finding
from kits.lead_scoring._features.eras import of_the_moon
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.telling.rows import so_many
from kits.lead_scoring._reading.values.cells import is_missing

_NEARLY_ALL = 0.95
_LEAST, _LEAST_QUARTERS = 10, 3
"""Different cells; of fewer they may be the names of a few fairs."""
_CLOCK = r"\d{1,2}[:.h]?\d{2}(?:[:.]\d{2})?(?: ?[AaPp]\.?[Mm]\.?)?"
_YEAR = r"(?<!\d)(?:19|20)\d{2}(?!\d)"
_QUARTER = (
    r"[QqTtHh][1-4]\W{0,3}(?:FY ?)?(?:19|20)?\d{2}|(?:FY ?)?(?:19|20)?\d{2}\W{0,3}[QqTtHh][1-4]"
    r"|[1-4](?:[QT]|\. ?(?:Quartal|Q)\.?) ?(?:19|20)?\d{2}"
)
_WITHOUT_YEAR = r"(?:0?[1-9]|[12]\d|3[01])\. ?(?:0?[1-9]|1[0-2])\."
"""`12.03.`, which no number is."""
_QUARTERS = re.compile(rf"(?=.*{_YEAR})(?:{_QUARTER})")
_LIKE_DATE = re.compile(
    rf"'?(?:{_CLOCK}[, ]{{1,3}})?(?:[^\W\d_]{{1,12}}[., ]{{1,3}})?\d{{1,2}}\D{{1,16}}(?:\d{{1,2}}\D{{1,4}})?{_YEAR}.{{0,40}}"
    rf"|'?(?:{_CLOCK}[, ]{{1,3}})?{_YEAR}\D{{1,16}}\d{{1,2}}(?!\d).{{0,40}}"
    rf"|[^\W\d_]{{2,12}}[., ]{{1,3}}[^\W\d_]{{3,12}}[., ]{{1,3}}\d{{1,2}} {_CLOCK}.{{0,12}} {_YEAR}"
    rf"|{_QUARTER}|{_WITHOUT_YEAR}"
    rf"|(?:19|20)\d{{2}}(?:0[1-9]|1[0-2])[0-3]\d[ _T-]{_CLOCK}.{{0,12}}"
)


def tell_unread_dates(known: Known) -> Iterator[Finding]:
    """Which they are, with a cell of each."""
    found: dict[str, str] = {}
    for name in known.columns:
        if name not in known.typed or known.typed[name].kind != "text":
            continue
        cells = {cell.strip() for cell in known.sheet.cells[name] if not is_missing(cell)}
        like = [cell for cell in cells if _LIKE_DATE.fullmatch(cell) or of_the_moon([cell])]
        # beside a date of the lead a few quarters are words as good as others
        quarters = not known.roles.decided_at and all(map(_QUARTERS.fullmatch, like))
        least = _LEAST_QUARTERS if quarters else _LEAST
        if len(cells) >= least and len(like) >= _NEARLY_ALL * len(cells):
            found[name] = max(like)
    if found:
        yield Finding(
            "unread-dates", "warn",
            f"{so_many(tuple(found), 'looks like dates that', 'look like dates that')} could not be read: words to the model, "
            "and no time of a lead",
            tuple(f"{name}: {cell!r}" for name, cell in found.items()),
            "export dates as 2024-12-31 or 31.12.2024, with their year (of a quarter its first day), or change them in the table, and import again "
            "with --replace",
        )  # fmt: skip
