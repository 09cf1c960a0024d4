"""Columns that name a person or a mailbox: kept out of what is learned from. An address leaves what kind it is of, a phone number that
it was left, a postcode the area that it is in, and the district.

By name and cells. Columns that only count as protected (age, gender) are the court's matter.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kits.core.column_names import plain
from kits.lead_scoring._lead import Value
from kits.lead_scoring._no_lead import trial_words
from kits.lead_scoring._postcode import place_of
from kits.lead_scoring._reading.columns.names import rank, speaks_of, without_table
from kits.lead_scoring._reading.leads.ids import counts_rows
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring._reading.values.dates import read_dates
from kits.lead_scoring._stand_ins import ENDING, GIVEN, KIND, of_postcodes, source_of, stand_in

POSTCODE, _ROW_NUMBER = "postcode", "row number"
_MAIL = re.compile(r"[^\s@,;<>]{1,64}@[^\s@,;<>]{1,190}\.[^\s@,;<>.]{2,24}")
_PHONE = re.compile(r"(?:\+|00)\d[\d ()/.-]{6,22}")
_DIALLED = re.compile(r"[+(]?\d(?:[ ()/.-]{0,3}\d){6,14}")
_DIGITS = re.compile(r"[\d ]+")
_FORMS = (("e-mail address", _MAIL), ("phone number", _PHONE))
_COUNTED = 20
"""Rows of one file that chance does not number one by one."""
_MOST, _ALMOST_ALL = 0.8, 0.95
_VARIED = 0.2
"""A column of names or numbers has many different ones, `contact: cellular` is none; but first names come again."""
_LOOKED_AT = 500
_OF_A_DISTRICT, _OTHERS = 10, 10
"""Leads of a district from which on it is learned from, and of other endings of addresses than the usual one."""
_YES_OR_NO = 2
"""`Contact person: yes` says that there is one, not who."""


_OWN = ("surely_person", "phone", "address", "birth")
"""Meanings that a column keeps whatever record it is of."""


@dataclass(frozen=True)
class Personal:
    """One such column and what it is: `e-mail address`, `phone number`, `name`, `birth date`, `address`, `postcode`, `identifier`,
    `row number`."""

    column: str
    what: str


def find_personal(sheet: Sheet, counter: str = "") -> list[Personal]:
    """The columns that name persons, mailboxes or records.

    Args:
        counter: a column that rises from row to row and is no time: where the rows are sorted by outcome, it tells the outcome.
    """
    of_persons = {_table(name) for name in sheet.columns if _means(_called(name), "surely_person")}
    return [
        Personal(name, what)
        for name in sheet.columns
        if (
            what := _what(name, sheet, of_persons=_table(name) in of_persons - {""})
            or (_ROW_NUMBER if name == counter else _place(name, sheet))
        )
    ]


def _table(column: str) -> str:
    """The table that a column was joined from; empty: it is the leads' own."""
    return column.rstrip(". ").rpartition(".")[0]


def _place(name: str, sheet: Sheet) -> str:
    """`row number` where a column counts the rows of each file, up or down: it tells lists apart, or when rows were written."""
    cells = sheet.cells[name]
    if not all(cell.strip().isdecimal() for cell in cells[:_COUNTED]):
        return ""
    files: dict[str, list[str]] = defaultdict(list)
    for file, cell in zip(sheet.files, cells):
        files[file].append(cell.strip())
    if len(files) < 2 and len(sheet) < _COUNTED:
        return ""
    counts = all(counts_rows(cells) or counts_rows(cells[::-1]) for cells in files.values())
    return _ROW_NUMBER if counts else ""


