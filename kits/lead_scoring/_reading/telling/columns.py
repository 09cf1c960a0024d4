"""What was taken for what in a table of leads, in sentences. It decides nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Literal

from kits.core.kit import Finding
from kits.core.spreadsheets.naming import file_and_sheet
from kits.core.spreadsheets.values import is_shortened
from kits.lead_scoring._lead import Value
from kits.lead_scoring._reading.columns.known import Known, Seconds
from kits.lead_scoring._reading.columns.personal import POSTCODE
from kits.lead_scoring._reading.outcome.unsettled import ask_about_ends, ask_about_gaps
from kits.lead_scoring._reading.telling.missing import tell_missing_words
from kits.lead_scoring._reading.telling.outcome import tell_outcome
from kits.lead_scoring._reading.telling.placed import tell_customers, tell_persons, tell_splits
from kits.lead_scoring._reading.telling.rows import so_many, tell_rows
from kits.lead_scoring._reading.telling.unread_dates import tell_unread_dates
from kits.lead_scoring._reading.telling.unread_numbers import tell_unread_numbers
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring._reasons.naming import placed, readable, title_of
from kits.lead_scoring._stand_ins import of_postcodes
from kits.lead_scoring.config import Config

_FEW = 4
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mrz|mai|okt|dez|févr|avr|juin|juil|août|ene|abr|ago|dic|gen|mag|giu|lug|set|ott"
_AS_DATE = re.compile(
    rf"\d{{1,2}}[-. ]{{1,2}}(?:{_MONTHS})\.?|(?:{_MONTHS})\.?[- ]\d{{2}}", re.IGNORECASE
)
_RANGE = re.compile(r"\d{1,7} ?[-–] ?\d{1,7}|(?:> ?)?\d{1,7} ?\+?")
_MOST_RANGES = 40
_MOST_UNITS = 6
"""Of more the words behind numbers are no units: streets, names of towns."""
_UNDATED = 0.05
_CODE = re.compile(r"(?=.{0,39}\d)[^\s@.,]{1,40}")
"""What may identify a lead: a number or a code in one word."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_BROKEN = ("\ufffd", "Ã¤", "Ã¶", "Ã¼", "Ã©", "Ã¨", "ÃŸ", "â‚¬", "Ã±")
"""A character lost, and UTF-8 that was read as something else before it came here."""


def tell(known: Known, config: Config) -> Iterator[Finding]:
    """Everything a person should know of how a table was read."""
    yield _columns(known)
    yield from tell_outcome(known, config)
    yield from tell_splits(known, config.source)
    yield from tell_customers(known, config)
    yield from ask_about_ends(known, config)
    yield from ask_about_gaps(known, config)
    yield from _doubts(known)
    yield from tell_unread_dates(known)
    yield from tell_unread_numbers(known)
    yield from tell_missing_words(known)
    yield from _unread_amounts(known)
    yield from _unsure_numbers(known)
    yield from _words_between(known)
    yield from _several_units(known)
    yield from _undated(known)
    yield from _kept_out(known)
    yield from tell_rows(known)
    yield from _same_names(known)
    yield from tell_persons(known, config.source)
    yield from _shortened(known)
    yield from _ranges_as_dates(known)
    yield from _encoding(known)
    yield from _odd_cells(known)


def _columns(known: Known) -> Finding:
    sheet = known.sheet
    crm = f", {known.crm.title} {known.crm.object}" if known.crm else ""
    said = known.roles.said() or "no id, no time"
    times = _span(known.at if known.roles.decided_at else known.outcome_at)
    return Finding(
        "columns",
        "pass",
        f"{sheet.name} ({sheet.form}{crm}): {len(sheet)} leads, {len(known.columns)} columns to learn from; {said}{times}",
        tuple(sorted(set(sheet.files))),
    )


def _span(times: Seconds) -> str:
    known = [s for s in times if s is not None]
    if not known:
        return ""
    first, last = (
        (_EPOCH + timedelta(seconds=s)).date().isoformat() for s in (min(known), max(known))
    )
    return f", from {first} to {last}"


def _like_ids(known: Known) -> tuple[str, ...]:
    """Columns that may identify leads: whole numbers and codes in one word, most of them met once or twice."""
    told = []
    persons = {one.column for one in known.personal}
    for name in known.sheet.columns:
        cells = [cell.strip() for cell in known.sheet.cells[name] if not is_missing(cell)]
        values = set(cells)
        if (
            2 * len(cells) < len(known.sheet)
            or 2 * len(values) < len(cells)
            or name in persons
            or known.typed[name].kind == "date"
            or not all(map(_CODE.fullmatch, values))
        ):
            continue
        told.append(f"{name}: {len(values)} values in {len(cells)} rows")
    return tuple(told[:_FEW])


