"""JSON of platforms, databases and gateways → rows: what is nested is unfolded, what holds for several readings stands beside each.

Knows shapes, not programs: objects in lists, a list per channel, columns beside rows, pairs of time and value, lists side by
side, and SenML's base values (RFC 8428). What a column means is decided elsewhere.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic import JsonValue

from kits.predictive_maintenance._reading.columns.names import role_of

Path: TypeAlias = tuple[str, ...]
Row: TypeAlias = dict[Path, JsonValue]
_NUMBER = re.compile(r"\d{1,13}(?:\.\d{1,9})?")
_SENML = frozenset({"bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut"})  # fmt: skip
_DEEPEST = 12


@dataclass(frozen=True)
class _Around:
    """What lies around a value.

    Attributes:
        told: single values of the objects around it.
        lists: lists of single values of these, which belong to a list of the same length.
        alone: the objects around it are the only ones, as an answer's are.
    """

    told: Row = field(default_factory=dict)
    lists: Mapping[Path, Sequence[JsonValue]] = field(default_factory=dict)
    alone: bool = True


def rows_of(document: JsonValue, *, several: bool = False) -> Iterator[Row]:
    """The rows of a document; none where it holds no records.

    Args:
        document: what was read of a file, or of a line.
        several: it is one of many, such as lines of a file.
    """
    if isinstance(document, list) and _is_senml(document):
        yield from _senml(document)
        return
    if isinstance(document, list) and not any(isinstance(one, list | dict) for one in document):
        yield {(f"c{number}",): cell for number, cell in enumerate(document, start=1)}
        return
    yield from _unfold(document, (), _Around(alone=not several))


def names_of(rows: Sequence[Row]) -> dict[Path, str]:
    """A name for each place: the last word where it is enough, the deeper place before the one around it."""
    by_word: dict[str, list[Path]] = defaultdict(list)
    for path in dict.fromkeys(path for row in rows for path in row):
        by_word[path[-1]].append(path)
    names: dict[Path, str] = {}
    for word, paths in by_word.items():
        deepest = max(map(len, paths))
        inner = [path for path in paths if len(path) == deepest]
        names |= {path: ".".join(path) for path in paths if path not in inner}
        names |= {inner[0]: word} if len(inner) == 1 else dict(zip(inner, _apart(inner)))
    return names


def _apart(paths: Sequence[Path]) -> list[str]:
    """The fewest last words that tell places apart."""
    for words in range(2, max(map(len, paths)) + 1):
        found = [".".join(path[-words:]) for path in paths]
        if len(set(found)) == len(found):
            return found
    return [".".join(path) for path in paths]


def _unfold(value: JsonValue, path: Path, around: _Around) -> Iterator[Row]:
    if len(path) > _DEEPEST:
        return
    if isinstance(value, list):
        inner = _Around(around.told, around.lists, around.alone and len(value) < 2)
        for entry in value:
            yield from _unfold(entry, path, inner)
    elif isinstance(value, dict):
        yield from _object(_Parts.of(value, path), around)


@dataclass
class _Parts:
    """What an object holds, the objects in it included."""

    told: Row = field(default_factory=dict)
    lists: dict[Path, Sequence[JsonValue]] = field(default_factory=dict)
    records: dict[Path, JsonValue] = field(default_factory=dict)
    pairs: dict[Path, list[tuple[JsonValue, JsonValue]]] = field(default_factory=dict)
    rows: list[tuple[Path, JsonValue]] = field(default_factory=list)

    @classmethod
    def of(cls, value: Mapping[str, JsonValue], path: Path) -> _Parts:
        parts = cls()
        parts.add(value, path)
        return parts

    def add(self, value: Mapping[str, JsonValue], path: Path) -> None:
        """An object's values, by their kind."""
        for key, entry in value.items():
            where, inner = (*path, str(key)), _unwrapped(entry)
            if isinstance(inner, dict):
                if len(inner) > 1 and all(map(_NUMBER.fullmatch, inner)):
                    self.pairs[where] = list(inner.items())
                elif len(where) <= _DEEPEST:
                    self.add(inner, where)
            elif isinstance(inner, list):
                self._add_list(inner, where)
            else:
                self.told[where] = inner

    def _add_list(self, value: list[JsonValue], where: Path) -> None:
        if all(isinstance(entry, list) for entry in value) and value:
            if all(
                isinstance(entry, list) and len(entry) == 2 and _is_pair(entry) for entry in value
            ):
                self.pairs[where] = [
                    (entry[0], entry[1]) for entry in value if isinstance(entry, list)
                ]
            else:
                self.rows.append((where, value))
        elif any(isinstance(entry, dict) for entry in value):
            self.records[where] = value
        elif value:
            self.lists[where] = value


