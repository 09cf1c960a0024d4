"""Which of several tables lists the leads: the one that tells what became of them. It joins nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from kits.core.errors import ConfigError, DataError
from kits.lead_scoring._reading.mapping import find_mapping
from kits.lead_scoring._reading.names import plain
from kits.lead_scoring._reading.outcomes import find_outcome
from kits.lead_scoring._reading.sheets import Sheet
from kits.lead_scoring.config import SourceConfig

_NAMES = re.compile(
    r"(?:^|_)(?:leads?|opportunit(?:y|ies)|deals?|pipeline|prospects?|contacts?|inquir(?:y|ies)|anfragen?|verkaufschancen?|"
    r"affaires?|pistes?|oportunidades?|opportunita)(?:_|$)"
)
_UNCLEAR = 4
_NONE = 9


def find_leads(sheets: Sequence[Sheet], roles: Mapping[str, str], source: SourceConfig) -> Sheet:
    """The table of leads: as stated, else by how surely it tells outcomes, by its name, by its size.

    Args:
        roles: table → its stated role; empty: not stated.
    """
    stated = [sheet for sheet in sheets if roles.get(sheet.name) == "leads"]
    free = stated or [sheet for sheet in sheets if not roles.get(sheet.name)] or list(sheets)
    return min(free, key=lambda s: (_sureness(s, source), not _named(s), -len(s)))


def tells_outcomes(sheet: Sheet, source: SourceConfig) -> bool:
    """Whether a column of the table says what became of its rows."""
    return _sureness(sheet, source) < _NONE


def _named(sheet: Sheet) -> bool:
    return bool(_NAMES.search(plain(sheet.called)))


def _sureness(sheet: Sheet, source: SourceConfig) -> int:
    """How surely a table tells outcomes, 0 the most."""
    try:
        found = find_outcome(sheet, source, find_mapping(sheet.columns, source.mapping))
    except DataError:
        return _UNCLEAR
    except ConfigError:
        return _NONE
    return found.kind if found is not None else _NONE
