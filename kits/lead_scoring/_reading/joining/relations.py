"""How a table hangs together with the table of leads: by which columns, and whether it has one row or many of each.

By names and by how many values the two have in common; an e-mail address may meet a firm's domain. Joining is done in
`accounts.py`, `events.py` and `history.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from kits.core.column_names import plain, squeezed
from kits.lead_scoring._reading.columns.names import rank
from kits.lead_scoring._reading.columns.parties import find_parties
from kits.lead_scoring._reading.columns.personal import of_owners
from kits.lead_scoring._reading.joining.loose_keys import (
    GUID,
    PhoneKey,
    bare_id,
    codes,
    lost_something,
    names_rows,
    phones,
    told_apart,
)
from kits.lead_scoring._reading.joining.match_keys import (
    BETWEEN,
    Key,
    all_keys,
    exact_key,
    firm_key,
    first_key,
    text_key,
)
from kits.lead_scoring._reading.leads.ids import counts_rows
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.things import kind_of, kind_of_rows, without_record
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring._reading.values.dates import read_dates

_UNIQUE = 0.98
_MUCH = 0.5
_LITTLE = 0.05
_BY_RECORD = -1
"""A number of the other table's records, by name: a deal's `Associated Contact IDs`."""
_BY_ADDRESS, _BY_NAME, _BY_ENDING, _BY_FIRM = 1, 2, 3, 4
_LEAST_ENDING = 4
_DENSE = 20
"""Ids in a range so many times as large as there are of them count records, each kind of them from one on."""
_ID_ENDS = ("_id", "_ids", "_key", "_no", "nr", "nummer", "_number")
_MORE = frozenset({*_ID_ENDS, "s", "_nr", "_nummer", "snr", "snummer", "s_nr", "s_nummer"})
"""What a name of records has more than the name of what they are."""
_WRITERS = ("created_by", "modified_by", "last_modified_by", "updated_by", "erstellt_von", "geaendert_von", "cree_par", "modifie_par")  # fmt: skip
"""Beginnings of names of columns that say who wrote a row."""
_LOOKED_AT = 200
_DIGITS = 16
_NAME = re.compile(r"_(?:name|naam|nom|nombre|nome|nazwa|nazev|jmeno)$")


@dataclass(frozen=True)
class Link:
    """How a table's rows find their leads.

    Attributes:
        lead_column: in the table of leads.
        column: in the other table.
        key: what their cells are compared by.
        unique: whether the other table has one row of each value.
        lead_unique: whether the leads have.
        leads: how many leads find a row.
        rows: how many rows find a lead.
    """

    lead_column: str
    column: str
    key: Key
    unique: bool
    lead_unique: bool
    leads: int
    rows: int

    @property
    def lists(self) -> bool:
        """Whether a cell may hold several ids."""
        return self.key is first_key

    def keys(self, cell: str) -> tuple[str, ...]:
        """What a cell is compared by, each of several ids in it."""
        if self.lists:
            return all_keys(cell)
        key = self.key(cell)
        return (key,) if key else ()

    def said(self) -> str:
        """`account` or `email = contact_email`, and how many met."""
        names = (
            self.column
            if squeezed(self.column) == squeezed(self.lead_column)
            else f"{self.column} = {self.lead_column}"
        )
        return f"by {names}{self._how()}"

    def _how(self) -> str:
        if isinstance(self.key, PhoneKey):
            shared = len(self.key.shared)
            left = f"; {shared} are of several numbers and find nobody" if shared else ""
            return f" (by the last digits of phone numbers{left})"
        if self.key is bare_id:
            return " (numbers without zeros or marks before them)"
        return " (domain)" if self.key is firm_key else ""


def find_link(leads: Sheet, other: Sheet, of: str = "", key: str = "") -> Link | None:
    """The most telling pair of columns; None when the tables have nothing in common.

    Args:
        of: a stated column of the leads.
        key: a stated column of the other table.
    """
    found = [
        (place, link)
        for place, mine, theirs, by in _pairs(leads, other, of, key)
        if (link := _nearest(leads, other, mine, theirs, by, stated=bool(of or key))) is not None
        # many rows of each country are not what happened to a lead; those of a person are
        and (of or key or link.unique or link.lead_unique or place not in (_BY_NAME, _BY_ENDING))
        and (of or key or not (_by_chance(leads, other, link) or _of_sellers(link)))
    ]
    if not found:
        return _loosely(leads, other, of, key) or _by_codes(leads, other, of, key)
    found = found if of or key else _own_first(leads, found)
    # a link that many leads share is a worse name for one than a link that is their own
    return min(found, key=lambda pair: (pair[0], not pair[1].lead_unique, -pair[1].leads))[1]


def _of_sellers(link: Link) -> bool:
    """Whether all that a rep did would be told of each of the rep's leads: `OwnerId` of leads and of tasks."""
    names = (link.lead_column, link.column)
    shared = not (link.unique or link.lead_unique)
    return shared and any(of_owners(one) or plain(one).startswith(_WRITERS) for one in names)


