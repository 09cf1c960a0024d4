"""Columns that tell something else once a lead has ended than when it came, where a table has several rows of each lead.

The newest row counts, as its outcome does; what else it says was in part written after the lead had come. Where rows tell so, a
person hears which columns: scores of new leads can know none of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kits.core.kit import Finding
from kits.lead_scoring._lead import Value
from kits.lead_scoring._reading.columns.known import Known

_LEAST = 20
"""Leads with an open row before a decided one: fewer prove little."""
_OFTEN = 0.1
"""Others are corrections."""
_SHOWN = 6


def changed_later(
    known: Known, whose: Sequence[tuple[str, str]], best: Mapping[tuple[str, str], int]
) -> Finding | None:
    """What is said of such columns; None where there are none, or too few leads tell.

    Args:
        known: all rows.
        whose: (rows,) the lead of each.
        best: lead → the row that counts.
    """
    won = known.won
    firsts: dict[tuple[str, str], int] = {}
    for row, lead in enumerate(whose):
        if won[row] is None and won[best[lead]] is not None:
            firsts.setdefault(lead, row)
    if len(firsts) < _LEAST:
        return None
    pairs = [(first, best[lead]) for lead, first in firsts.items()]
    shares = {name: _share(known.columns[name], pairs) for name in known.columns}
    often = sorted(
        (name for name in shares if shares[name] >= _OFTEN), key=lambda one: -shares[one]
    )
    if not often:
        return None
    shown = ", ".join(f"{name} ({shares[name]:.0%})" for name in often[:_SHOWN])
    more = f" and {len(often) - _SHOWN} more" if len(often) > _SHOWN else ""
    return Finding(
        "changed-later", "warn",
        f"{len(firsts)} leads have a row from when they were open and one from when they were decided, and some columns say something "
        f"else in the later one: {shown}{more}; that one was kept",
        (),
        "leave out what is written only as a lead goes on: model.columns.exclude",
    )  # fmt: skip


def _share(values: Sequence[Value], pairs: Sequence[tuple[int, int]]) -> float:
    return sum(values[first] != values[last] for first, last in pairs) / len(pairs)