def _doubts(known: Known) -> Iterator[Finding]:
    for text in known.roles.doubts:
        yield Finding(
            "assumed", "warn", text,
            fix="if that is wrong, state it in kit.yaml under model.source: decided_at, outcome_at, order, dates",
        )  # fmt: skip
    if not known.roles.id:
        yield Finding(
            "no-id",
            "warn",
            "no column identifies a lead; its row's number does, so a lead read again from another file is another lead",
            _like_ids(known),
            "name the column in kit.yaml: model.source.id",
        )


def _unsure_numbers(known: Known) -> Iterator[Finding]:
    """Numbers that may be thousands as well as decimals."""
    unsure = {
        name: one.doubt for name, one in known.typed.items() if one.doubt and name in known.columns
    }
    if unsure:
        name, cell = next(iter(unsure.items()))
        sign, value = ("comma", cell.replace(",", ".")) if "," in cell else ("point", cell)
        yield Finding(
            "assumed", "warn",
            f"numbers such as {cell} of {name} were read with decimals ({float(value):g}): nothing tells whether their {sign} parts thousands",
            tuple(unsure),
            f"if that is wrong, state it in kit.yaml: model.source.numbers: decimal-{'point' if sign == 'comma' else 'comma'}",
        )  # fmt: skip


def _unread_amounts(known: Known) -> Iterator[Finding]:
    """Numbers with a letter that may stand for millions or for something else."""
    unread = {
        name: one.scaled
        for name, one in known.typed.items()
        if one.scaled and name in known.columns
    }
    if unread:
        name, cell = next(iter(unread.items()))
        yield Finding(
            "assumed", "warn",
            f"{name} was read as words: {cell} may be millions as well as months or metres, and no cell has a currency or a K",
            tuple(unread),
            "if these are amounts, write them out, or with their currency (1.2M EUR)",
        )  # fmt: skip


def _words_between(known: Known) -> Iterator[Finding]:
    """Columns of numbers that words among them make texts: of those a model sees whether they are there, and no amount."""
    mixed = {
        name: one.between
        for name, one in known.typed.items()
        if one.between and not one.scaled and name in known.columns
    }
    if mixed:
        first = next(iter(mixed))
        yield Finding(
            "words-between", "warn",
            f"{so_many(tuple(mixed), 'of numbers and words was', 'of numbers and words were')} read as words",
            tuple(f"{name}: {', '.join(map(repr, cells[:_FEW]))}" for name, cells in mixed.items()),
            f"if they are numbers: model.columns.numeric: [{first}], and import again with --replace; words count as nothing known",
        )  # fmt: skip


def _several_units(known: Known) -> Iterator[Finding]:
    """Columns of numbers that more than one unit makes texts: of those a model sees no amount."""
    mixed = {
        name: one.several
        for name, one in known.typed.items()
        if one.several and name in known.columns and len(one.several) <= _MOST_UNITS
    }
    if mixed:
        yield Finding(
            "several-units", "warn",
            f"{so_many(tuple(mixed), 'has', 'have')} numbers in several units: read as words, for nothing is converted",
            tuple(f"{name}: {', '.join(map(repr, cells))}" for name, cells in mixed.items()),
            "export them in one unit (CRMs have amounts in the firm's currency), with the unit in a column of its own if need be",
        )  # fmt: skip


def _undated(known: Known) -> Iterator[Finding]:
    """Decided leads that cannot be placed in time; from too many of them on, all are split by lot."""
    places = [place for place, won in zip(known.order, known.won) if won is not None]
    absent = places.count(None)
    if absent and absent < len(places):
        lot = absent > _UNDATED * len(places)
        yield Finding(
            "undated", "warn" if lot else "pass",
            f"{absent} of {len(places)} leads with an outcome have no time" + (": all leads are split by lot" if lot else ""),
            fix="fill in the dates, or name another column with model.source.decided_at or model.source.order" if lot else "",
        )  # fmt: skip