def _own_first(leads: Sheet, found: list[tuple[int, Link]]) -> list[tuple[int, Link]]:
    """Without what rows have in common with many leads, where other ids of theirs are of one each: `WhoId` before `AccountId`."""
    own = {
        link.column
        for place, link in found
        if place in (0, _BY_ADDRESS)
        and link.lead_unique
        and not _counts(leads.cells[link.lead_column])
    }
    return [
        (place, link)
        for place, link in found
        if link.unique or link.lead_unique or not own - {link.column}
    ]


def _loosely(leads: Sheet, other: Sheet, of: str, key: str) -> Link | None:
    """By ids that lost their leading zeros in one table, or have a program's mark there, else by phone numbers."""
    mine, theirs = [of] if of else _kept(leads), [key] if key else _kept(other)
    pairs: list[tuple[str, str, Key]] = []
    for one in filter(is_id, mine):
        for two in filter(is_id, theirs):
            long = squeezed(one) != squeezed(two)
            both = leads.cells[one], other.cells[two]
            if lost_something(*both) and all(told_apart(cells, long=long) for cells in both):
                pairs.append((one, two, bare_id))
    for one in set(phones(leads)) & set(mine):
        for two in set(phones(other)) & set(theirs):
            pairs.append((one, two, PhoneKey.of(leads.cells[one], other.cells[two])))
    links = [_link(leads, other, *pair, stated=False) for pair in pairs]
    met = [link for link in links if link is not None and (link.unique or link.lead_unique)]
    return max(met, key=lambda link: (link.leads, link.lead_column, link.column), default=None)


def _by_codes(leads: Sheet, other: Sheet, of: str, key: str) -> Link | None:
    """By codes of one lead each, such as `V-24-100967`, whatever they are called: `Bezug` of the activities of a `Vorgang`."""
    mine = [name for name in codes(leads) if name == (of or name)]
    theirs = [name for name in codes(other) if name == (key or name)] if mine else []
    links = [
        _nearest(leads, other, one, two, text_key, stated=False) for one in mine for two in theirs
    ]
    met = [link for link in links if link is not None and link.lead_unique]
    met = met or _by_guids(leads, other, [link for link in links if link is not None])
    return max(met, key=lambda link: (link.leads, link.lead_column, link.column), default=None)


def _by_guids(leads: Sheet, other: Sheet, links: Sequence[Link]) -> list[Link]:
    """By numbers of the other table's rows that nothing else has, those of the rows themselves (`parentaccountid`, `accountid`)
    before those of what they belong to; who wrote a lead says little of it."""
    mine, theirs = {*codes(leads, GUID)}, {*codes(other, GUID)}
    found = [
        link
        for link in links
        if link.unique
        and link.lead_column in mine
        and link.column in theirs
        and not squeezed(link.lead_column).startswith(tuple(map(squeezed, _WRITERS)))
    ]
    sure = [names_rows(link.lead_column, link.column, other.called) for link in found]
    return [link for link, one in zip(found, sure) if one == max(sure)]


