"""Which column tells what became of a lead, and which of its cells mean won, lost or still open.

By what a person stated, by a CRM's own rules, else by known words; two columns that contradict each other are an error,
not a guess. When an outcome was known is `columns/roles.py`'s question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from kits.core.errors import ConfigError, DataError
from kits.lead_scoring._reading.columns.mapping import Mapping, OutcomeRule
from kits.lead_scoring._reading.columns.names import by_rank
from kits.lead_scoring._reading.columns.stated import column_named
from kits.lead_scoring._reading.outcome.by_files import by_files
from kits.lead_scoring._reading.outcome.by_filled import is_date_of_a_sale, is_filled_for_some
from kits.lead_scoring._reading.outcome.by_pairs import by_pairs
from kits.lead_scoring._reading.outcome.by_parts import by_parts
from kits.lead_scoring._reading.outcome.by_words import by_words
from kits.lead_scoring._reading.outcome.cells import (
    ANY,
    MOST_VALUES,
    Cells,
    amounts_of,
    cells_by_words,
    compares,
    known_cells,
    listed_cells,
    means_filled,
    shown,
    unmet,
    without_rest,
)
from kits.lead_scoring._reading.outcome.found import AGREE, Outcome, cells_said, outcome_of
from kits.lead_scoring._reading.outcome.learned import Says, as_learned
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring.config import SourceConfig


def find_outcome(
    sheet: Sheet,
    source: SourceConfig,
    mapping: Mapping | None,
    learned: Sequence[str] = (),
    says: Says = (),
) -> Outcome | None:
    """What became of the leads; None when no column tells.

    Args:
        learned: columns that told it to a bundle: unless they are empty, no other is asked, and a stated one may hold open leads
            alone. Empty: nothing is known.
        says: what their cells meant then.

    Raises:
        ConfigError: a stated column is not there, though one of a like name is.
        DataError: several columns could tell and contradict each other, or a stated one holds no known words.
    """
    _refuse_any_column(sheet, source)
    if source.outcome:
        column = column_named(sheet.columns, source.outcome, "outcome", missing_is_fine=True)
        found = _stated(sheet, column, source, met=column in learned) if column else None
    else:
        if any(not is_missing(cell) for name in learned for cell in sheet.cells[name]):
            sheet = replace(sheet, cells={name: sheet.cells[name] for name in learned})
        found = _by_rules(sheet, mapping) if mapping is not None else None
        found = (
            found or _of_all_leads(sheet, _by_cells(sheet)) or by_files(sheet) or by_parts(sheet)
        )
        found = _by_stated_cells(sheet, source, found)
    found = found if found is None or source.lost else _with_reasons(sheet, found)
    stated = source.outcome or source.won or source.lost
    return found if stated else as_learned(found, sheet, learned, says)


def _refuse_any_column(sheet: Sheet, source: SourceConfig) -> None:
    """That a column is filled in says something of one that is named."""
    stars = means_filled((*source.won, *source.lost)) and not source.outcome
    if stars and not any(cell.strip() == ANY for cells in sheet.cells.values() for cell in cells):
        raise ConfigError(
            f"'{ANY}' means that a column is filled in, and no column is named",
            where="kit.yaml: model.source.won",
            fix="name it: model.source.outcome",
        )


def _by_cells(sheet: Sheet) -> Outcome | None:
    """By words of one column, or by two of which one says won and the other lost, where no word says lost."""
    found = by_words(sheet)
    return found if found is not None and not found.all_lost else by_pairs(sheet) or found


def _of_all_leads(sheet: Sheet, found: Outcome | None) -> Outcome | None:
    """What words say, unless they are of few leads and another column says yes or no of each that is to learn from: words for won
    and lost may be those of the campaign before. The surest words are a CRM's: the others of its leads are open."""
    if found is None or len(found.columns) > 1 or found.assumed is not None or found.kind == 0:
        return found
    parts = by_parts(sheet)
    if parts is None or parts.columns == found.columns:
        return found
    said = sum(a is not None and b is not None for a, b in zip(found.won, parts.won))
    return parts if 2 * said < sum(parts.counts[:2]) else found


def _by_stated_cells(sheet: Sheet, source: SourceConfig, found: Outcome | None) -> Outcome | None:
    """By cells that a person listed without a column: of the one that has them. Where that is none, or not clear, what was found
    stays, and it is told that they were met nowhere."""
    listed = tuple(one for one in (*source.won, *source.lost) if not compares((one,)))
    if not listed:
        return found
    columns = [name for name in sheet.columns if _has(sheet.cells[name], source)]
    own = [name for name in columns if found is not None and name in found.columns]
    chosen = own or columns
    if len(chosen) != 1:
        return found and replace(found, unmet=listed)
    # what is won stands elsewhere: in another of the columns that say it, or where it was found
    elsewhere = len(found.columns) > 1 if found and own else not source.won
    if found is not None and elsewhere:
        return _over(found, chosen[0], sheet.cells[chosen[0]], source)
    # another table may have such a word by chance: this one is no surer for it
    return replace(_stated(sheet, chosen[0], source), kind=found.kind if found else 1)


def _has(cells: Sequence[str], source: SourceConfig) -> bool:
    """Whether a column has cells of each side that a person listed."""
    known = known_cells(cells, (*source.won, *source.lost))
    sides = [side for side in (source.won, source.lost) if side]
    return len(known) <= MOST_VALUES and all(
        len(unmet(known, side)) < len(side) and not compares(side) for side in sides
    )


