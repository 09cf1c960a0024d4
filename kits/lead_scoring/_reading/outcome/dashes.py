"""A dash in a column that otherwise says only who was won: lost, where it is no empty cell and its leads are old enough.

Elsewhere a dash says that nothing is known. Whoever keeps a list by hand and leaves open what is open may write it for no.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from kits.core.kit import Finding
from kits.lead_scoring._reading.outcome.found import Outcome
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring.config import SourceConfig

_DASHES = frozenset({"-", "--", "---", "–", "—"})
_LEAST = 20
"""Leads that are won, and leads with a dash, from which on their ages say something."""
_LATER = 0.35
"""Share of won leads that came after the middle one of others, from which on these are as old; of open ones it is small."""


def with_dashes(
    sheet: Sheet, outcome: Outcome | None, at: Sequence[float | None], source: SourceConfig
) -> Outcome | None:
    """The outcome with dashes as lost, where no other cell means lost and the ages of leads say so.

    Args:
        at: (rows,) when each lead came.
    """
    if outcome is None or not _asked(outcome, source):
        return outcome
    column = outcome.columns[0]
    dashed = [cell.strip() in _DASHES for cell in sheet.cells[column]]
    ages: dict[str, list[float]] = {"won": [], "dash": [], "open": []}
    for dash, one, moment in zip(dashed, outcome.won, at):
        if moment is not None:
            ages["won" if one else "dash" if dash else "open"].append(moment)
    if min(len(ages["won"]), len(ages["dash"])) < _LEAST or not ages["open"]:
        return outcome
    if _later(ages["won"], ages["dash"]) < _LATER or _later(ages["won"], ages["open"]) >= _LATER:
        return outcome
    won = tuple(False if dash else one for dash, one in zip(dashed, outcome.won))
    said = f"{outcome.said}; a dash in {column} (lost)"
    return replace(outcome, won=won, said=said, all_lost=False, assumed=_told(sheet, outcome))


def dash_line(sheet: Sheet, outcome: Outcome, source: SourceConfig) -> str:
    """What to write where dashes mean lost; empty where there are none, or a person said what means lost."""
    if not _asked(outcome, source):
        return ""
    column = outcome.columns[0]
    met = {cell.strip() for cell in sheet.cells[column]} & _DASHES
    listed = ", ".join(f'"{dash}"' for dash in sorted(met))
    return f"outcome: {column}, lost: [{listed}]" if met else ""


def _asked(outcome: Outcome, source: SourceConfig) -> bool:
    stated = bool(source.lost or source.lost_after_days)
    return outcome.all_lost and len(outcome.columns) == 1 and not stated


def _later(won: Sequence[float], others: Sequence[float]) -> float:
    middle = median(others)
    return sum(moment > middle for moment in won) / len(won)


def _told(sheet: Sheet, outcome: Outcome) -> Finding:
    column = outcome.columns[0]
    dashes = sum(cell.strip() in _DASHES for cell in sheet.cells[column])
    line = dash_line(sheet, outcome, SourceConfig())
    return Finding(
        "assumed", "warn",
        f"{dashes} leads have a dash in {column} and were taken for lost: no cell says lost, these leads are as old as those "
        "that were won, and those without any entry are younger",
        fix=f"state it in kit.yaml: model.source: {{{line}}}; if a dash means that nothing is known: model.source.lost_after_days",
    )  # fmt: skip
