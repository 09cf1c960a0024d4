"""Who asked, where the same ones ask again: columns of customers' ids, firms and addresses, and the leads of each.

What is learned of one lead of a customer is known of the next: by lot, both sides of a split would have him, and figures would
be of customers that a model has met. In time a customer's next lead comes after what was learned, as at work. By names and
cells; a column of few values with many leads each (a rep, a product, a place) names nobody who asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kits.core.column_names import plain
from kits.core.placing import has_order
from kits.core.record_keys import column_key
from kits.lead_scoring._reading.columns.names import names_for, rank, without_table
from kits.lead_scoring._reading.columns.personal import holds_addresses, of_owners
from kits.lead_scoring._reading.joining.match_keys import exact_key
from kits.lead_scoring._reading.tables.sheets import Sheet

_LEAST = 20
"""Customers that a column names at least."""
_OFTEN = 20
"""Leads that share a cell, on the average, from which on it is a kind of lead rather than a customer."""
_MOST = 0.1
"""A cell of more of the leads (`private`) names no customer, as in `kits.toolchain.splitting.LARGEST_CLUSTER`."""
_FOUR_DIGITS = 1000


def by_lot(order: Sequence[float | None], won: Sequence[bool | None]) -> bool:
    """Whether the leads with an outcome have no time to be split by: of these it is what counts who asked.

    Args:
        order: (rows,) places in time.
    """
    decided = [place for place, outcome in zip(order, won) if outcome is not None]
    return not has_order(decided or order)


def returning(sheet: Sheet, among: Sequence[str], *, of_a_crm: bool) -> tuple[str, ...]:
    """The columns that name who asked, of whom some ask again; those of the largest groups first: a firm before its persons.

    Args:
        among: columns that have no other meaning.
        of_a_crm: names are a CRM's, whose users are those who sell.
    """
    found: list[tuple[int, str]] = []
    for name in among:
        cells = sheet.cells[name]
        if not (_names_whom(name, cells, of_a_crm=of_a_crm) or _has_addresses(name, cells)):
            continue
        counts = _counts(cells)
        leads = sum(counts.values())
        if len(counts) >= _LEAST and len(counts) < leads < _OFTEN * len(counts):
            found.append((len(counts), name))
    return tuple(name for _, name in sorted(found))


def customers(sheet: Sheet, columns: Sequence[str]) -> list[str]:
    """(rows,) who asked, by the first of the columns that says it; of an address a digest. Empty: nobody is named."""
    whose = [""] * len(sheet)
    for name in columns:
        counts = _counts(sheet.cells[name])
        keys = {cell: exact_key(cell) for cell in set(sheet.cells[name])}
        named = {cell: column_key(name, key) for cell, key in keys.items() if key in counts}
        whose = [known or named.get(cell, "") for known, cell in zip(whose, sheet.cells[name])]
    return whose


def _counts(cells: Sequence[str]) -> Counter[str]:
    """Leads of each customer."""
    counts = Counter(filter(None, map(exact_key, cells)))
    most = max(_LEAST, _MOST * sum(counts.values()))
    return Counter({key: leads for key, leads in counts.items() if leads <= most})


def _has_addresses(name: str, cells: Sequence[str]) -> bool:
    return not of_owners(name) and holds_addresses(cells)


def _names_whom(name: str, cells: Sequence[str], *, of_a_crm: bool) -> bool:
    """Whether a column is called after a customer or his id (`customer_id`, `Kundennr.`, `Company name`); a bare `Company` has
    names or long numbers, as `company: 40` may count its people."""
    own = without_table(name)
    words = set(plain(own).split("_"))
    if of_a_crm and not words.isdisjoint(names_for("user_words")):
        return False
    if rank(own, "customer_id") is not None:
        return True
    whom = words.intersection(names_for("customer_words"))
    if not whom:
        return rank(own, "domain") is not None
    rest = words - whom
    if rest:
        return rest.issubset(names_for("id_words"))
    return not _has_small_numbers(cells)


def _has_small_numbers(cells: Sequence[str]) -> bool:
    numbers = [float(key) for cell in set(cells) if (key := exact_key(cell)).isdecimal()]
    return any(number < _FOUR_DIGITS for number in numbers)