def _over(found: Outcome, column: str, cells: Sequence[str], source: SourceConfig) -> Outcome:
    """What several columns say, but for the cells of one that a person listed."""
    known = known_cells(cells, (*source.won, *source.lost))
    won = listed_cells(column, known, source.won)
    lost = listed_cells(column, known, source.lost)
    says = dict.fromkeys(lost, False) | dict.fromkeys(won, True)
    told = tuple(says.get(cell, before) for cell, before in zip(cells, found.won))
    said = f"{found.said}; stated of {column} ({cells_said(known, Cells(won, lost))})"
    columns = tuple(dict.fromkeys((*found.columns, column)))
    return replace(found, columns=columns, won=told, said=said, all_lost=False not in told)


def _stated(sheet: Sheet, column: str, source: SourceConfig, *, met: bool = False) -> Outcome:
    """What a stated column says.

    Args:
        met: it told the outcome in earlier tables, so that none of these leads need be decided: leads to be scored are open.
    """
    cells = sheet.cells[column]
    listed = (*source.won, *source.lost)
    known = known_cells(cells, listed)
    chosen = (
        _listed(column, known, source, met=met)
        if source.won or source.lost
        else cells_by_words(known, named=True)
    )
    if met and (chosen is None or not chosen.won | chosen.lost):
        # that no cell means lost says nothing here: age decides nothing
        open_ones = outcome_of(column, cells, Cells(frozenset(), frozenset()), known)
        return replace(open_ones, all_lost=False, unmet=listed)
    if chosen is None and is_date_of_a_sale(sheet, column):
        chosen = Cells(frozenset(known), frozenset())
    if chosen is None:
        amounts = amounts_of(column, known)
        some = f'; where those alone who were won have one: model.source.won: ["{ANY}"]'
        raise DataError(
            f"no cell of {column!r} is a known word for won or lost",
            where=", ".join(shown(known)),
            fix=('say from which amount on a lead is won in kit.yaml: model.source.won: ["> 0"]' if amounts
            else "state them in kit.yaml: model.source.won: […] and model.source.lost: […]")
            + (some if is_filled_for_some(sheet, column) else ""),
        )  # fmt: skip
    found = outcome_of(column, cells, chosen, known)
    return replace(found, unmet=unmet(known, listed))


def _listed(column: str, known: Counter[str], source: SourceConfig, *, met: bool = False) -> Cells:
    """The cells that a person listed for one side or both; the other side by known words, or what a bound leaves.

    Args:
        met: they were there in earlier tables, and need not be in this one.
    """
    found = {
        side: listed_cells(column, known, listed)
        for side, listed in (("won", source.won), ("lost", source.lost))
    }
    for side, listed in (("won", source.won), ("lost", source.lost)):
        if listed and not found[side] and not met:
            raise DataError(
                f"no cell of {column!r} is {'' if compares(listed) else 'one of '}{', '.join(listed)}",
                where=f"model.source.{side}",
                fix=f"cells there: {', '.join(shown(known))}",
            )
    if not source.lost and compares(source.won):
        return Cells(found["won"], frozenset(amounts_of(column, known)) - found["won"])
    # what is stated needs no word, and must not keep the others from being known ones
    stated = found["won"] | found["lost"]
    rest = Counter({cell: n for cell, n in known.items() if cell not in stated})
    words = cells_by_words(rest, named=True) if not source.won or not source.lost else None
    if words is not None and not source.won:
        found["won"] = words.won - found["lost"]
    elif words is not None:
        found["lost"] = words.lost - found["won"]
    return without_rest(found["won"], found["lost"], source)


def _with_reasons(sheet: Sheet, outcome: Outcome) -> Outcome:
    """Where no cell means lost: leads with a reason for having been lost are lost, if hardly one that was won has any."""
    if not outcome.all_lost:
        return outcome
    for name in by_rank(sheet.columns, "lost_reason"):
        given = [not is_missing(cell) for cell in sheet.cells[name]]
        both = sum(said and won is True for said, won in zip(given, outcome.won))
        if not any(given) or both > (1 - AGREE) * sum(given):
            continue
        won = tuple(False if said and one is None else one for said, one in zip(given, outcome.won))
        said = f"{outcome.said}; {name} (lost: filled in)"
        columns = tuple(dict.fromkeys((*outcome.columns, name)))
        return replace(outcome, columns=columns, won=won, said=said, all_lost=False)
    return outcome


# -- by a CRM's rules -----------------------------------------------------------------------------


def _by_rules(sheet: Sheet, mapping: Mapping) -> Outcome | None:
    won: list[bool | None] = [None] * len(sheet)
    told: list[str] = []
    columns: list[str] = []
    for rule in mapping.names.outcome:
        found = mapping.find(rule.columns, sheet.columns)
        if not found:
            continue
        columns.append(found[0])
        said = _apply(rule, found[0], sheet.cells[found[0]], won)
        if said:
            told.append(f"{found[0]} ({said})")
    if True not in won:
        return None
    return Outcome(tuple(columns), tuple(won), "; ".join(told), all_lost=False not in won)


def _apply(rule: OutcomeRule, column: str, cells: Sequence[str], won: list[bool | None]) -> str:
    known = known_cells(cells)
    chosen = Cells(listed_cells(column, known, rule.won), listed_cells(column, known, rule.lost))
    words = cells_by_words(known, named=True, tiers=rule.words) if rule.words else None
    if words is not None:
        chosen = Cells(chosen.won | words.won, chosen.lost | words.lost)
    if rule.won_if_filled:
        chosen = Cells(frozenset(known), chosen.lost)
    if rule.lost_if_filled:
        chosen = Cells(chosen.won, frozenset(known))
    for row, cell in enumerate(cells):
        if won[row] is None:
            won[row] = True if cell in chosen.won else False if cell in chosen.lost else None
    if rule.won_if_filled or rule.lost_if_filled:
        return "filled in" if known else ""
    return cells_said(known, chosen)
