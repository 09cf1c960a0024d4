"""Columns that name parties: the addresses of persons, and firms by their domains.

By names and cells. Whether a column is learned from is decided in `personal.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from kits.lead_scoring._reading.columns.names import rank
from kits.lead_scoring._reading.columns.personal import holds_addresses
from kits.lead_scoring._reading.joining.match_keys import Key, firm_key, text_key
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

_LOOKED_AT = 200
_MOST = 0.8
_OF_MANY = 0.2
"""Leads of so many different persons a row name who asked; the few addresses of those who sell do not."""
_SITE = re.compile(r"(?:https?://)?(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}(?:[/?#]\S{0,2000})?", re.I)


@dataclass(frozen=True)
class Parties:
    """Columns of a table that name parties.

    Attributes:
        addresses: have e-mail addresses.
        persons: of these, the ones of many different persons.
        firms: may have firms' domains, by their name or cells; an address of a person may too.
    """

    addresses: AbstractSet[str]
    persons: AbstractSet[str]
    firms: AbstractSet[str]


def find_parties(sheet: Sheet, among: Sequence[str]) -> Parties:
    """Which of some columns name parties."""
    addresses = {name for name in among if holds_addresses(sheet.cells[name])}
    persons = {name for name in addresses if _of_many(sheet.cells[name], text_key)}
    firms = {name for name in among if _is_firm(name) or _names_firms(sheet.cells[name])}
    return Parties(addresses, persons, firms)


def _of_many(cells: Sequence[str], by: Key) -> bool:
    known = [key for cell in cells if (key := by(cell))]
    return len(set(known)) >= _OF_MANY * len(known)


def _names_firms(cells: Sequence[str]) -> bool:
    """Whether nearly all cells are domains or sites, of many firms, whatever the column is called."""
    some = [cell.strip() for cell in cells if not is_missing(cell)][:_LOOKED_AT]
    sites = sum(bool(_SITE.fullmatch(cell)) for cell in some)
    return sites > 0 and sites >= _MOST * len(some) and _of_many(cells, firm_key)


def _is_firm(name: str) -> bool:
    return rank(name, "email") is not None or rank(name, "domain") is not None
