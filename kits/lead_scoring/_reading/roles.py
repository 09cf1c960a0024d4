"""What the columns of a table of leads are for, apart from the outcome: id, times, order, split; said in words.

A person's statement comes first, then a CRM's own names, then known names, then what the cells look like.
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from kits.core.dataset import SPLIT_WORDS, Split
from kits.core.errors import DataError
from kits.lead_scoring._reading.cells import Typed, is_missing
from kits.lead_scoring._reading.dates import read_dates
from kits.lead_scoring._reading.mapping import Mapping
from kits.lead_scoring._reading.names import by_rank, plain, rank
from kits.lead_scoring._reading.sheets import Sheet
from kits.lead_scoring._reading.stated import column_named
from kits.lead_scoring.config import SourceConfig

SPLITS_SAID: dict[str, Split] = {**SPLIT_WORDS, "dev": "val", "holdout": "test"}
BY_ROWS = "rows"
_UNIQUE = 0.98
_HALF = 0.5
_PARTS = 5
_LEAST = 20
_RARE = 0.05
_DENSE = 0.05
"""Numbers given one by one leave gaps (other teams' leads), but not twenty times as many as there are leads."""
_NOT_THE_START = frozenset({
    "close", "closed", "closing", "closedate", "won", "lost", "converted", "conversion", "end", "ended",
    "modified", "updated", "update", "change", "changed", "last", "next", "birth", "born", "dob", "birthday", "birthdate", "geburtsdatum", "naissance", "nacimiento", "nascita",
    "founded", "established", "since", "anniversary", "due", "expected",
    "deadline", "expiry", "expires", "renewal", "follow", "abschluss", "geschlossen", "geburt", "letzte",
    "naechste", "fin", "cierre",
})  # fmt: skip


@dataclass(frozen=True)
class Roles:
    """Column names by what they are for; empty where there is none.

    Attributes:
        order: a column whose numbers rise with time, or `rows`.
        doubts: what was assumed without being told, in sentences.
    """

    id: str = ""
    decided_at: str = ""
    outcome_at: tuple[str, ...] = ()
    changed_at: str = ""
    order: str = ""
    group: str = ""
    split: str = ""
    doubts: tuple[str, ...] = ()

    def said(self) -> str:
        """`id=Prospect ID, order=Lead Number`."""
        parts = [
            ("id", self.id), ("decided_at", self.decided_at), ("outcome_at", "+".join(self.outcome_at)),
            ("changed_at", self.changed_at), ("order", self.order), ("group", self.group), ("split", self.split),
        ]  # fmt: skip
        return ", ".join(f"{what}={column}" for what, column in parts if column)


def find_roles(
    sheet: Sheet,
    typed: Table[str, Typed],
    source: SourceConfig,
    mapping: Mapping | None,
    taken: Sequence[str] = (),
) -> Roles:
    """What the columns are for.

    Args:
        typed: the values of all columns.
        taken: columns that state the outcome.

    Raises:
        ConfigError: a stated column is not there.
        DataError: a stated column does not hold what it should.
    """
    free = [name for name in sheet.columns if name not in taken]
    decided, doubts = _decided_at(sheet, typed, source, mapping, free)
    free = [name for name in free if name != decided]
    outcome_at = _outcome_at(sheet, typed, source, mapping, free)
    changed = _changed_at(typed, mapping, [name for name in free if name not in outcome_at])
    order, doubt = _order(sheet, typed, source, free, bool(decided or outcome_at))
    group = column_named(sheet.columns, source.group, "group") if source.group else ""
    return Roles(
        id=_id(sheet, source, mapping, free),
        decided_at=decided,
        outcome_at=outcome_at,
        changed_at=changed,
        order=order,
        group=group,
        split=_split(sheet, free),
        doubts=tuple(text for text in (*doubts, doubt) if text),
    )


def seconds_of(sheet: Sheet, name: str) -> list[float | None]:
    """A column's dates as seconds since 1970; None where there is none."""
    cells = sheet.cells[name]
    known = [cell for cell in dict.fromkeys(cells) if not is_missing(cell)]
    found = read_dates(name, known, sheet.dates) if known else None
    if found is None:
        return [None] * len(cells)
    table = dict(zip(known, found.seconds))
    return [table.get(cell) for cell in cells]


def _filled(cells: Sequence[str]) -> int:
    return sum(not is_missing(cell) for cell in cells)


# -- who ------------------------------------------------------------------------------------------


def _id(sheet: Sheet, source: SourceConfig, mapping: Mapping | None, free: Sequence[str]) -> str:
    if source.id:
        return column_named(sheet.columns, source.id, "id")
    named = mapping.find(mapping.names.id, free) if mapping else []
    ending = [name for name in free if _numbered(name)]
    for name in dict.fromkeys([*named, *by_rank(free, "id"), *ending]):
        cells = [cell for cell in sheet.cells[name] if not is_missing(cell)]
        if cells and len(set(cells)) >= _UNIQUE * len(cells) and len(cells) > _HALF * len(sheet):
            return name
    return ""


def _split(sheet: Sheet, free: Sequence[str]) -> str:
    for name in by_rank(free, "split"):
        known = {cell.strip().lower() for cell in sheet.cells[name] if not is_missing(cell)}
        if known and known <= set(SPLITS_SAID):
            return name
    return ""


# -- when -----------------------------------------------------------------------------------------


def _decided_at(
    sheet: Sheet,
    typed: Table[str, Typed],
    source: SourceConfig,
    mapping: Mapping | None,
    free: Sequence[str],
) -> tuple[str, list[str]]:
    if source.decided_at:
        return _a_date(sheet, typed, source.decided_at, "decided_at"), []
    named = mapping.find(mapping.names.decided_at, free) if mapping else []
    dates = [name for name in free if typed[name].kind == "date"]
    for name in dict.fromkeys([*named, *by_rank(free, "decided_at")]):
        if name in dates and _filled(sheet.cells[name]) > _HALF * len(sheet):
            return name, _doubts_of(name, sheet)
    later = set(by_rank(dates, "outcome_at")) | set(by_rank(dates, "changed_at"))
    left = [n for n in dates if n not in later and not _NOT_THE_START & set(plain(n).split("_"))]
    left = [name for name in left if _filled(sheet.cells[name]) > _HALF * len(sheet)]
    if not left:
        return "", []
    chosen = min(left, key=lambda name: _middle(name, sheet))
    doubt = (
        f"{chosen} was taken for the moment at which a lead is scored, the earliest of its dates"
    )
    return chosen, [*_doubts_of(chosen, sheet), doubt]


def _middle(name: str, sheet: Sheet) -> float:
    return median(s for s in seconds_of(sheet, name) if s is not None)


def _doubts_of(name: str, sheet: Sheet) -> list[str]:
    known = [cell for cell in dict.fromkeys(sheet.cells[name]) if not is_missing(cell)]
    found = read_dates(name, known, sheet.dates)
    return [f"dates of {name} were read {found.doubt}"] if found and found.doubt else []


def _outcome_at(
    sheet: Sheet,
    typed: Table[str, Typed],
    source: SourceConfig,
    mapping: Mapping | None,
    free: Sequence[str],
) -> tuple[str, ...]:
    if source.outcome_at:
        if not column_named(
            sheet.columns, source.outcome_at, "outcome_at", missing_is_fine=bool(source.outcome)
        ):
            return ()
        return (_a_date(sheet, typed, source.outcome_at, "outcome_at"),)
    named = mapping.find(mapping.names.outcome_at, free) if mapping else []
    if named:
        return tuple(name for name in named if typed[name].kind == "date")
    return tuple(n for n in by_rank(free, "outcome_at") if typed[n].kind == "date")


def _changed_at(typed: Table[str, Typed], mapping: Mapping | None, free: Sequence[str]) -> str:
    named = mapping.find(mapping.names.changed_at, free) if mapping else []
    found = [*named, *by_rank(free, "changed_at")]
    return next((name for name in found if typed[name].kind == "date"), "")


def _a_date(sheet: Sheet, typed: Table[str, Typed], stated: str, key: str) -> str:
    name = column_named(sheet.columns, stated, key)
    if typed[name].kind != "date" and any(s is not None for s in seconds_of(sheet, name)):
        return name
    if typed[name].kind != "date":
        some = [cell for cell in dict.fromkeys(sheet.cells[name]) if not is_missing(cell)][:3]
        raise DataError(
            f"{name!r} holds no dates: {', '.join(some)}",
            where=f"kit.yaml: model.source.{key}",
            fix="dates as 2026-05-01 or 2026-05-01T09:00:00Z, or name another column",
        )
    return name


def _order(
    sheet: Sheet, typed: Table[str, Typed], source: SourceConfig, free: Sequence[str], dated: bool
) -> tuple[str, str]:
    if source.order == BY_ROWS:
        return BY_ROWS, ""
    if source.order:
        name = column_named(sheet.columns, source.order, "order")
        if typed[name].kind not in ("number", "date"):
            raise DataError(
                f"{name!r} holds no numbers that could rise",
                where="kit.yaml: model.source.order",
                fix="name a column of numbers or dates, or write `rows`",
            )
        return name, ""
    if dated:
        return "", ""
    numbers = [
        name
        for name in free
        if rank(name, "order") is not None or plain(name) == "c1" or _numbered(name)
    ]
    for name in sorted(numbers, key=_order_rank):
        if _rises(typed[name]):
            return name, f"there is no date; {name} rises from lead to lead and was taken for time"
    return "", "there is no date and no number that rises with time: leads are split by lot"


def _numbered(name: str) -> bool:
    """`opportunity_number`, `Kundennr.`, `ticket_id`; no phone number."""
    ends = plain(name).endswith(("_id", "_number", "_no", "nr", "nummer", "_key"))
    return ends and rank(name, "phone") is None


def _order_rank(name: str) -> int:
    place = rank(name, "order")
    return 1_000 if place is None else place


def _rises(column: Typed) -> bool:
    """Whole numbers, each once, that rise from row to row, or lie so close that they were given one by one."""
    values = [v for v in column.values if isinstance(v, float)]
    if len(values) < _UNIQUE * len(column.values) or len(values) < 2:
        return False
    if len(set(values)) < _UNIQUE * len(values) or any(v % 1 for v in values):
        return False
    rising = all(a < b for a, b in pairwise(values))
    return rising or len(values) >= _DENSE * (max(values) - min(values) + 1)


def without_sorting(roles: Roles, order: Typed, won: Sequence[bool | None]) -> Roles:
    """Takes an assumed order back where leads are sorted by their outcome in it: then it is no time."""
    placed = sorted(
        (place, one)
        for place, one in zip(order.values, won)
        if isinstance(place, float) and one is not None
    )
    size = len(placed) // _PARTS
    share = sum(one for _, one in placed) / len(placed) if placed else 0.0
    if size < _LEAST or min(share, 1 - share) < _RARE:
        return roles
    parts = [[one for _, one in placed[n * size : (n + 1) * size]] for n in range(_PARTS)]
    if all(0 < sum(part) < size for part in parts):
        return roles
    doubt = f"{roles.order} rises, but leads are sorted by outcome in it: it is no time, leads are split by lot"
    return replace(roles, order="", doubts=(doubt,))
