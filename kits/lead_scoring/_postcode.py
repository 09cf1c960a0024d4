"""What a postcode tells of a lead without saying where its house stands: the area, and the district in it. It knows no columns of tables."""

from __future__ import annotations

import re
from typing import NamedTuple

_FORMS = tuple(
    re.compile(form)
    for form in (
        # United Kingdom and Canada; the first half alone, too
        r"(?P<area>[A-Z]{1,2})(?P<rest>\d[A-Z\d]?)(?: ?\d[A-Z]{2}|[ -]?\d[A-Z]\d)?",
        r"(?P<area>[A-Z])(?P<rest>\d[\dW]) ?[A-Z\d]{4}",  # Ireland
        r"(?P<area>[A-Z])(?P<rest>\d{4})[A-Z]{3}",  # Argentina
        r"(?P<area>[A-Z]{3})(?P<rest>) ?\d{2,4}",  # Malta
        # the Netherlands, then a hyphen: the United States, Brazil, Poland, Japan, Portugal
        r"(?:NL[ -]?)?(?P<first>\d\d)(?P<rest>\d\d) ?[A-Z]{2}",
        r"(?P<first>\d\d)(?P<rest>\d{3})-\d{3,4}",
        r"(?:PL[ -]?)?(?P<first>\d\d)(?P<rest>-\d{3})",
        r"(?P<first>\d\d)(?P<rest>\d{1,2})-\d{3,4}",
        # digits, behind a country or not
        r"(?P<first>(?:[A-Z]{1,2}[ -]{0,3})?\d\d)(?P<rest>\d[ -]?\d{0,3}|\d{2,6})",
    )
)  # fmt: skip
_LONGEST = 20


class Place(NamedTuple):
    """Where a postcode is: `SW` and `SW12`, `10**` and `1012`, `D80***` and `D80331`."""

    area: str
    district: str


def place_of(postcode: str) -> Place | None:
    """The area and the district of a postcode; None where it is none.

    The area is the letters at the start of a code that has some behind its digits, too, else the first two digits, with the country.
    """
    text = " ".join(postcode[: 4 * _LONGEST].upper().split())
    if len(text) > _LONGEST:
        return None
    found = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if found is None:
        return None
    parts = {name: re.sub(r"[ -]", "", part) for name, part in found.groupdict().items()}
    if "area" in parts:
        return Place(parts["area"], parts["area"] + parts["rest"])
    return Place(parts["first"] + len(parts["rest"]) * "*", parts["first"] + parts["rest"])
