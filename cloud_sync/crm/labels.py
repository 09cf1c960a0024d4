"""A CRM's own names of the columns that a bundle learned from, and of the values in them: exports often show labels.

A function of values. Who asks a CRM for its fields is that CRM's module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

_SIGNS = re.compile(r"[\W_]+")


def names_of(columns: Iterable[str], there: Mapping[str, str]) -> dict[str, str]:
    """The CRM's name → the column, for the columns that the CRM has.

    A column is a name, else a name apart from case and signs (`Lead Source` is `LeadSource`), else a label that only one
    field has. What a folder of tables added to an export (`accounts.sector`) is in no CRM and is left out.

    Args:
        there: name → label of all fields.
    """
    alike = _unique((_bare(name), name) for name in there)
    labelled = _unique((_bare(label), name) for name, label in there.items() if label)
    asked = list(columns)
    found = {column: column for column in asked if column in there}
    for column in asked:
        name = alike.get(_bare(column)) or labelled.get(_bare(column))
        if name and column not in found:
            found.setdefault(name, column)
    return found


def labelled(value: JsonValue, options: Mapping[str, str]) -> JsonValue:
    """A value as people see it, or several joined by `;`; what is no option, or has no label, stays.

    Args:
        options: value → label; empty: the values are their own.
    """
    if not options or not isinstance(value, str):
        return value
    return ";".join(options.get(part) or part for part in value.split(";"))


def _bare(text: str) -> str:
    return _SIGNS.sub("", text.casefold())


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The pairs whose first part comes once."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for key, name in pairs:
        if key in found:
            twice.add(key)
        found[key] = name
    return {key: name for key, name in found.items() if key and key not in twice}
