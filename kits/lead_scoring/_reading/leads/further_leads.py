"""Leads of a table that numbers customers: who asks again, on another day, is another lead.

Which of a customer's leads a row is a state of is told by when it came, as exactly as both tables say it: by the month where one has
no days, and a clock's zone apart where it stands in one alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from kits.core.kit import Finding
from kits.core.moments import start_of_month
from kits.core.record_keys import column_key, dated_key, is_dated
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.columns.names import rank
from kits.lead_scoring._reading.leads.before import Before
from kits.lead_scoring._reading.tables.things import of_customers

_CLOCK = 1e8
"""Places in time from which on they are seconds since 1970, and not ranks."""
_DAY = 86_400.0
_ZONES = 14 * 3_600.0
"""How far the clocks of the world are from that of Greenwich at most."""
_LEAST, _NEARLY_ALL = 20, 0.9
"""Customers that are there, and the share of them that a table of all leads has."""


def days_of_customers(known: Known, *, stated: bool) -> list[str]:
    """(rows,) the day on which each lead came, where ids are those of customers and a column called like that says when; else empty.

    Args:
        stated: a person said which column has the ids: then each names one lead.
    """
    roles = known.roles
    dated = rank(roles.decided_at, "decided_at") is not None if roles.decided_at else False
    named = known.crm is None and not stated and of_customers(roles.id)
    # another column orders the leads, and is what is noted of those that are there
    if not named or not dated or roles.order:
        return [""] * len(known.sheet)
    return [_day(at) for at in known.at]


def keys_of_customers(
    known: Known, ids: Sequence[str], days: Sequence[str], before: Before
) -> list[str]:
    """(rows,) the key of the customer's lead that each is a state of, else one of its own: his first lead has the column's alone."""
    there = [
        dict(_there(known.roles.id, one, before)) if day else {} for one, day in zip(ids, days)
    ]
    months = known.by_month(known.roles.decided_at)
    found = [""] * len(ids)
    taken: set[str] = set()
    for exact in (True, False):
        for row, at in enumerate(known.at):
            if at is None or found[row]:
                continue
            free = ((key, place) for key, place in there[row].items() if key not in taken)
            same = (
                key
                for key, place in free
                if (_day(at) == _day(place) if exact else _near(at, place, by_month=months or key in before.by_month))
            )  # fmt: skip
            found[row] = next(same, "")
            taken.add(found[row])
    first: dict[str, str] = {}
    for identity, day in zip(ids, days):
        first[identity] = min(first.get(identity, day), day)
    return [
        key or _new(known.roles.id, one, day, "" if have else first[one])
        for key, one, day, have in zip(found, ids, days, there)
    ]


def asked_again(
    known: Known, ids: Sequence[str], keys: Sequence[str], before: Before
) -> Iterator[Finding]:
    """What is told of customers who are there with another day alone. A table of all leads would have that day, too: where it has
    nearly all customers and not that, the column may say when leads were changed last."""
    here = set(keys)
    again = []
    for one, key in zip(ids, keys):
        others = dict(_there(known.roles.id, one, before)) if is_dated(key) else {}
        if others and key not in others and here.isdisjoint(others):
            again.append(one)
    if not again:
        return
    met = len(before.places.keys() & set(ids))
    whole = met >= max(_LEAST, _NEARLY_ALL * len(before.places))
    by = known.roles.decided_at
    yield Finding(
        "asked-again", "warn" if whole else "pass",
        f"{len(again)} leads are of customers ({known.roles.id}) who are there with another day in {by}: they were read as further "
        f"leads{f', though this table has {met} of the {len(before.places)} customers that are there' if whole else ''}",
        (known.roles.id, by),
        f"if {by} changes while a lead is worked on, and each customer is one lead: model.source.id: {known.roles.id}",
    )  # fmt: skip


def _there(column: str, identity: str, before: Before) -> Iterator[tuple[str, float]]:
    """The customer's leads that are there, with when they came; none of one of which that is not known."""
    own = {column_key(column, identity): before.places.get(identity)}
    leads = (own | dict(before.further.get(identity, {}))).items()
    yield from ((key, at) for key, at in leads if at is not None and at > _CLOCK)


def _new(column: str, identity: str, day: str, first: str) -> str:
    return column_key(column, identity) if day == first else dated_key(column, identity, day)


def _near(one: float, other: float, *, by_month: bool) -> bool:
    """Whether two tables may say one moment so: months without days, a day and a clock, a clock here and one elsewhere."""
    if by_month:
        return start_of_month(one) == start_of_month(other)
    apart = abs(one - other)
    whole = [at % _DAY == 0 for at in (one, other)]
    if whole[0] == whole[1]:
        return apart <= _ZONES and not all(whole)
    later = (one > other) == whole[1]
    return apart < (_DAY + _ZONES if later else _ZONES)


def _day(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, tz=timezone.utc).date().isoformat()
