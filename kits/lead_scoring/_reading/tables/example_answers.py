"""A table that shows in which form answers are handed in: the leads whose outcome nobody knows, with an answer that is none.

Public data sets bring one (`sample_submission.csv`) beside the leads to learn from and those to score. Joined to these by
their id it would say that all of them were lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kits.core.column_names import plain, squeezed
from kits.core.kit import Finding
from kits.core.spreadsheets.naming import file_and_sheet
from kits.lead_scoring._reading.joining.match_keys import text_key
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing

_COLUMNS = 2
"""Whom it is about, and the answer."""
_NAMED = frozenset({"submission", "submissions"})


def without_examples(
    sheets: Sequence[Sheet], role: Callable[[Sheet], str]
) -> tuple[list[Sheet], list[Finding]]:
    """The tables without examples of answers, and what is to be said of these.

    Args:
        role: what a person said a table is; empty: nothing.
    """
    told = {
        sheet.name: column
        for sheet in sheets
        if not role(sheet) and (column := _answers(sheet, sheets))
    }
    left = [sheet for sheet in sheets if sheet.name not in told]
    return left, [_said(sheet, told[sheet.name]) for sheet in sheets if sheet.name in told]


def _answers(sheet: Sheet, sheets: Sequence[Sheet]) -> str:
    """The column with the answers; empty where the table is no example of them."""
    if len(sheet.columns) != _COLUMNS:
        return ""
    for other in (one for one in sheets if one is not sheet):
        theirs = {squeezed(name): name for name in other.columns}
        mine = [theirs.get(squeezed(name), "") for name in sheet.columns]
        for at in (0, 1):
            key, told = sheet.columns[at], sheet.columns[1 - at]
            if all(mine) and _shows(sheet, key, told, other, mine[at], mine[1 - at]):
                return told
    return ""


def _shows(sheet: Sheet, key: str, told: str, other: Sheet, their_key: str, theirs: str) -> bool:
    """Whether each row is of another record, none of which has an answer in its own table, and the answers tell nothing.

    That is: one and the same for all that lack it there, or the file says in its name that it is handed in.
    """
    ids = [text_key(cell) for cell in sheet.cells[key]]
    mine = set(ids) - {""}
    if len(mine) != len(ids):
        return False
    pairs = list(zip(map(text_key, other.cells[their_key]), map(is_missing, other.cells[theirs])))
    if mine & {record for record, lacks in pairs if not lacks}:
        return False
    if not _NAMED.isdisjoint(plain(sheet.called).split("_")):
        return True
    lacking = {record for record, lacks in pairs if lacks}
    return len(set(sheet.cells[told])) == 1 and lacking <= mine


def _said(sheet: Sheet, column: str) -> Finding:
    answers = sorted({cell.strip() for cell in sheet.cells[column]})
    told = (
        f"{column} is {answers[0]!r} in all {len(sheet)} rows"
        if len(answers) == 1
        else "by its name"
    )
    return Finding(
        "example-answers", "warn",
        f"{sheet.name} was passed over: it is an example of answers for leads whose outcome is not known ({told}); these stay open",
        (sheet.name,),
        "nothing to do; if it holds true outcomes, say so in kit.yaml: model.source.tables: "
        f"[{{file: {file_and_sheet(sheet.files[0])[0]}, role: accounts}}]",
    )  # fmt: skip