def _is_pair(entry: Sequence[JsonValue]) -> bool:
    """A time and a reading: not two times, as of a fault's start and end."""
    first, second = entry
    number = isinstance(second, int | float) or (
        isinstance(second, str) and bool(re.fullmatch(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?|NaN", second))
    )
    return isinstance(first, int | float | str) and (number or second is None)


def _object(parts: _Parts, around: _Around) -> Iterator[Row]:
    inside = bool(parts.records or parts.pairs or parts.rows)
    told = {
        path: value
        for path, value in parts.told.items()
        # numbers of an answer's own, such as how many rows it has, are no readings
        if not (inside and around.alone) or not isinstance(value, int | float) or role_of(path[-1]) == "time"
    }  # fmt: skip
    told = around.told | told
    for path, pairs in parts.pairs.items():
        for time, value in pairs:
            yield told | {(*path, "time"): time, (*path, "value"): value}
    for path, rows in parts.rows:
        yield from _listed(rows, path, parts, told)
    several = len(parts.records) > 1
    for path, records in parts.records.items():
        own: Row = {(*path[:-1], "key"): path[-1]} if several else {}
        lists = {**around.lists, **parts.lists}
        where = path[:-1] if several else path
        yield from _unfold(records, where, _Around(told | own, lists, around.alone))
    if not inside:
        yield from _side_by_side(parts.lists, around.lists, told)


def _listed(rows: JsonValue, path: Path, parts: _Parts, told: Row) -> Iterator[Row]:
    """Rows of cells whose columns are named beside them; objects in lists of lists."""
    width = max((len(row) for row in rows if isinstance(row, list)), default=0) if isinstance(rows, list) else 0  # fmt: skip
    names = next((n for n in parts.lists.values() if len(n) == width and all(isinstance(one, str) for one in n)), None)  # fmt: skip
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, list) and names is not None:
            yield told | {(*path[:-1], str(name)): cell for name, cell in zip(names, row)}
        elif isinstance(row, list):
            yield from _unfold(row, path, _Around(told, {}, alone=False))


def _side_by_side(
    own: Mapping[Path, Sequence[JsonValue]], outer: Mapping[Path, Sequence[JsonValue]], told: Row
) -> Iterator[Row]:
    """Lists of one length are columns; without any the object is a row."""
    longest = max(map(len, own.values()), default=0)
    if longest < 2 or (
        told and not any(len(v) == longest for v in (*outer.values(), *list(own.values())[1:]))
    ):
        if told:
            yield told
        return
    columns = {path: values for path, values in {**outer, **own}.items() if len(values) == longest}
    for cells in zip(*columns.values()):
        yield told | dict(zip(columns, cells))


def _unwrapped(value: JsonValue) -> JsonValue:
    """`{"$date": …}` and `{"$numberLong": …}` as MongoDB writes values."""
    while isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$"):
        value = next(iter(value.values()))
    return value


def _is_senml(records: Sequence[JsonValue]) -> bool:
    return bool(records) and all(isinstance(r, dict) and set(r) <= _SENML and {"bn", "n", "t", "bt"} & set(r) for r in records)  # fmt: skip


def _senml(records: Sequence[JsonValue]) -> Iterator[Row]:
    """Readings with what holds since the last base values."""
    base: dict[str, JsonValue] = {}
    for record in records:
        if not isinstance(record, dict):
            continue
        base |= {key: value for key, value in record.items() if key.startswith("b")}
        value = record.get("v", record.get("vb", record.get("vs")))
        start, since = base.get("bt", 0), record.get("t", 0)
        if not isinstance(start, int | float) or not isinstance(since, int | float):
            continue
        yield {
            ("time",): start + since,
            ("device",): str(base.get("bn", "")).rstrip(":/"),
            ("name",): record.get("n", ""),
            ("unit",): record.get("u", base.get("bu", "")),
            ("value",): value,
        }