def _what(name: str, sheet: Sheet, *, of_persons: bool) -> str:
    """What a column names. `of_persons`: it was joined from a table that has surnames: `Nombre` is a first name there."""
    known = [cell.strip() for cell in sheet.cells[name] if not is_missing(cell)]
    some = known[:: max(1, len(known) // _LOOKED_AT)]
    if not known:
        return ""
    by_cells = next((what for what, form in _FORMS if _share(some, form) >= _MOST), "")
    varied = len(set(known)) >= _VARIED * len(known)
    names = _called(name)
    surely = _means(names, "surely_person") or _means(names, "birth")
    sure = len(set(known)) > _YES_OR_NO and surely
    own = without_table(name) if of_persons else name
    told = varied or sure or rank(own, "own_name") is not None
    return (
        by_cells
        or (POSTCODE if _holds_postcodes(name, some) else "")
        or (_by_name(names, known, some) if told else "")
        or _within(name, known, some)
    )


def _holds_postcodes(name: str, some: Sequence[str]) -> bool:
    """Whether a column has postcodes with letters or hyphens; those of digits are numbers, which are learned from as they are."""
    if not speaks_of(name, "postcode") or _share(some, _DIGITS) >= _ALMOST_ALL:
        return False
    return sum(place_of(cell) is not None for cell in some) >= _MOST * len(some)


def of_owners(column: str) -> bool:
    """Whether a column is called after who works on the leads."""
    words = f" {plain(column).replace('_', ' ')} "
    return any(f" {word} " in words for word in trial_words("owners"))


def holds_addresses(cells: Sequence[str]) -> bool:
    """Whether nearly all of a column's cells that say something are e-mail addresses."""
    looked_at = cells[:: max(1, len(cells) // _LOOKED_AT)]
    some = [cell.strip() for cell in looked_at if not is_missing(cell)]
    return bool(some) and _share(some, _MAIL) >= _MOST


def _called(column: str) -> list[str]:
    """What a column is called without its table (`table.column`), and without its record where that leaves a person's name or number.

    `Person - First name` and `Person - Phone - Work` do; `Organisation - Name` is a firm's.
    """
    own = without_table(column)
    bare = own.split(" - ")[1:]
    return [own, *(part for part in bare if any(rank(part, one) is not None for one in _OWN))]


def _within(column: str, known: Sequence[str], some: Sequence[str]) -> str:
    """What a longer name says (`Phone (Billing)`, `What is your full name?`), where the cells are nothing else."""
    if speaks_of(column, "phone_phrases"):
        return "phone number" if _share(some, _DIALLED) >= _MOST else ""
    if speaks_of(column, "birth"):
        return "birth date" if read_dates(column, list(dict.fromkeys(known))) else ""
    named = speaks_of(column, "person_phrases")
    digits = any(character.isdigit() for cell in some for character in cell)
    return "name" if named and not digits and len(set(known)) > _YES_OR_NO else ""


def _by_name(names: Sequence[str], known: Sequence[str], some: Sequence[str]) -> str:
    numbers = all(_is_number(cell) for cell in some)
    ends = plain(names[0])
    identifier = _means(names, "id") or ends.endswith("_id") or ends.startswith("id_")
    rules = (
        ("phone number", _means(names, "phone")),
        ("birth date", _means(names, "birth")),
        ("address", _means(names, "address")),
        ("name", not numbers and (_means(names, "person") or _means(names, "surely_person"))),
        ("identifier", identifier and len(set(known)) == len(known) > 1),
    )
    return next((what for what, holds in rules if holds), "")


def _means(names: Sequence[str], meaning: str) -> bool:
    return any(rank(name, meaning) is not None for name in names)


def _share(cells: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(bool(pattern.fullmatch(cell)) for cell in cells) / len(cells)


def _is_number(cell: str) -> bool:
    return cell.replace(".", "").replace(",", "").lstrip("-").isdigit()


def stand_ins(
    sheet: Sheet, personal: Sequence[Personal], known: Collection[str]
) -> dict[str, Sequence[Value]]:
    """What tells something of these columns without naming anybody: the kind of each address, whether a phone number was left, the area
    of each postcode, and the district.

    Args:
        known: columns that leads are known by; a number that all have, or none, tells nothing else.
    """
    by_what: dict[str, list[str]] = defaultdict(list)
    for one in personal:
        by_what[one.what].append(one.column)
    mails = by_what["e-mail address"]
    places = [made for name in sheet.columns for made in of_postcodes(name)]
    made = [f"{name}{KIND}" for name in mails] + [name for name in places if name in known]
    sources = set(map(source_of, made))
    made += [p for n in by_what[POSTCODE] if n not in sources for p in _places_in(sheet, n)]
    endings = [f"{name}{ENDING}" for name in mails]
    made += [name for name in endings if name in known or _varies(_stands(name, sheet))]
    found = {name: _stands(name, sheet) for name in made}
    # a file of leads that all left none does not show what the column is
    numbers = [n for n in sheet.columns if n in by_what["phone number"] or f"{n}{GIVEN}" in known]
    erased = _all_empty(sheet, [*mails, *by_what["name"]])
    for name in numbers:
        given = [not is_missing(cell) for cell in sheet.cells[name]]
        if f"{name}{GIVEN}" in known or len(set(given)) > 1:
            # of whom nothing is left that names him, the number was erased, too
            told = [left or (None if gone else False) for left, gone in zip(given, erased)]
            found[f"{name}{GIVEN}"] = told
    return found


def _all_empty(sheet: Sheet, columns: Sequence[str]) -> list[bool]:
    """(rows,) whether a row says nothing in any of some columns; no row does so in none."""
    if not columns:
        return [False] * len(sheet)
    return [all(map(is_missing, row)) for row in zip(*(sheet.cells[name] for name in columns))]


def _places_in(sheet: Sheet, name: str) -> tuple[str, ...]:
    """What is made of a column of postcodes: their areas, and their districts where most leads are of one that many are of."""
    area, district = of_postcodes(name)
    often = Counter(one for one in _stands(district, sheet) if one is not None)
    many = sum(n for n in often.values() if n >= _OF_A_DISTRICT)
    return (area, district) if 2 * many > often.total() else (area,)


def _varies(values: Sequence[Value]) -> bool:
    """Whether enough leads have another value than most."""
    often = Counter(value for value in values if value is not None)
    others = often.total() - max(often.values(), default=0)
    return others >= max(_OTHERS, (1 - _ALMOST_ALL) * often.total())


def _stands(made: str, sheet: Sheet) -> Sequence[Value]:
    """What stands in each row for the cell of the column that one is made of."""
    cells = sheet.cells[source_of(made)]
    table = {cell: stand_in(made, cell) for cell in set(cells)}
    return [table[cell] for cell in cells]