def _pairs(leads: Sheet, other: Sheet, of: str, key: str) -> Iterator[tuple[int, str, str, Key]]:
    """Columns worth comparing: (how telling, of the leads, of the other table, by what)."""
    mine = [of] if of else _kept(leads)
    theirs = [key] if key else _kept(other)
    ours, others = find_parties(leads, mine), find_parties(other, theirs)
    for one in mine:
        for two in theirs:
            place = _place(without_record(leads, one), two, one)
            if place in (None, _BY_NAME) and one in ours.addresses and two in others.addresses:
                # `Customer e-mail` of an order, whatever the leads call theirs
                place = _BY_ADDRESS if one in ours.persons else _BY_NAME
            if place is not None or (of and key):
                listed = (is_id(one) and _lists(leads, one)) or (is_id(two) and _lists(other, two))
                if _names_records(leads, one, other, two):
                    place = _BY_RECORD
                yield place or 0, one, two, first_key if listed else text_key
            if one in ours.firms | ours.persons and two in others.firms:
                yield _BY_FIRM, one, two, firm_key


def _kept(sheet: Sheet) -> Sequence[str]:
    """Columns that may name something: two tables that were written at the same time have nothing in common by that."""
    kept = []
    for name in sheet.columns:
        known = (cell for cell in dict.fromkeys(sheet.cells[name]) if not is_missing(cell))
        some = list(islice(known, _LOOKED_AT))
        if some and read_dates(name, some, sheet.dates) is None:
            kept.append(name)
    return kept


def _lists(sheet: Sheet, name: str) -> bool:
    return any(BETWEEN in cell for cell in sheet.cells[name])


def _names_records(leads: Sheet, one: str, other: Sheet, two: str) -> bool:
    """Whether a column of the leads has the ids of what the other table lists, which goes before what both have of a third."""
    kind = kind_of(one)
    if not kind or kind != kind_of_rows(other) or kind == kind_of_rows(leads):
        return False
    own = rank(two, "id") is not None and kind_of(two) in ("", kind)
    return own and is_id(one) and len(_by_key(other.cells[two])) > 0


def _by_chance(leads: Sheet, other: Sheet, link: Link) -> bool:
    """Whether the other table numbers its own rows, and the leads' numbers are of other things: deal 17 is not firm 17.

    Where both count from one to their last row, nor is row 17 of one list that of another which says something else there.
    """
    mine, theirs = link.lead_column, link.column
    if not (link.unique and is_id(mine) and is_id(theirs)):
        return False
    counted = counts_rows(leads.cells[mine]) and counts_rows(other.cells[theirs])
    if counted and not same_rows(leads, mine, other, theirs):
        return True
    one = kind_of(mine) or kind_of_rows(leads)
    two = kind_of(theirs) or kind_of_rows(other)
    known = bool(one and two) and one != two
    return known and _counts(leads.cells[mine]) and _counts(other.cells[theirs])


def same_rows(one: Sheet, mine: str, other: Sheet, theirs: str) -> bool:
    """Whether rows of two tables that have the same id say the same in most of the columns that both have.

    Args:
        mine: the id's column of the first table.
        theirs: that of the other one.
    """
    rows, others = _by_key(one.cells[mine]), _by_key(other.cells[theirs])
    met = rows.keys() & others.keys()
    known = {squeezed(name): name for name in other.columns if name != theirs}
    both = [
        (name, known[word])
        for name in one.columns
        if name != mine and (word := squeezed(name)) in known
    ]
    pairs = [(one.cells[a][rows[key]], other.cells[b][others[key]]) for a, b in both for key in met]
    told = [(a, b) for a, b in pairs if not is_missing(a) and not is_missing(b)]
    return bool(met) and sum(text_key(a) == text_key(b) for a, b in told) >= _MUCH * len(told)


def _by_key(cells: Sequence[str]) -> dict[str, int]:
    """Rows by their id; empty where it is none of a row."""
    found = {key: row for row, cell in enumerate(cells) if (key := text_key(cell))}
    return found if len(found) >= _UNIQUE * len(cells) else {}


def _counts(cells: Sequence[str]) -> bool:
    """Whether ids are numbers given one by one."""
    known = {cell.strip() for cell in cells if not is_missing(cell)}
    if not known or not all(cell.isdecimal() and len(cell) < _DIGITS for cell in known):
        return False
    numbers = sorted(map(int, known))
    return numbers[-1] - numbers[0] < _DENSE * len(numbers)


