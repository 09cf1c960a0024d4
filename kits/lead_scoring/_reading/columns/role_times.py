"""Which columns say when: when a lead was to be scored, when its outcome was known, when it was changed last.

A person's statement comes first, then a CRM's own names, then known names, then the earliest of the dates.
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from collections.abc import Sequence
from statistics import median

from kits.core.column_names import plain
from kits.core.errors import DataError
from kits.lead_scoring._reading.columns.mapping import Mapping
from kits.lead_scoring._reading.columns.names import speaks_of
from kits.lead_scoring._reading.columns.stated import column_named
from kits.lead_scoring._reading.leads.id_times import tell_times, time_of_id
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.things import ranked_in
from kits.lead_scoring._reading.values.cells import Typed, is_missing
from kits.lead_scoring._reading.values.dates import read_dates
from kits.lead_scoring.config import SourceConfig

_HALF = 0.5
_MANY = 20
_FEW = 0.02
"""Cells that may be otherwise in a column whose gaps tell something."""
_AHEAD = 0.5
"""Open leads that may be younger than any that has ended; what is planned lies ahead of more of them."""
_DAY = 86_400.0
_YEARS = 3 * 365 * _DAY
"""A date so long before the next one is of something before the lead: a first loan, a founding."""
_SAME = (
    "{} is the same in all rows and was taken for the day of the export, not for when leads came"
)
_NOT_THE_START = frozenset({
    "close", "closed", "closing", "closedate", "won", "lost", "converted", "conversion", "end", "ended",
    "modified", "updated", "update", "change", "changed", "status", "last", "next", "birth", "born", "naissance", "nacimiento", "nascita",
    "founded", "established", "since", "anniversary", "due", "expected",
    "deadline", "expiry", "expires", "renewal", "follow", "abschluss", "geschlossen", "geburt", "letzte",
    "naechste", "fin", "cierre",
})  # fmt: skip
_OF_A_DATE = frozenset({"date", "dates", "dt", "datum", "data", "fecha", "of", "am", "seit", "de"})
_CUSTOMERS = frozenset({
    "customer", "customers", "client", "clients", "member", "membership", "kunde", "kunden", "cliente", "klant", "klient", "mitglied",
})  # fmt: skip


def decided_at(
    sheet: Sheet,
    typed: Table[str, Typed],
    source: SourceConfig,
    mapping: Mapping | None,
    free: Sequence[str],
    learned: str = "",
) -> tuple[str, list[str]]:
    """The column with the moment at which a lead is scored, empty where there is none; what was assumed of it.

    Args:
        learned: the one that it was in the tables of a bundle.

    Raises:
        ConfigError: a stated column is not there.
        DataError: a stated column holds no dates.
    """
    if source.decided_at:
        return _a_date(sheet, typed, source.decided_at, "decided_at"), []
    if learned:
        return learned, _doubts_of(learned, sheet)
    named = mapping.find(mapping.names.decided_at, free) if mapping else []
    dates = [name for name in free if typed[name].kind == "date"]
    dates = [name for name in dates if _filled(sheet.cells[name]) > _HALF * len(sheet)]
    fixed = [name for name in dates if _of_the_export(name, dates, typed)]
    ranked = dict.fromkeys([*named, *ranked_in(sheet, free, "decided_at")])
    doubts = [_SAME.format(name) for name in ranked if name in fixed]
    for name in ranked:
        if name in dates and name not in fixed:
            return name, [*doubts, *_doubts_of(name, sheet)]
    later = (
        set(ranked_in(sheet, dates, "outcome_at"))
        | set(ranked_in(sheet, dates, "changed_at"))
        | set(fixed)
    )
    left = [name for name in dates if name not in later and _may_start(name)]
    if not left:
        return "", doubts
    # the month of a date beside it is no earlier moment
    nearer = [name for name in left if not typed[name].months] or left
    middles = sorted((_middle(name, sheet), name) for name in nearer)
    before = 0
    while before + 1 < len(middles) and middles[before + 1][0] - middles[before][0] > _YEARS:
        before += 1
    chosen = middles[before][1]
    doubt = (
        f"{chosen} was taken for the moment at which a lead is scored, the earliest of its dates"
    )
    if before:
        past = ", ".join(name for _, name in middles[:before])
        doubt += f" but for {past}, which lies years before"
    return chosen, [*doubts, *_doubts_of(chosen, sheet), doubt]


def made_at(sheet: Sheet, identity: str) -> tuple[str, list[str]]:
    """The column of ids where these tell when a lead was made, empty where they do not; what was assumed of it."""
    if not identity or not tell_times(sheet.cells[identity]):
        return "", []
    return identity, [
        f"there is no date of when leads came: the first eight digits of {identity} tell when each was made"
    ]


def told_by_month(typed: Table[str, Typed], decided: str, ended: Sequence[str]) -> list[str]:
    """What is assumed of dates that tell a month and no day: no outcome was known earlier than it was."""
    told = []
    if decided and typed[decided].months:
        told.append(
            f"{decided} tells months without days: leads count from the first moment of theirs, and what became of them "
            "was known after the last one at the earliest"
        )
    if months := [name for name in ended if typed[name].months]:
        told.append(
            f"{', '.join(months)} tells months without days: outcomes count from the last moment of theirs"
        )
    return told


def _may_start(name: str) -> bool:
    """Whether a date may be when a lead came: not an end, a plan or a birth, nor since when somebody has been a customer (`Dt_Customer`)."""
    words = set(plain(name).split("_"))
    whose = words - _OF_A_DATE
    other = _NOT_THE_START & words or speaks_of(name, "birth")
    return not other and not (whose and whose <= _CUSTOMERS)


def _of_the_export(name: str, dates: Sequence[str], typed: Table[str, Typed]) -> bool:
    """Whether a date is the same in all of many rows, and others are not: it is when the table was written."""
    values = typed[name].values
    if len(values) < _MANY or len(set(values) - {None}) > 1:
        return False
    return any(len(set(typed[other].values) - {None}) > 1 for other in dates)


def _middle(name: str, sheet: Sheet) -> float:
    return median(s for s in seconds_of(sheet, name) if s is not None)


def _doubts_of(name: str, sheet: Sheet) -> list[str]:
    known = [cell for cell in dict.fromkeys(sheet.cells[name]) if not is_missing(cell)]
    found = read_dates(name, known, sheet.dates)
    return [f"dates of {name} were read {found.doubt}"] if found and found.doubt else []


def outcome_at(
    sheet: Sheet,
    typed: Table[str, Typed],
    source: SourceConfig,
    mapping: Mapping | None,
    free: Sequence[str],
    learned: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Columns that say when the outcome was known. Takes and raises what `decided_at` does."""
    if source.outcome_at:
        if not column_named(
            sheet.columns, source.outcome_at, "outcome_at", missing_is_fine=bool(source.outcome)
        ):
            return ()
        return (_a_date(sheet, typed, source.outcome_at, "outcome_at"),)
    if learned:
        return learned
    named = mapping.find(mapping.names.outcome_at, free) if mapping else []
    if named:
        return tuple(name for name in named if typed[name].kind == "date")
    return tuple(n for n in ranked_in(sheet, free, "outcome_at") if typed[n].kind == "date")


