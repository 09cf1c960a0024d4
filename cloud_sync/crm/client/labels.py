"""A CRM's own names of the columns that a bundle learned from, and of the values in them: exports often show labels.

Functions of values. Who asks a CRM for its fields is that CRM's module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from cloud_sync.crm.client.http import FORBIDDEN, CrmRefusedError
from cloud_sync.crm.client.shown import plain
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.base import Met

_SIGNS = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Described:
    """A field as its CRM describes it.

    Attributes:
        label: as people see it there.
        options: value → label of a choice; empty: its values are their own.
        number: whether its texts are numbers, as programs write them.
    """

    label: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    number: bool = False


@dataclass(frozen=True)
class Naming:
    """What a CRM's fields and their values are called here.

    Attributes:
        names: the CRM's name → the column.
        labels: column → what people call it in the CRM.
        readings: the CRM's name → value → label, of the values that are read by their labels.
        numbers: the CRM's names of fields whose texts are numbers, as programs write them: a bundle would read `1.125` as the
            firm's own tables write it.
        persons: the CRM's names of fields with addresses and names that are read beside, and kept nowhere.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    readings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()
    persons: tuple[str, ...] = ()

    @property
    def asked(self) -> list[str]:
        """All fields to be asked for."""
        return [*dict.fromkeys((*self.names, *self.persons))]

    def told(self, values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Values by columns, as the bundle knows them; fields that nobody asked for keep their names."""
        return {
            self.names.get(name, name): numbered(value)
            if name in self.numbers
            else labelled(value, self.readings.get(name, {}))
            for name, value in values.items()
        }


@dataclass(frozen=True)
class Read:
    """What is read of other records. `also`: column → the one that has the same field, where two exports were learned from."""

    naming: Naming = field(default_factory=Naming)
    also: Mapping[str, str] = field(default_factory=dict)

    def doubled(self, values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """Values by column, for both."""
        also = {column: values[first] for column, first in self.also.items() if first in values}
        return {**values, **also}

    def nothing(self) -> dict[str, JsonValue]:
        """The same of a record that refers to none."""
        return self.doubled(dict.fromkeys(self.naming.names.values()))


def naming(
    names: Mapping[str, str],
    there: Mapping[str, Described],
    settings: CrmSettings,
    met: Met,
    *,
    labels_first: bool = False,
) -> Naming:
    """How columns and values are called. What the bundle has met in training decides for each value.

    Where it met neither, an export whose titles are labels has labels in its cells, too. How a lead ended, and whether it
    is scored at all, is said in the CRM's own values.

    Args:
        names: the CRM's name → the column (`names_of`).
        labels_first: of values that were never met the label is read, whatever the titles are.
    """
    by_label = labels_first or any(name != column for name, column in names.items())
    own = {settings.outcome.field, settings.outcome.at, *settings.opt_out}
    readings = {
        name: found
        for name, column in names.items()
        if name in there
        and own.isdisjoint((name, column))
        and (found := _readings(column, there[name].options, met, by_label))
    }
    labels = {column: there[name].label for name, column in names.items() if name in there}
    numbers = frozenset(
        name
        for name, column in names.items()
        if name in there and there[name].number and own.isdisjoint((name, column))
    )
    labels = {column: label for column, label in labels.items() if label}
    persons = tuple(name for name in settings.persons if name in there)
    return Naming(names, labels, readings, numbers, persons)


def _readings(column: str, options: Mapping[str, str], met: Met, by_label: bool) -> dict[str, str]:
    first = mostly_labels(column, options, met, otherwise=by_label)
    return {
        value: label
        for value, label in options.items()
        if label and reads_label(column, value, label, met, first=first)
    }


def mostly_labels(column: str, options: Mapping[str, str], met: Met, *, otherwise: bool) -> bool:
    """Whether a bundle met more labels than values of a column; `otherwise`: as many of both, or none."""
    values = sum(met(column, value) for value in options)
    labels = sum(met(column, label) for label in options.values())
    return labels > values if labels != values else otherwise


def reads_label(column: str, value: str, label: str, met: Met, *, first: bool) -> bool:
    """Whether a value is read by its label.

    Args:
        first: it is where the bundle met both, or neither.
    """
    if met(column, label) != met(column, value):
        return met(column, label)
    return first


def no_column(_column: str) -> bool:
    """Where no column is of another record."""
    return False


def names_of(
    columns: Iterable[str],
    there: Mapping[str, str],
    elsewhere: Callable[[str], bool] = no_column,
) -> dict[str, str]:
    """The CRM's name → the column, for the columns that the CRM has.

    A column is a name, else a name apart from case and signs (`Lead Source` is `LeadSource`), else a label that only one field
    has, at last the same apart from signs, if no other column is that to the letter. What a folder of tables added to an export (`accounts.sector`) is in no CRM and is left out.

    Args:
        there: name → label of all fields.
        elsewhere: whether a column looks like one of another record: `Customer/Segment` is not this record's `Customer Segment`.
    """
    alike = _unique((bare(name), name) for name in there)
    labels = [(label, name) for name, label in there.items() if label]
    labelled = _unique((_spaced(label), name) for label, name in labels)
    loosely = _unique((bare(label), name) for label, name in labels)
    asked = list(columns)
    found = {column: column for column in asked if column in there}
    left = [column for column in asked if column not in found]
    for column in left:
        near = alike.get(bare(column)) if not elsewhere(column) else None
        if name := near or labelled.get(_spaced(column)):
            found.setdefault(name, column)
    known = {*found.values()}
    for column in left:
        if column not in known and not elsewhere(column) and (name := loosely.get(bare(column))):
            found.setdefault(name, column)
    return found


def require_opt_out(settings: CrmSettings, there: Container[str], where: str) -> None:
    """That all fields that say who is not scored are there: without one everybody would be scored.

    Raises:
        CrmRefusedError: one was deleted, renamed or closed to us.
    """
    lacking = [name for name in settings.opt_out if name not in there]
    if lacking:
        wanted = ",".join([*(name for name in settings.opt_out if name in there), "FIELD"])
        raise CrmRefusedError(
            f"has no field {lacking[0]!r} any more, which says who is not scored: nobody is until it has, or until"
            f" `cloud-sync crm set {where} opt_out={wanted}`; `--unset opt_out` if no field says so",
            status=FORBIDDEN, where=where, retry=True,
        )  # fmt: skip


def labels_of(there: Mapping[str, Described]) -> dict[str, str]:
    """Name → label, for `names_of`."""
    return {name: one.label for name, one in there.items()}


def numbered(value: JsonValue) -> JsonValue:
    """A number that a program wrote as text; what is none, or has more digits than a number keeps, stays."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value) or len(value) > _DIGITS:
        return value
    return float(value) if "." in value else int(value)


def labelled(value: JsonValue, options: Mapping[str, str]) -> JsonValue:
    """A value as people see it, or several joined by `;`; what is no option, or has no label, stays.

    Args:
        options: value → label; empty: the values are their own.
    """
    if not options:
        return value
    if not isinstance(value, str):
        return options.get(plain(value), value)
    return ";".join(options.get(part.strip()) or part for part in value.split(";"))


def _spaced(text: str) -> str:
    return " ".join(text.casefold().split())


def bare(text: str) -> str:
    """A name or label without case and signs."""
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
