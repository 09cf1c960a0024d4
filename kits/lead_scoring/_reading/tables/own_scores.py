"""Scores of our own beside the leads: what `kit predict --out` wrote, and what the hub wrote into the CRM. No word is learned from.

They come from a model that knew what became of the leads, and would tell it. What a person noted beside them stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from kits.core.column_names import plain, squeezed
from kits.core.kit import Finding
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

WRITTEN = frozenset(
    {"sample", "verdict", "band", "score", "low", "high", "label", "reasons", "error", "path"}
)
"""Its columns, but for `id`."""
_OF_A_SCORE = WRITTEN - {"label", "error", "path"}
"""Those of them that hold nothing else, where somebody took the others away, or put these beside the leads."""
_BANDS = frozenset({"hot", "warm", "cold", "opted out"})
_OURS = "kitwright"
"""In the name of each field that the hub makes in a CRM."""
_LABELS = frozenset({
    "lead_win_probability", "lead_score_percentile", "lead_band", "lead_score_reasons", "lead_scored_at",
})  # fmt: skip
"""What a CRM's exports call these fields; `Lead score` is what others are called, too."""
_SCORE, _BAND = "lead_score", "lead_band"
_TWO = 2
"""Columns that a table has at least: whom it is about, and what it says of them. So many labels are no chance."""


def without_own_scores(
    sheets: Sequence[Sheet], role: Callable[[Sheet], str], stated: Collection[str] = ()
) -> tuple[list[Sheet], list[Finding]]:
    """The tables without what was written of the leads, and what is to be said of it.

    Args:
        role: what a person said a table is; empty: nothing.
        stated: columns that a person names, whatever for.
    """
    left: list[Sheet] = []
    told: list[Finding] = []
    for sheet in sheets:
        written = not role(sheet) and sheet.cells.keys() >= WRITTEN
        ours = WRITTEN if written else _own(sheet, role(sheet)) - set(stated)
        if not ours:
            left.append(sheet)
            continue
        own = {name: cells for name, cells in sheet.cells.items() if name not in ours}
        noted = len(own) >= _TWO
        told.append(_said(sheet.name, [] if written else sorted(ours), noted=noted))
        if noted:
            left.append(replace(sheet, cells=own))
    return left, told


def _own(sheet: Sheet, role: str) -> frozenset[str]:
    """Columns of a table that hold our scores."""
    called = {name: plain(name.rpartition(" - ")[2]) for name in sheet.columns}
    labelled = frozenset(name for name, label in called.items() if label in _LABELS)
    found = frozenset(name for name in sheet.columns if _OURS in squeezed(name))
    scored = frozenset(name for name, label in called.items() if label == _SCORE)
    banded = [name for name, label in called.items() if label == _BAND]
    if len(labelled) >= _TWO or (scored and any(_has_bands(sheet, name) for name in banded)):
        found |= labelled | scored
    if role in ("", "leads") and _has_scores(sheet):
        found |= _OF_A_SCORE & sheet.cells.keys()
    return found


def _has_scores(sheet: Sheet) -> bool:
    """Whether a column `band` has our words alone, and one `score` shares of one."""
    scores = _known(sheet, "score")
    return _has_bands(sheet, "band") and bool(scores) and all(map(_is_share, scores))


def _has_bands(sheet: Sheet, name: str) -> bool:
    bands = _known(sheet, name)
    return bool(bands) and bands <= _BANDS


def _known(sheet: Sheet, name: str) -> set[str]:
    return {cell.strip() for cell in sheet.cells.get(name, ()) if not is_missing(cell)}


def _is_share(cell: str) -> bool:
    """`0.61`, and `61 %` where somebody had the spreadsheet show it so."""
    number, percent, _ = cell.partition("%")
    try:
        return 0.0 <= float(number.replace(",", ".")) <= (100.0 if percent else 1.0)
    except ValueError:
        return False


def _said(name: str, ours: Sequence[str], *, noted: bool) -> Finding:
    why = "as a score tells nothing of a lead that its columns do not"
    if ours and noted:
        told = f"{name}: scores of Kitwright are not read ({', '.join(ours)}), {why}"
        fix = f"nothing to do; if others made them: model.columns.keep: [{', '.join(ours)}]"
        return Finding("own-scores", "pass", told, tuple(ours), fix)
    what = "the scores in it are not read" if noted else "it was passed over"
    return Finding("own-scores", "pass", f"{name} was written by kit predict: {what}, {why}")
