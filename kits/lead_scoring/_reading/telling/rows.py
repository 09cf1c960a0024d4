"""What became of the rows of a table of leads that are no plain rows, in sentences. It decides nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.files.no_leads import HEADING

_SHOWN = 20
"""Rows that are named; columns are few enough to name them all."""
_LEAST_ALIKE, _FEW = 3, 6


def tell_rows(known: Known) -> Iterator[Finding]:
    """Rows that were left out, doubted, filled up or taken for something else than a lead."""
    yield from _bad_rows(known)
    yield from _short_rows(known)
    yield from _notes(known)
    yield from _no_leads(known)
    yield from _lone(known)
    yield from _grouped(known)
    yield from _without_own(known)


def so_many(found: Sequence[str], one: str, more: str) -> str:
    """How many columns there are, with what is said of one or of more."""
    return f"1 column {one}" if len(found) == 1 else f"{len(found)} columns {more}"


def _bad_rows(known: Known) -> Iterator[Finding]:
    for bad in known.sheet.bad[:_SHOWN]:
        yield Finding(
            "bad-row", "fail", f"{known.sheet.name}, row {bad.line}: {bad.why}",
            fix="correct the row; the others were read",
        )  # fmt: skip
    rest = len(known.sheet.bad) - _SHOWN
    if rest > 0:
        reasons = Counter(bad.why for bad in known.sheet.bad)
        told = tuple(f"{why}: {n}" for why, n in reasons.most_common(_SHOWN))
        yield Finding(
            "bad-row", "fail", f"{known.sheet.name}: {rest} more rows cannot be read", told,
            "export the table again; texts with delimiters or line ends need quotes",
        )  # fmt: skip


def _short_rows(known: Known) -> Iterator[Finding]:
    """Rows that end early: a line end within a text that has no quotes makes two leads of one, and loses its outcome."""
    short, rows = known.sheet.short, len(known.sheet)
    if short:
        yield Finding(
            "short-rows", "warn",
            f"{len(short)} of {rows} rows have fewer cells than there are names; the others of each were taken for empty",
            short[:_SHOWN],
            "look at one of them: if a text with a line end cuts it in two, export again with texts in quotes; if the last columns "
            "are empty there, nothing is wrong",
        )  # fmt: skip


def _notes(known: Known) -> Iterator[Finding]:
    notes = known.sheet.notes
    if notes:
        yield Finding(
            "notes", "pass", f"{len(notes)} lines below the rows have one cell alone: notes, no leads", notes[:_SHOWN],
        )  # fmt: skip


def _no_leads(known: Known) -> Iterator[Finding]:
    """Rows among the leads that were left out."""
    rows = known.sheet.no_leads
    if rows:
        kinds = Counter(why for _, why in rows)
        told = ", ".join(f"{why} ({n})" for why, n in kinds.items())
        yield Finding(
            "no-leads", "pass", f"{len(rows)} rows are no leads and were left out: {told}",
            tuple(f"{where}: {why}" for where, why in rows[:_SHOWN]),
            "if headings of these are leads: model.source.headings: keep" if HEADING in kinds else "",
            left_out=len(rows),
        )  # fmt: skip


def _lone(known: Known) -> Iterator[Finding]:
    """Rows that may be headings as well as leads of which next to nothing is known: only a person can tell."""
    rows = known.sheet.lone
    if rows:
        yield Finding(
            "lone-cells", "warn",
            f"{len(rows)} rows have one cell alone, and were read as leads of which nothing else is known", rows[:_SHOWN],
            "if they are headings of groups, say so in kit.yaml: model.source.headings: leave-out; if they are leads: keep",
        )  # fmt: skip


def _grouped(known: Known) -> Iterator[Finding]:
    """Columns that the leads' table wrote once for each group of rows."""
    names = known.sheet.grouped
    if names:
        yield Finding(
            "grouped", "pass", f"{so_many(names, 'is', 'are')} told once for each group of rows: all rows of a group got it",
            names,
        )  # fmt: skip


def _without_own(known: Known) -> Iterator[Finding]:
    """Rows that lack what all others have, with their outcome: rows of a list below its lead, or of another kind of record."""
    outcome = known.outcome.columns if known.outcome is not None else ()
    alike: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
    for name, cells in known.sheet.cells.items():
        empty = tuple(row for row, cell in enumerate(cells) if not cell.strip())
        if 1 < len(empty) < len(cells) and empty[0] > 0:
            alike[empty].append(name)
    for rows, names in alike.items():
        if len(names) < _LEAST_ALIKE or not set(names) & set(outcome):
            continue
        sheet, more = known.sheet, f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
        yield Finding(
            "rows-without", "warn",
            f"{len(rows)} of {len(sheet)} rows have nothing in {', '.join(names[:_FEW])}{more}, which all others have: they were read as "
            "open leads",
            tuple(f"{sheet.files[row]}, row {sheet.lines[row]}" for row in rows[:_SHOWN]),
            "if they belong to the lead above them, or are no leads, leave them out of the table, and import again with --replace",
        )  # fmt: skip
