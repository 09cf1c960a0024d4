"""What stands in a lead in place of what would name somebody: the kind of a mailbox and what its address ends in, whether a phone
number was left, the area and the district of a postcode.

The same at import and at scoring, so a bundle that learned from it can be asked with the address, the number or the
postcode itself, which is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from kits.lead_scoring._features.cells import is_missing, to_choice
from kits.lead_scoring._lead import Lead, Value
from kits.lead_scoring._mailbox import ending_of, mailbox_kind
from kits.lead_scoring._postcode import place_of

KIND, ENDING, GIVEN = " (kind of mailbox)", " (ending of address)", " (number given)"
"""What the name of an address's column is followed by, and that of a phone number's."""
AREA, DISTRICT = " (postcode area)", " (postcode district)"
"""The same of a postcode's."""


def source_of(column: str) -> str:
    """The column that one was made of; itself where it was made of none."""
    return next((column.removesuffix(end) for end in _MADE if column.endswith(end)), column)


def made_among(columns: Iterable[str]) -> tuple[str, ...]:
    """Those of some columns that were made of others."""
    return tuple(name for name in columns if source_of(name) != name)


def of_postcodes(column: str) -> tuple[str, str]:
    """What may be made of a column of postcodes."""
    return f"{column}{AREA}", f"{column}{DISTRICT}"


def as_filled_in(column: str, values: Sequence[Value]) -> Sequence[Value]:
    """A column as it would be filled in: of a number that was not left nothing is there."""
    return [value or None for value in values] if column.endswith(GIVEN) else values


def stand_in(column: str, value: Value) -> Value:
    """What stands in a column that was made, for a value of its source."""
    return _MADE[column.removeprefix(source_of(column))](value)


def with_stand_ins(lead: Lead, made: Iterable[str]) -> Lead:
    """The lead with what stands in place of each address and number, and without these.

    Args:
        made: as `made_among` gives them; one whose source the lead does not bring stays as it is.
    """
    found = {name: source for name in made if _tells(lead, name, source := source_of(name))}
    if not found:
        return lead
    sources = set(found.values())
    fields = {name: value for name, value in lead.fields.items() if name not in sources}
    stands = {name: stand_in(name, lead.fields[source]) for name, source in found.items()}
    return replace(lead, fields={**stands, **fields})


def _tells(lead: Lead, name: str, source: str) -> bool:
    """Whether a lead brings what a column is made of: an address that is not there is none, a number that is not there tells."""
    there = isinstance(lead.fields.get(source), str | int | float)
    return source in lead.fields and (name.endswith(GIVEN) or there)


def _kind(value: Value) -> Value:
    return mailbox_kind(str(value))


def _ending(value: Value) -> Value:
    return ending_of(str(value))


def _given(value: Value) -> Value:
    return not is_missing(value)


def _area(value: Value) -> Value:
    place = place_of(to_choice(value))
    return place and place.area


def _district(value: Value) -> Value:
    place = place_of(to_choice(value))
    return place and place.district


_MADE: Mapping[str, Callable[[Value], Value]] = {
    KIND: _kind,
    ENDING: _ending,
    GIVEN: _given,
    AREA: _area,
    DISTRICT: _district,
}
