"""What a person should know of how a sheet was read, in sentences. It decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from kits.core.kit import Finding
from kits.core.spreadsheets.marks import Marks
from kits.core.spreadsheets.survey import Held, Survey

_SHOWN = 10


def remarks_on(
    where: str, marks: Marks | None, found: Survey, names: Sequence[str]
) -> Iterator[Finding]:
    """Everything of a sheet that its rows do not say.

    Args:
        where: the file and the sheet.
        marks: None: the file is of a form that does not tell them.
        names: of the columns.
    """
    if marks is not None:
        yield from _errors(where, marks)
        yield from _hidden(where, marks)
    else:
        yield Finding(
            "sheet-old", "pass",
            f"{where}: an .xls from before 1997 does not let an error such as #N/A be told from an empty cell, nor 12.5% from 0.125: "
            "save it as .xlsx if that matters",
        )  # fmt: skip
    yield from _digits(where, dict(zip(names, found.held)))
    if found.merged:
        yield Finding(
            "sheet-merged", "pass",
            f"{where}: {_many(found.merged, 'cell is', 'cells are')} merged over several rows: each of these rows got the value",
        )  # fmt: skip


def remarks_on_colours(where: str, colours: Mapping[int, str]) -> Iterator[Finding]:
    """That rows are coloured, by what colours."""
    if colours:
        counts = Counter(colours.values()).most_common(_SHOWN)
        told = ", ".join(f"{colour} {n}" for colour, n in counts)
        yield Finding(
            "sheet-colours", "pass",
            f"{where}: {_many(len(colours), 'row is', 'rows are')} coloured by hand ({told}): nothing is learned from that",
            fix="nothing to do, unless colours say something that no column does: write it into one",
        )  # fmt: skip


def _errors(where: str, marks: Marks) -> Iterator[Finding]:
    if marks.errors:
        kinds = ", ".join(f"{n} {text}" for text, n in marks.errors.most_common(_SHOWN))
        yield Finding(
            "sheet-errors", "warn",
            f"{where}: {_many(marks.errors.total(), 'cell holds', 'cells hold')} an error ({kinds}) and count as empty",
            tuple(marks.shown),
            "correct the formulas, or put values in their place; nothing to do if they mean that nothing is known",
        )  # fmt: skip
    if marks.unknown:
        yield Finding(
            "sheet-uncalculated", "warn",
            f"{where}: {_many(marks.unknown, 'formula has', 'formulas have')} no result in the file and count as empty",
            tuple(marks.unknown_at),
            "open the file in Excel or LibreOffice and save it: the program that wrote it did not calculate",
        )  # fmt: skip


def _hidden(where: str, marks: Marks) -> Iterator[Finding]:
    told = [
        _many(n, what, f"{what}s")
        for n, what in ((marks.hidden_rows, "row"), (marks.hidden_columns, "column"))
        if n
    ]
    if told:
        verb = "is" if marks.hidden_rows + marks.hidden_columns == 1 else "are"
        yield Finding(
            "sheet-hidden", "warn",
            f"{where}: {' and '.join(told)} {verb} hidden and read all the same",
            fix="nothing to do if a filter hides them by chance; else copy what is visible into a sheet of its own",
        )  # fmt: skip


def _digits(where: str, held: Mapping[str, Held]) -> Iterator[Finding]:
    lost = {name: one.rounded + one.shortened for name, one in held.items()}
    lost = {name: n for name, n in lost.items() if n}
    if lost:
        yield Finding(
            "sheet-digits", "warn",
            f"{where}: {_many(sum(lost.values()), 'cell', 'cells')} lost digits: identifiers or telephone numbers that were taken for "
            "numbers, of which a spreadsheet keeps 15 digits, and a CSV saved by it as few as it shows (1.23E+11)",
            _shown(lost),
            "export again, and tell the spreadsheet that these columns are texts before it opens the file",
        )  # fmt: skip
    stored = {name: one.stored for name, one in held.items() if one.stored and one.numbers}
    if stored:
        yield Finding(
            "sheet-stored-as-text", "pass",
            f"{where}: {_many(sum(stored.values()), 'number is', 'numbers are')} stored as text beside others that are numbers, and "
            "read as numbers",
            _shown(stored),
        )  # fmt: skip


def _shown(counts: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(f"{name}: {n}" for name, n in list(counts.items())[:_SHOWN])


def _many(n: int, one: str, more: str) -> str:
    return f"{n} {one if n == 1 else more}"