def outcome_by_cells(
    sheet: Sheet,
    typed: Table[str, Typed],
    free: Sequence[str],
    won: Sequence[bool | None],
    at: Sequence[float | None],
) -> tuple[str, ...]:
    """Columns of dates that tell by their gaps when the outcome was known, whatever they are called.

    One that all decided leads have and open ones lack; else one that those have who were won, or lost, and no other.
    """
    ends: dict[str, list[tuple[float, str]]] = {"both": [], "won": [], "lost": []}
    for name in free:
        if typed[name].kind != "date":
            continue
        seconds = seconds_of(sheet, name)
        known = [(s, came) for s, came in zip(seconds, at) if s is not None and came is not None]
        if len(known) < _MANY or sum(s < came - _DAY for s, came in known) > _FEW * len(known):
            continue
        side = _ended(seconds, won)
        if side:
            ends[side].append((median(s for s, _ in known), name))
    if ends["both"]:
        return (min(ends["both"])[1],)
    return tuple(min(ends[side])[1] for side in ("won", "lost") if ends[side])


def ends_alone(sheet: Sheet, name: str, won: Sequence[bool | None]) -> bool:
    """Whether all leads that ended have a date, and none of many open ones."""
    return _ended(seconds_of(sheet, name), won) == "both"


def of_a_decision(name: str) -> bool:
    """Whether a date is called that of a decision: ours to call, or the customer's."""
    return "decision" in plain(name).split("_")


