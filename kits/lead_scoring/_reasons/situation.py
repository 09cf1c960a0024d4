"""Which of a column's situations a lead is in: the words for it, and what became of leads in the same one.

Pure, one value at a time. Whether it speaks for or against the lead is the model's to say, see `explainer.py`.
"""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timezone

from kits.lead_scoring._features.cells import joints_of, to_parts
from kits.lead_scoring._features.week import (
    DAYS,
    FIRST_OF_WEEKEND,
    HOURS,
    TOGETHER,
    has_hour,
    hour_of,
    told_of,
)
from kits.lead_scoring._lead import Lead, Value
from kits.lead_scoring._models.season import quarter_of
from kits.lead_scoring._reasons.spec import ColumnReasons, Tally, Wording
from kits.lead_scoring._reasons.values import (
    choice_of,
    days_before,
    is_missing,
    key_of,
    keys_of,
    number_of,
    plain,
    yes_or_no,
)

_POSTAL = re.compile(
    r"(?<![^\W_])(?:plz|post ?leit ?zahl|zip|zip ?code|post ?code|postal|postal ?code|code postal|codigo postal|código postal|"
    r"codice postale|post ?nummer|post ?nr|kod pocztowy|psč|psc|irsz)(?![^\W_])",
    re.IGNORECASE,
)
"""In the name of a column whose numbers name places: nobody writes thousands in them."""
_YEARS = (1800, 2100)
_MONTHS = 12
_SLOT = re.compile(r"\{(\w{1,20})\}")
_PRIOR = 20.0
"""Leads of the usual share, which are added to those of each word."""
VALUE_LENGTH = 40
"""Characters of a lead's value that a reason shows."""
_CUT = ("value", "label")
_SHORTEST, _STUMP = 12, 4
"""A value or a name is not cut below so many characters while another can be; then below so many, before a number is."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is so of a lead in one column.

    Attributes:
        name: which template words it.
        tally: decided leads of which the same is so.
        slots: what the template may name.
    """

    name: str
    tally: Tally
    slots: Mapping[str, str]


def situation_of(
    column: ColumnReasons, name: str, lead: Lead, wording: Wording, weight: float
) -> Situation:
    """The situation of a lead in the column `name`.

    Args:
        wording: the column's, see `wording_of`.
        weight: which way the column speaks; of several choices at once the one is told that speaks so most.
    """
    value = lead.fields.get(name)
    label = {"label": column.label}
    if column.kind in _OF_TIME:
        return _OF_TIME[column.kind](column, lead, wording, label)
    if is_missing(value):
        return Situation("missing", column.missing, label)
    if column.kind in ("choice", "many"):
        many = column.kind == "many"
        return (_of_many if many else _of_choice)(column, value, label, weight)
    number = days_before(value, lead.at) if column.kind == "days" else number_of(value)
    if column.kind == "given" or (column.kind == "days" and number is None):
        return _of_text(column, value, label, weight)
    if number is None or not column.bins:
        shown = plain(choice_of(value), VALUE_LENGTH)
        return Situation("new", Tally(), {**label, "value": shown})
    return _of_number(column, number, label, wording)


def worded(column: ColumnReasons, situation: Situation, wording: Wording, room: int) -> str:
    """The situation in at most `room` characters: the column's own template, else the language's.

    What is too long loses the end of the lead's value, then that of the column's name: numbers stay whole.
    """
    name = situation.name if situation.name in wording.subjects else "given"
    template = column.templates.get(situation.name) or wording.subjects[name]
    slots = dict(situation.slots)
    for name, shortest in (
        *((name, _SHORTEST) for name in _CUT),
        *((name, _STUMP) for name in _CUT),
    ):
        over = len(filled(template, slots)) - room
        if over > 0 and len(slots.get(name, "")) > shortest:
            slots[name] = plain(slots[name], max(shortest, len(slots[name]) - over))
    return plain(filled(template, slots), max(room, 1))


def filled(template: str, slots: Mapping[str, str]) -> str:
    """A template with its slots filled; what it calls by an unknown name stays as it is written."""
    return _SLOT.sub(lambda found: slots.get(found[1], found[0]), template)


