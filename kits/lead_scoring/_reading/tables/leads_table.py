"""Which of several tables lists the leads: the one that tells what became of them. It joins nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from kits.core.column_names import plain, squeezed
from kits.core.errors import ConfigError, DataError
from kits.core.kit import Finding
from kits.lead_scoring._reading.columns.mapping import find_mapping
from kits.lead_scoring._reading.columns.names import speaks_of
from kits.lead_scoring._reading.columns.role_times import came
from kits.lead_scoring._reading.joining.relations import find_link
from kits.lead_scoring._reading.joining.sales import ALL, named_like_sales
from kits.lead_scoring._reading.leads.ids import is_numbered
from kits.lead_scoring._reading.outcome.by_filled import may_tell
from kits.lead_scoring._reading.outcome.column import find_outcome
from kits.lead_scoring._reading.outcome.told import ends_of_all
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.stated_tables import stating
from kits.lead_scoring._reading.tables.things import ranked_in
from kits.lead_scoring.config import SourceConfig

_NAMES = re.compile(
    r"(?:^|_)(?:leads?|opportunit(?:y|ies)|deals?|pipeline|prospects?|contacts?|inquir(?:y|ies)|anfragen?|verkaufschancen?|"
    r"affaires?|pistes?|oportunidades?|opportunita)(?:_|$)"
)
_UNCLEAR = 4
_LEGEND = 0.05
"""A table with so few of the rows explains words (`Won: has signed`), and lists nobody."""
_FEW, _NARROW = 20, 3
"""Rows and columns that such a table has at most."""
_NONE = 9
_NEARLY_ALL = 0.99


def find_leads(sheets: Sequence[Sheet], roles: Mapping[str, str], source: SourceConfig) -> Sheet:
    """The table of leads: as stated, else by how surely it tells outcomes, by its name, by its size.

    Args:
        roles: table → its stated role; empty: not stated.
    """
    stated = [sheet for sheet in sheets if roles.get(sheet.name) == "leads"]
    most = max(len(sheet) for sheet in sheets)
    listing = [sheet for sheet in sheets if not _explains(sheet, most)]
    free = stated or [sheet for sheet in listing if not roles.get(sheet.name)] or list(sheets)
    main = min(free, key=lambda s: (*_sureness(s, source), not _named(s), -len(s)))
    if (
        not stated
        and not source.outcome
        and not _named(main)
        and _sureness(main, source)[0] == _NONE
    ):
        # none of them says won or lost: visits are more than visitors, and are not whom to call
        main = min(free, key=lambda sheet: _unlike_leads(sheet, free))
    return main if stated else _who_bought(main, free, source)


def _unlike_leads(sheet: Sheet, sheets: Sequence[Sheet]) -> tuple[bool, bool, bool, int, int]:
    """How little a table that says neither won nor lost looks like a list of leads: orders come of leads, of visits there are
    many for each, and tickets name the account that stayed or left."""
    ends = ends_of_all(sheet)
    # of subscriptions that are left or renewed each is one of whom it is asked who stays
    sales = named_like_sales(sheet) and not any(speaks_of(name, "kept_words") for name in ends)
    ids = _own_ids(sheet)
    names = {squeezed(name) for name in ids}
    named_by = sum(
        not names.isdisjoint(map(squeezed, other.columns)) for other in sheets if other is not sheet
    )
    tells = may_tell(sheet) or bool(ends)
    return sales, sales or not ids, not tells, -named_by, -len(sheet)


def _own_ids(sheet: Sheet) -> list[str]:
    """Columns in which each row has an id of its own, but for a few that came twice."""
    named = [*ranked_in(sheet, sheet.columns, "id"), *filter(is_numbered, sheet.columns)]
    least = _NEARLY_ALL * len(sheet)
    return [name for name in named if len(set(sheet.cells[name]) - {""}) >= least]


def _who_bought(main: Sheet, others: Sequence[Sheet], source: SourceConfig) -> Sheet:
    """The leads of which these were sales: that an order was paid or cancelled says what became of the order, and who never
    ordered is in the other table alone. Where a table says won and lost by these words, its rows are deals."""
    if not named_like_sales(main) or _named(main) or _sureness(main, source)[0] in (0, _NONE):
        return main
    for other in sorted(others, key=lambda s: (not _named(s), -len(s))):
        if other is main or named_like_sales(other) or tells_outcomes(other, source):
            continue
        link = find_link(other, main) if _named(other) or came(other) else None
        if link is not None and link.lead_unique and link.leads < ALL * len(other):
            return other
    return main


def _explains(sheet: Sheet, most: int) -> bool:
    """Whether a table gives words for codes: few rows of two or three cells, none of which comes twice in its column."""
    if len(sheet) > min(_FEW, _LEGEND * most) or len(sheet.columns) > _NARROW:
        return False
    return all(len(set(cells)) == len(cells) for cells in sheet.cells.values())


def tells_outcomes(sheet: Sheet, source: SourceConfig) -> bool:
    """Whether a column of the table says what became of its rows."""
    return _sureness(sheet, source)[0] < _NONE


def outcome_columns(sheet: Sheet, source: SourceConfig) -> tuple[str, ...]:
    """The columns that say what became of the rows; none where that is unclear."""
    try:
        found = find_outcome(sheet, source, find_mapping(sheet.columns, source.mapping))
    except (DataError, ConfigError):
        return ()
    return found.columns if found is not None else ()


def other_choices(
    main: Sheet, others: Sequence[Sheet], roles: Mapping[str, str], source: SourceConfig
) -> Iterator[Finding]:
    """Tables that could be the leads too: only a person knows which of the two is to be scored."""
    if roles.get(main.name) == "leads" or source.outcome:
        return
    for sheet in others:
        large = len(sheet) >= _LEGEND * len(main)
        if large and not roles.get(sheet.name) and _sureness(sheet, source)[0] == 0:
            yield Finding(
                "other-leads", "pass",
                f"{main.name} was taken for the leads, though {sheet.name} tells what became of its rows too",
                fix=f"if these are to be scored, say so in kit.yaml: model.source.tables: [{stating(sheet.files[0], 'leads')}]",
            )  # fmt: skip


def _named(sheet: Sheet) -> bool:
    return bool(_NAMES.search(plain(sheet.called)))


def _sureness(sheet: Sheet, source: SourceConfig) -> tuple[int, bool, bool]:
    """How surely a table tells outcomes, 0 the most; whether none of it is lost; whether it lists persons.

    A person who became a customer is told by a contact, what was lost by the deals.
    """
    crm = find_mapping(sheet.columns, source.mapping)
    persons = crm is not None and crm.object == "contacts"
    try:
        found = find_outcome(sheet, source, crm)
    except DataError:
        return _UNCLEAR, False, persons
    except ConfigError:
        return _NONE, False, persons
    return (found.kind, found.all_lost, persons) if found is not None else (_NONE, False, persons)