def comes_before(sheet: Sheet, name: str, other: str) -> bool:
    """Whether one date is there and lies before another for nearly all leads, by a day or more for most."""
    pairs = zip(seconds_of(sheet, name), seconds_of(sheet, other))
    apart = [b - a for a, b in pairs if a is not None and b is not None]
    early = sum(gap < 0 for gap in apart)
    full = len(apart) >= max(_MANY, (1 - _FEW) * len(sheet))
    return full and early <= _FEW * len(apart) and median(apart) >= _DAY


def _ended(seconds: Sequence[float | None], won: Sequence[bool | None]) -> str:
    """Of which leads nearly all have a date, while nearly none of the others has; empty where it is not so."""
    cells: dict[bool | None, list[bool]] = {True: [], False: [], None: []}
    for at, one in zip(seconds, won):
        cells[one].append(at is not None)
    full = {one: len(c) >= _MANY and sum(c) >= (1 - _FEW) * len(c) for one, c in cells.items()}
    none = {one: sum(c) <= _FEW * len(c) for one, c in cells.items()}
    if not none[None] or len(seconds) < len(cells[True]) + _MANY:
        return ""
    if full[True] and full[False]:
        return "both" if len(cells[None]) >= _MANY else ""
    return "won" if full[True] and none[False] else "lost" if full[False] and none[True] else ""


def came_at(
    sheet: Sheet, ended: Sequence[str], won: Sequence[bool | None], source: SourceConfig
) -> str:
    """Of dates of orders among those called like an end the one that open leads have as well, not ahead of all ends: it is
    when they came. Empty where there is none, or not enough open leads to tell it."""
    if source.outcome_at:
        return ""
    for name in ranked_in(sheet, ended, "ordered_at"):
        seconds = seconds_of(sheet, name)
        still = [at for at, one in zip(seconds, won) if one is None]
        done = [at for at, one in zip(seconds, won) if one is not None and at is not None]
        given = [at for at in still if at is not None]
        if len(still) < _MANY or len(given) < (1 - _FEW) * len(still) or not done:
            continue
        if sum(at > max(done) + _DAY for at in given) <= _AHEAD * len(given):
            return name
    return ""


def is_past_for_open(
    sheet: Sheet, name: str, won: Sequence[bool | None], came: Sequence[float | None]
) -> bool:
    """Whether nearly all of many open leads have a date that for most of them lies before the last lead came: it is no plan."""
    last = max((at for at in came if at is not None), default=None)
    still = [at for at, one in zip(seconds_of(sheet, name), won) if one is None]
    given = [at for at in still if at is not None]
    if last is None or len(still) < _MANY or len(given) < (1 - _FEW) * len(still):
        return False
    return sum(at <= last for at in given) > _HALF * len(given)


def came(sheet: Sheet) -> bool:
    """Whether a table says by a name when its leads came."""
    named = ranked_in(sheet, sheet.columns, "decided_at")
    return any(sheet.typed(name).kind == "date" for name in named)


def changed_at(
    sheet: Sheet, typed: Table[str, Typed], mapping: Mapping | None, free: Sequence[str]
) -> str:
    """The column with the time of the last change, empty where there is none."""
    named = mapping.find(mapping.names.changed_at, free) if mapping else []
    found = [*named, *ranked_in(sheet, free, "changed_at")]
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


def seconds_of(sheet: Sheet, name: str, *, latest: bool = False) -> list[float | None]:
    """A column's dates, or those that its ids tell, as seconds since 1970; None where there is none.

    Args:
        latest: of what tells a month alone, the last moment it may mean; else the first.
    """
    cells = sheet.cells[name]
    known = [cell for cell in dict.fromkeys(cells) if not is_missing(cell)]
    found = read_dates(name, known, sheet.dates, sheet.zone) if known else None
    if found is None:
        return [time_of_id(cell) for cell in cells]
    table = dict(zip(known, found.latest if latest else found.seconds))
    return [table.get(cell) for cell in cells]


def _filled(cells: Sequence[str]) -> int:
    return sum(not is_missing(cell) for cell in cells)