def slots_in(template: str) -> set[str]:
    """The names a template calls."""
    return set(_SLOT.findall(template))


def number_text(value: float, wording: Wording) -> str:
    """`1,279`, `12.5`, `0.25`: as many digits as can be said, in the language's signs."""
    digits = 0 if abs(value) >= 1000 or value == int(value) else 2
    text = f"{value:,.{digits}f}" if abs(value) >= 1 or value == 0 else f"{value:.3g}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    swap = {",": wording.thousands, ".": wording.decimal}
    return "".join(swap.get(sign, sign) for sign in text)


def wording_of(column: ColumnReasons, name: str, wording: Wording) -> Wording:
    """The words for a column's numbers: years and postal codes have no sign between thousands."""
    spoken = re.sub(r"[\s_.-]+", " ", name)
    ends = (*column.cuts, *(one.only for one in column.bins if one.only is not None))
    bare = column.kind == "number" and not column.unit and column.divide_by == 1
    years = all(end % 1 == 0 and _YEARS[0] <= end <= _YEARS[1] for end in ends)
    if bare and (years or _POSTAL.search(spoken)):
        return wording.model_copy(update={"thousands": ""})
    return wording


def percent_text(share: float, wording: Wording) -> str:
    """`31 %`; near none and near all `0.4 %`, `99.7 %`."""
    value = 100 * share
    text = f"{value:.1f}" if 0 < value < 1 or 99 < value < 100 else f"{value:.0f}"
    return f"{text.replace('.', wording.decimal)} %"


def _of_choice(
    column: ColumnReasons, value: Value, label: Mapping[str, str], weight: float
) -> Situation:
    choice = key_of(value)
    flag = yes_or_no(choice) if column.flag else ""
    named = column.names.get(choice) or column.names.get(flag, "")
    slots = {**label, "value": plain(named or choice_of(value), VALUE_LENGTH)}
    tally = column.choices.get(choice) or _same_truth(column, flag)
    if tally is None and (said := _telling_word(column, column.words, to_parts(value), weight)):
        return Situation("one_of", column.words[said], {**label, "value": said})
    if tally is None:
        # rare choices were counted together, so a new one cannot be told from them
        return (
            Situation("rare", column.rest, slots)
            if column.rest.n
            else Situation("new", Tally(), slots)
        )
    # `asked for a demo` needs no `demo:` before it
    return Situation("named" if flag and named else flag or "value", tally, slots)


def _of_text(
    column: ColumnReasons, value: Value, label: Mapping[str, str], weight: float
) -> Situation:
    """The word that speaks as the column does; that there is a text, where none is known to."""
    said = _telling_word(column, column.words, to_parts(value), weight)
    if said and (column.words[said].share - column.given.share) * weight > 0:
        return Situation("one_of", column.words[said], {**label, "value": said})
    return Situation("given", column.given, label)


def _same_truth(column: ColumnReasons, flag: str) -> Tally | None:
    """What became of those that said yes (or no) in another spelling: a table has yes where the CRM's API says `true`."""
    if not flag:
        return None
    return next((tally for key, tally in column.choices.items() if yes_or_no(key) == flag), None)


def _of_many(
    column: ColumnReasons, value: Value, label: Mapping[str, str], weight: float
) -> Situation:
    joints = joints_of(commas=column.commas, slashes=column.slashes)
    key = _telling_word(column, column.choices, keys_of(value, joints), weight)
    if not key:
        shown = plain(choice_of(value), VALUE_LENGTH)
        found = ("rare", column.rest) if column.rest.n else ("new", Tally())
        return Situation(*found, {**label, "value": shown})
    shown = column.names.get(key) or column.spelt.get(key, key)
    return Situation("one_of", column.choices[key], {**label, "value": plain(shown, VALUE_LENGTH)})


