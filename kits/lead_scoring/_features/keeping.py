"""A lead as it is worth keeping: the columns its bundle looks at, each cell as an import would have it.

What a CRM's API says of a lead and what its export said is the same lead; written differently, the next training would
take the difference for a change of the times.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from kits.lead_scoring._features.cells import is_missing, to_number, to_truth
from kits.lead_scoring._features.spec import Column
from kits.lead_scoring._lead import Lead, Value


def worth_keeping(lead: Lead, columns: Sequence[Column], others: Collection[str] = ()) -> Lead:
    """The lead without what no column asks for.

    Args:
        others: names that are kept as they are.
    """
    kept: dict[str, Value] = {name: lead.fields[name] for name in others if name in lead.fields}
    for column in columns:
        value = lead.fields.get(column.name)
        if not is_missing(value):
            found = _READ.get(column.kind, _as_it_is)(value)
            if found is not None:
                kept[column.name] = found
    return replace(lead, fields=kept, open_at=None)  # it is learned from as it came


def _number(value: Value) -> Value:
    number = to_number(value)
    return number if math.isfinite(number) else None


def _truth(value: Value) -> Value:
    truth = to_truth(value)
    return bool(truth) if math.isfinite(truth) else None


def _as_it_is(value: Value) -> Value:
    return value.strip() if isinstance(value, str) else value


_READ: Mapping[str, Callable[[Value], Value]] = {"number": _number, "truth": _truth}