def _place(one: str, two: str, whole: str) -> int | None:
    """How telling two names are for each other, 0 the most; None: not at all.

    Args:
        one: of the leads, without the kind of record before it.
        whole: the same with it.
    """
    if one != whole:
        found = [
            place for place in (_place(whole, two, whole), _by_words(one, two)) if place is not None
        ]
        return min(found, default=None)
    both_mail = rank(one, "email") is not None and rank(two, "email") is not None
    if squeezed(one) == squeezed(two):
        return 0 if is_id(one) or both_mail else _BY_NAME
    if both_mail:
        return 1
    if is_id(one) and is_id(two):
        # `id` of the leads and `lead_id` of the rest
        return 1
    return _by_words(one, two)


def _by_words(one: str, two: str) -> int | None:
    if _same_thing(one, two):
        return _BY_NAME
    return _BY_ENDING if _names_the_other(one, two) else None


def is_id(name: str) -> bool:
    """Whether a name says that its column tells records apart."""
    return rank(name, "id") is not None or plain(name).endswith(_ID_ENDS)


def _same_thing(one: str, two: str) -> bool:
    """`account` and `account_name`, `product` and `product_id`, `Vorgang` and `Vorgangsnummer`."""
    short, long = sorted((plain(one), plain(two)), key=len)
    if not short or not long.startswith(short):
        return False
    return long[len(short) :] in _MORE or _NAME.sub("", long) == short


def _names_the_other(one: str, two: str) -> bool:
    """`Contact person` of a deal and `Person - Name` of the persons, `Parent Account for lead` and `Account Name`."""
    thing = _NAME.sub("", plain(two))
    ends = thing != plain(two) and len(thing) >= _LEAST_ENDING
    there = plain(one).endswith(thing) or f"_{thing}_" in f"_{plain(one)}_"
    return ends and kind_of(two) != "" and there


def _nearest(
    leads: Sheet, other: Sheet, mine: str, theirs: str, by: Key, *, stated: bool
) -> Link | None:
    """By the cells as they stand where all signs tell them apart: `1-23` is not `12-3`, though both are 123 without."""
    link = _link(leads, other, mine, theirs, by, stated=stated)
    if link is None or by is not text_key:
        return link
    if not (_collide(leads.cells[mine]) or _collide(other.cells[theirs])):
        return link
    exact = _link(leads, other, mine, theirs, exact_key, stated=stated)
    return exact if exact is not None and exact.leads >= _UNIQUE * link.leads else link


def _collide(cells: Sequence[str]) -> bool:
    """Whether different cells are one without their signs."""
    known = {key for cell in cells if (key := exact_key(cell))}
    return len({text_key(cell) for cell in known}) < len(known)


def _link(
    leads: Sheet, other: Sheet, mine: str, theirs: str, by: Key, *, stated: bool
) -> Link | None:
    my_cells, their_cells = _keyed(leads.cells[mine], by), _keyed(other.cells[theirs], by)
    my_keys = [key for keys in my_cells for key in keys]
    their_keys = [key for keys in their_cells for key in keys]
    if not my_keys or not their_keys:
        return None
    mine_set, their_set = set(my_keys), set(their_keys)
    common = mine_set & their_set
    met = sum(not common.isdisjoint(keys) for keys in my_cells)
    share = max(len(common) / len(mine_set), len(common) / len(their_set))
    if not common or (not stated and (share < _MUCH or met < _LITTLE * len(my_cells))):
        return None
    return Link(
        mine,
        theirs,
        by,
        unique=len(their_set) >= _UNIQUE * len(their_keys),
        lead_unique=len(mine_set) >= _UNIQUE * len(my_keys),
        leads=met,
        rows=sum(not common.isdisjoint(keys) for keys in their_cells),
    )


def _keyed(cells: Sequence[str], by: Key) -> list[tuple[str, ...]]:
    """What each cell is compared by, without cells that say nothing."""
    if by is first_key:
        return [keys for cell in cells if (keys := all_keys(cell))]
    return [(key,) for cell in cells if (key := by(cell))]
