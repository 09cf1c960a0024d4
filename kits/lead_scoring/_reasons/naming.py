"""What a column is called in a reason where no person said it: made of its name, or as its source calls it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from kits.lead_scoring._reasons.spec import ReasonsSpec
from kits.lead_scoring._reasons.values import plain
from kits.lead_scoring._stand_ins import ENDING, KIND, source_of

LABEL = 60
"""Characters of a column's name for people."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS = re.compile(r"[_.\-/]+|\s+")
_PLACE = re.compile(r"(.+)_([0-9]+)")
_JOINED = re.compile(r"\.(?=\S)")
_RECORD = re.compile(r"[^\W\d_][\w ]{0,40} - (?=\S)")
"""What an export puts before the names of all columns of a record: `Person - `."""
_LONG_TABLE = 12
"""Characters of a table's name from which on it is not said before those of its columns."""
_COUNTED = 40
"""Characters of what was counted from a table, with the table's name: so many fit into a reason beside a value."""
COUNT, LAST, KINDS, IN_ALL, LATEST = "count", "days since last", "kinds", "in all", "of the latest"
"""What readers call the figures that they make of another table's rows, behind the table's name and a colon."""
_FIGURE = re.compile(
    rf"(.+): (?:(?P<count>{COUNT})|(?P<last>{LAST})|(?P<kinds>{KINDS})|(?P<in_all>.+) {IN_ALL}|(?P<latest>.+) {LATEST})"
)
_PREFIXES = ("hs_", "x_studio_", "x_", "custom_")
_SUFFIXES = ("__c", "_id")


def readable(name: str, *, nouns: bool = False) -> str:
    """A column's name as people would write it: `hs_num_visits` → `num visits`, `LeadSource` → `lead source`.

    Args:
        nouns: the language writes them with a capital, so that `Produktinteresse` keeps its own.
    """
    bare = name.strip()
    for prefix in _PREFIXES:
        rest = bare.removeprefix(prefix)
        bare = rest if len(rest) > 2 and not rest.isdigit() else bare
    for suffix in _SUFFIXES:
        bare = bare.removesuffix(suffix) if len(bare) > len(suffix) + 2 else bare
    if " " in bare:
        return " ".join(bare.split())[:LABEL]
    words = [word for part in _SEPARATORS.split(bare) for word in _CAMEL.split(part) if word]
    spoken = [
        word
        if (word.isupper() and len(word) > 1) or (nouns and word[0].isupper())
        else word.lower()
        for word in words
    ]
    short = "." if bare.endswith(".") else ""
    return (" ".join(spoken) + short if spoken else name)[:LABEL]


def title_of(name: str, columns: Collection[str]) -> tuple[str, str]:
    """What a column is called in its file, and the number that was put after it to tell it from another of that title.

    Args:
        columns: all there are; the number is empty where no other has the title.
    """
    found = _PLACE.fullmatch(name)
    return (found[1], found[2]) if found and found[1] in columns else (name, "")


def without_table(name: str, columns: Collection[str]) -> str:
    """A joined column's name without its table's where that is so long that it would take its place; else as it is.

    What was counted from a table (`visits: count`) means nothing without it: there the table's name is cut.

    Args:
        columns: all there are; none other may be left with the same name.
    """
    table, colon, counted = name.rpartition(": ")
    if colon and len(name) > _COUNTED >= 2 * len(counted):
        return f"{table[: _COUNTED - len(counted) - 3].rstrip()}…: {counted}"
    ends = [found.start() for found in _JOINED.finditer(name) if found.start() >= _LONG_TABLE]
    shared = {end: sum(one.startswith(name[: end + 1]) for one in columns) for end in ends}
    if not shared or max(shared.values()) < 2:
        return name
    start = max(shared, key=lambda end: (shared[end], end)) + 1
    record = _RECORD.match(name[start:])
    if record and sum(one.startswith(name[:start] + record[0]) for one in columns) > 1:
        start += record.end()
    own = name[start:]
    others = (one for one in columns if one != name)
    return name if any(one == own or one.endswith(f".{own}") for one in others) else own


def figure_of(name: str) -> tuple[str, str, str]:
    """The figure that a column holds of another table's rows: which, the table, and the column that was counted.

    Which is one of `count`, `last`, `kinds`, `in_all` and `latest`; empty: the column was not made so.
    """
    found = _FIGURE.fullmatch(name)
    if not found:
        return "", "", ""
    which, column = next((key, text) for key, text in found.groupdict().items() if text)
    return which, found[1], column


def placed(label: str, place: str) -> str:
    """A label with its number in brackets: `industry (16)`, where `industry 16` would pass for a value."""
    return f"{label[: LABEL - len(place) - 3]} ({place})" if place else label


def _made(name: str) -> set[str]:
    """Labels that a column's name may have been made into."""
    found = _PLACE.fullmatch(name)
    ends = [found.end() for found in _JOINED.finditer(name) if found.start() >= _LONG_TABLE]
    made: set[str] = set()
    for nouns in (False, True):
        made |= {readable(one, nouns=nouns) for one in (name, *(name[end:] for end in ends))}
        made |= {placed(readable(found[1], nouns=nouns), found[2])} if found else set()
    return made


def called(spec: ReasonsSpec, labels: Mapping[str, str]) -> ReasonsSpec:
    """The same reasons, with the labels of where the leads come from in place of words that were made of columns' names.

    Args:
        labels: column → what people call it there; hostile, as whoever may change fields writes them.
    """
    columns = dict(spec.columns)
    for name, column in spec.columns.items():
        own = name if name.endswith((KIND, ENDING)) else source_of(name)
        label = plain(labels.get(own, ""), LABEL)
        if label and column.label in _made(own):
            columns[name] = column.model_copy(update={"label": label})
    return spec.model_copy(update={"columns": columns})
