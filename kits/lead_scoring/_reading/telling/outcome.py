"""Says which column was taken for what became of the leads; where none was, which could be, each with the line that states it."""

from __future__ import annotations

from collections.abc import Iterator

from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.files.row_colours import coloured_rows
from kits.lead_scoring._reading.outcome.by_filled import (
    dates_of_some,
    filled_for_some,
    plans_of_some,
)
from kits.lead_scoring._reading.outcome.told import (
    Likely,
    amounts_of_some,
    candidates_told,
    chances_of_all,
    likeliest_of_all,
    outcome_by_name,
    spoken_ends,
    worded_ends,
)
from kits.lead_scoring.config import Config

_SHOWN = 3
"""Lines below a finding that are shown of many."""
_NAME_IT = "nothing to do for leads to be scored; else name the column in kit.yaml, and its cells: model.source.outcome, won and lost"


def tell_outcome(known: Known, config: Config) -> Iterator[Finding]:
    """What became of the leads, or what could tell it."""
    if known.outcome is None:
        yield _no_outcome(known, config.source.outcome)
        return
    won, lost, still = known.outcome.counts
    yield Finding(
        "outcome",
        "pass",
        f"what became of the leads: {known.outcome.said}: {won} won, {lost} lost, {still} open",
    )
    yield from filter(None, (known.outcome.assumed, known.outcome.placeholders))
    if unmet := known.outcome.unmet:
        yield Finding(
            "stated-cells", "warn",
            f"no cell of {known.outcome.columns[0]} is {' or '.join(repr(one) for one in unmet)}, as model.source.won or lost says",
            fix="nothing to do where these leads are all still open; else write it as it stands in the data" if won == lost == 0
            else "write it as it stands in the data, or leave it out",
        )  # fmt: skip


def _no_outcome(known: Known, stated: str) -> Finding:
    """What a person could state where no column tells what became of the leads."""
    sheet, persons = known.sheet, {one.column for one in known.personal}
    if stated:
        what = f"no column {stated!r}: these leads have no outcome"
        return Finding("outcome", "warn", what, tuple(candidates_told(sheet, persons)), _NAME_IT)
    likely = outcome_by_name(sheet)
    if likely:
        return Finding(
            "outcome", "warn",
            f"{likely[0].column} is called like an outcome, but no cell of it is a known word for won or lost: "
            "nothing can be learned",
            _named_all((
                *(one.told for one in likely),
                *candidates_told(sheet, persons | {one.column for one in likely}),
            )),
            f"say in kit.yaml what its cells mean, or which other column tells it: {_line(likely[0])}",
        )  # fmt: skip
    asked = [
        ("its cells tell it", worded_ends(sheet, persons)),
        ("cells tell it by how they begin", spoken_ends(sheet)),
        ("0 and 100 % are the ends", chances_of_all(sheet)),
        ("only leads that were won have one", [*filled_for_some(sheet), *amounts_of_some(sheet)]),
        ("the others of its cells cost something", list(plans_of_some(sheet))),
        ("the colours of rows tell it", coloured_rows(sheet)),
    ]
    shown = {one.column: one.told for _, found in asked for one in found}
    if not shown:
        likeliest = likeliest_of_all(sheet, persons)
        others = ", ".join(one.column for one in likeliest[1:])
        when = " tells it" + (f", or {others} in its place" if others else "")
        asked += [(f"{one.column}{when}", [one]) for one in likeliest[:1]]
        shown = {one.column: one.told for one in likeliest}
    if dated := [one for one in dates_of_some(sheet) if one.column not in shown]:
        asked.append(("only leads that were won have such a date", dated))
        shown |= {one.column: one.told for one in dated}
    lines = "".join(f"; if {when}: {_line(found[0])}" for when, found in asked if found)
    return Finding(
        "outcome", "warn",
        "no column tells what became of the leads: they can be scored, nothing can be learned from them",
        _named_all((*shown.values(), *candidates_told(sheet, persons | shown.keys()))),
        f"{_NAME_IT}{lines}",
    )  # fmt: skip


def _named_all(told: tuple[str, ...]) -> tuple[str, ...]:
    """The candidates, of which the first alone are shown: so the names of the others stand beside these."""
    if len(told) <= _SHOWN:
        return told
    shown, rest = told[: _SHOWN - 1], told[_SHOWN - 1 :]
    return (*shown, f"or: {', '.join(one.partition(': ')[0] for one in rest)}", *rest)


def _line(likely: Likely) -> str:
    return f"model.source.outcome: {likely.column}, model.source.won: {likely.won}"