def _kept_out(known: Known) -> Iterator[Finding]:
    names = tuple(f"{one.column}: {one.what}" for one in known.personal if one.what != POSTCODE)
    if names:
        yield Finding(
            "personal",
            "pass",
            f"{so_many(names, 'names', 'name')} persons, mailboxes or records: not learned from",
            names,
        )
    for code in (one.column for one in known.personal if one.what == POSTCODE):
        there = [known.columns.get(made, ()) for made in of_postcodes(code)]
        usual = [
            value for values in there for value, _ in Counter(filter(None, values)).most_common(1)
        ]
        which = "areas are" if len(usual) == 1 else "areas and districts are"
        if usual:
            told = f"of {code} {which} learned from, as {' and '.join(map(str, usual))}"
            yield Finding("postcodes", "pass", told)
    if known.later and known.crm is not None:
        yield Finding(
            "known-later",
            "pass",
            f"{so_many(known.later, 'is', 'are')} filled in by {known.crm.title} after the decision: left out",
            known.later,
        )
    for one in known.counted:
        counts = f"{one.column} counts the days from {known.roles.decided_at} to {one.until}"
        level: Literal["pass", "warn"] = "warn" if one.ahead else "pass"
        fix = f"if {'these are days left to it, or ' if one.ahead else ''}it was there when the lead came: model.columns.keep: [{one.column}]"
        after = ", long after the last that is known here" if one.ahead else ""
        yield Finding("known-later", level, f"{counts}{after}: left out", (one.column,), fix)


def _same_names(known: Known) -> Iterator[Finding]:
    """Columns with the title of another, which got the number of their place: no CRM's API knows that name."""
    columns = known.sheet.columns
    twice = [
        name
        for place, name in enumerate(columns, start=1)
        if name.removesuffix(f"_{place}") in columns[: place - 1] and name in known.columns
        if known.typed[name].kind != "empty"
    ]
    if twice:
        title, place = title_of(twice[0], columns)
        yield Finding(
            "same-name", "warn",
            f"{so_many(twice, 'has', 'have')} the title of another: told apart here by the number of their place",
            tuple(twice),
            f"give each a title of its own and import again, or a label in model.phrases: reasons call {twice[0]} "
            f"“{placed(readable(title), place)}”, and what asks a CRM for a column finds one of them only",
        )  # fmt: skip


def _shortened(known: Known) -> Iterator[Finding]:
    """Telephone numbers and ids in a CSV that a spreadsheet saved as it showed them; a spreadsheet's own are told by its reader."""
    if file_and_sheet(known.sheet.files[0])[1]:
        return
    counts = {
        name: n
        for name, cells in known.sheet.cells.items()
        if (n := sum("E+" in cell and is_shortened(cell) for cell in cells))
    }
    if counts:
        yield Finding(
            "lost-digits", "warn",
            f"{sum(counts.values())} cells are written as 1.23E+11: a spreadsheet took an id or a telephone number for a number",
            tuple(f"{name}: {n}" for name, n in list(counts.items())),
            "export again, and do not save it in a spreadsheet, or tell that before that these columns are texts",
        )  # fmt: skip


def _ranges_as_dates(known: Known) -> Iterator[Finding]:
    """Ranges such as `1-10` and `11-50` that a spreadsheet took for a day and for a month, beside others that it left."""
    found: dict[str, list[str]] = {}
    for name in known.columns:
        if name in known.typed and known.typed[name].kind == "text":
            cells = {cell.strip() for cell in known.sheet.cells[name]}
            taken = sorted(cell for cell in cells if _AS_DATE.fullmatch(cell))
            if taken and len(cells) <= _MOST_RANGES and any(map(_RANGE.fullmatch, cells)):
                found[name] = taken
    if found:
        yield Finding(
            "ranges-as-dates", "warn",
            f"{so_many(tuple(found), 'of ranges has', 'of ranges have')} some that a spreadsheet took for dates",
            tuple(f"{name}: {', '.join(cells)}" for name, cells in found.items()),
            "export again, and do not save it in a spreadsheet: a lead with 1-10 has a value that was never met, where 10-Jan was",
        )  # fmt: skip


def _texts_of(column: Sequence[Value]) -> Iterable[tuple[str, int]]:
    """Each text of a column and how often it comes."""
    return Counter(v for v in column if isinstance(v, str)).items()


def _encoding(known: Known) -> Iterator[Finding]:
    counts = {
        name: n
        for name, column in known.columns.items()
        if (n := sum(m for v, m in _texts_of(column) if any(b in v for b in _BROKEN)))
    }
    if counts:
        yield Finding(
            "encoding",
            "warn",
            f"{sum(counts.values())} cells hold broken characters: the table was written or converted in a wrong encoding",
            tuple(f"{name}: {n}" for name, n in list(counts.items())),
            "export again as UTF-8; the same words in another spelling count as other words",
        )


def _odd_cells(known: Known) -> Iterator[Finding]:
    odd = {n: t for n, t in known.typed.items() if n in known.columns and t.odd}
    if odd:
        yield Finding(
            "odd-cells",
            "pass",
            f"{len(odd)} columns of numbers or dates hold other words or units too; words were kept as words, what is in another unit was left empty",
            tuple(f"{name}: {t.odd} of {len(t.values)}" for name, t in list(odd.items())),
        )  # fmt: skip
