"""What the numbers of columns are in, by column: found when tables are read, noted with each lead, kept in the bundle.

Nothing is converted: an amount in another currency than a bundle learned from is missing to it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pydantic import JsonValue, TypeAdapter

from kits.core.section import Names
from kits.lead_scoring._features.spec import Column, EncoderSpec, NumberColumn
from kits.lead_scoring._features.units import Units, unit_in_name

if TYPE_CHECKING:  # what scores leads needs no datasets
    from kits.core.dataset import DatasetItem

UNITS = "units"
"""In a sample's `meta`: column → what its numbers are in, of those columns whose table tells it."""

ByColumn = Mapping[str, Units]
_NAMES: TypeAdapter[tuple[str, ...]] = TypeAdapter(Names)


def noted(units: ByColumn) -> dict[str, JsonValue]:
    """As it stands in `meta`."""
    return {name: " ".join(sorted(one)) for name, one in sorted(units.items()) if one}


def counts_of(items: Iterable[DatasetItem]) -> dict[str, Counter[Units]]:
    """Column → how many leads have their numbers in which unit."""
    marks: Counter[tuple[tuple[str, str], ...]] = Counter()
    for item in items:
        mark = item.sample.meta.get(UNITS)
        if isinstance(mark, dict):
            marks[tuple((name, str(one)) for name, one in mark.items())] += 1
    found: dict[str, Counter[Units]] = defaultdict(Counter)
    for pairs, n in marks.items():
        for name, one in pairs:
            found[name][frozenset(one.split())] += n
    return dict(found)


def with_units(spec: EncoderSpec, items: Iterable[DatasetItem]) -> EncoderSpec:
    """The specification with what the numbers of its columns are in, by most leads, else by the column's name."""
    counts = counts_of(items)

    def told(column: Column) -> Column:
        if not isinstance(column, NumberColumn):
            return column
        met = counts.get(column.name)
        units = met.most_common(1)[0][0] if met else unit_in_name(column.name)
        return column.model_copy(update={"units": tuple(sorted(units))})

    return spec.model_copy(update={"columns": tuple(map(told, spec.columns))})


def units_learned(config: Mapping[str, JsonValue]) -> ByColumn:
    """What a bundle's columns are in.

    Args:
        config: the bundle's `config`; empty: none.
    """
    numbers = (column for column in _columns(config) if isinstance(column, NumberColumn))
    return {column.name: frozenset(column.units) for column in numbers if column.units}


def names_learned(config: Mapping[str, JsonValue]) -> frozenset[str]:
    """What a bundle's columns are called, its opt-out with them. Takes what `units_learned` takes."""
    return objecting_learned(config).union(column.name for column in _columns(config))


def objecting_learned(config: Mapping[str, JsonValue]) -> frozenset[str]:
    """Columns in which a bundle hears who is not to be scored. Takes what `units_learned` takes."""
    return frozenset(_NAMES.validate_python(config.get("opt_out") or ()))


def _columns(config: Mapping[str, JsonValue]) -> tuple[Column, ...]:
    encoder = config.get("encoder")
    return EncoderSpec.model_validate(encoder).columns if encoder else ()
