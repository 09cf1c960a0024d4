"""What kind of thing the rows of a table are, or what an id numbers: a firm, a person, a lead. By names alone.

Whether two tables belong together is decided in `joining/relations.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from kits.core.column_names import plain
from kits.lead_scoring._reading.columns.names import by_rank, names_for, rank
from kits.lead_scoring._reading.tables.sheets import Sheet

FIRM, PERSON, LEAD = "firm", "person", "lead"
_KINDS = {FIRM: "firm_words", PERSON: "person_words", LEAD: "lead_words"}
_RECORD = re.compile(r"([^\W\d_][\w ]{0,40}) - (?=\S)")
"""What an export puts before the name of each column: the kind of record (`Deal - Title`)."""
_MOSTLY = 0.8


@lru_cache(1 << 12)
def kind_of(name: str) -> str:
    """What a name speaks of: `Organization - ID` and `companies-2025` of a firm; empty where it says nothing."""
    words = set(plain(name).split("_"))
    found = [kind for kind, listed in _KINDS.items() if words & set(names_for(listed))]
    return found[0] if len(found) == 1 else ""


def kind_of_rows(sheet: Sheet) -> str:
    """What a table lists: by what stands before the names of its columns, else by its own name."""
    return kind_of(record_of(sheet)) or kind_of(sheet.called)


def record_of(sheet: Sheet) -> str:
    """What most names of columns begin with, where that is a kind of record; else empty."""
    starts = [match[1] for name in sheet.columns if (match := _RECORD.match(name))]
    first = max(starts, key=starts.count, default="")
    return first if starts.count(first) >= _MOSTLY * len(sheet.columns) else ""


def ranked_in(sheet: Sheet, columns: Iterable[str], meaning: str) -> list[str]:
    """The columns whose names have a meaning, most telling first, whatever record an export puts before all names."""
    bare: dict[str, str] = {}
    for column in columns:
        bare.setdefault(without_record(sheet, column), column)
    return [bare[name] for name in by_rank(bare, meaning)]


def without_record(sheet: Sheet, name: str) -> str:
    """A column's name without the kind of record before it: `Organization` for `Deal - Organization`."""
    record = record_of(sheet)
    return name[len(record) + 3 :] if record and name.startswith(f"{record} - ") else name


def of_customers(name: str) -> bool:
    """Whether a column is called after a customer's number or his name: `customer_id`, `Kundennr.`, `Company ID`."""
    words = set(plain(name).split("_"))
    whom = words.intersection(names_for("customer_words"))
    named = bool(whom) and words - whom <= {*names_for("id_words"), "nº"}
    return named or rank(name, "customer_id") is not None