def _telling_word(
    column: ColumnReasons, known: Mapping[str, Tally], held: Collection[str], weight: float
) -> str:
    """Of several that a lead has, the one whose leads were won most often, or least often; empty: none is known.

    Shares are drawn to that of all who say something there, so that a few leads of one do not outdo many of another.
    """
    side, base = 1.0 if weight > 0 else -1.0, column.given.share
    ranked = [
        (side * (known[key].won + _PRIOR * base) / (known[key].n + _PRIOR), key)
        for key in held
        if key in known
    ]
    return max(ranked)[1] if ranked else ""


def _of_year(
    column: ColumnReasons, lead: Lead, wording: Wording, label: Mapping[str, str]
) -> Situation:
    if lead.at is None or len(wording.months) < _MONTHS:
        return Situation("given", column.given, label)
    month = lead.at.astimezone(timezone.utc).month
    first, _, last = quarter_of(month, column.peak)
    slots = {**label, "low": wording.months[first - 1], "high": wording.months[last - 1]}
    return Situation("season", column.choices.get(str(month), Tally()), slots)


def _of_week(
    column: ColumnReasons, lead: Lead, wording: Wording, label: Mapping[str, str]
) -> Situation:
    at = math.nan if lead.at is None else lead.at.timestamp()
    if math.isnan(at) or len(wording.days) < DAYS or (column.hours and not has_hour(at)):
        return Situation("given", column.given, label)
    hour = hour_of(at, column.zone)
    day, own = divmod(hour, HOURS)
    tally = column.choices.get(told_of(hour, hours=column.hours), Tally())
    if not column.hours:
        return Situation("came_day", tally, {**label, "value": wording.days[day]})
    low = own - own % TOGETHER
    name = "came_weekend" if day >= FIRST_OF_WEEKEND else "came_working"
    return Situation(name, tally, {**label, "low": str(low), "high": str(low + TOGETHER)})


def _of_age(
    column: ColumnReasons, lead: Lead, wording: Wording, label: Mapping[str, str]
) -> Situation:
    if math.isnan(lead.days_open):
        return Situation("given", column.given, label)
    days = int(lead.days_open)
    found = column.bins[bisect.bisect_right(column.cuts, lead.days_open)]
    name = "open_days" if days > 1 else "open_day"
    return Situation(name, found, {**label, "value": number_text(days, wording)})


_OF_TIME = {"season": _of_year, "week": _of_week, "open": _of_age}


def _of_number(
    column: ColumnReasons, number: float, label: Mapping[str, str], wording: Wording
) -> Situation:
    place = bisect.bisect_left(column.cuts, number)
    found = column.bins[place]
    low = column.cuts[place - 1] if place else None
    high = column.cuts[place] if place < len(column.cuts) else None
    if found.only is not None and found.only == number and column.kind == "number":
        name, ends = "value", {"value": number}
    elif low is None and high is None:
        return Situation("given", column.given, label)
    elif column.kind == "days" and found.only == number == 0:
        name, ends = "days_same", {}
    elif column.kind == "days":
        name, ends = _of_days(low, high, number)
    else:
        ends = {n: end for n, end in (("low", low), ("high", high)) if end is not None}
        name = "between" if len(ends) > 1 else "over" if "low" in ends else "up_to"

    def shown(value: float) -> str:
        text = number_text(value / column.divide_by, wording)
        return f"{text} {column.unit}" if column.unit else text

    return Situation(name, found, {**label, **{slot: shown(end) for slot, end in ends.items()}})


def _of_days(low: float | None, high: float | None, number: float) -> tuple[str, dict[str, float]]:
    """The situation of a date in a bin above `low` up to `high`, in days before the decision; what is below 0 lies ahead.

    Of a bin that holds both, the side that the date lies on is told.
    """
    if number <= 0 and low is not None and low < 0:
        if high is None or high >= 0:
            return "ahead_up_to", {"high": -low}
        return "ahead_between", {"low": -high, "high": -low}
    if number <= 0 and high is not None and high <= 0:
        return "ahead_over", {"low": -high}
    since = max(low, 0.0) if low is not None else None
    if high is None:
        return "days_over", {"low": since or 0.0}
    return (
        ("days_between", {"low": since, "high": high}) if since else ("days_up_to", {"high": high})
    )
