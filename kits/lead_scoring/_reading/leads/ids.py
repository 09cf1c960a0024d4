"""The column that names each lead: a CRM's own, else one called like an id whose cells differ from row to row."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from kits.core.column_names import plain, squeezed
from kits.lead_scoring._reading.columns.mapping import Mapping
from kits.lead_scoring._reading.columns.names import names_for, rank, speaks_of
from kits.lead_scoring._reading.columns.role_times import seconds_of
from kits.lead_scoring._reading.columns.stated import column_named
from kits.lead_scoring._reading.leads.carried_on import is_carried_on
from kits.lead_scoring._reading.tables.sheets import Sheet
from kits.lead_scoring._reading.tables.things import of_customers, ranked_in, without_record
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring.config import SourceConfig

_ELSEWHERE = re.compile(
    r"network_id$|post(?:al|leit)?_?(?:nr|nummer|no|number|code_no)$|(?:haus|house|hus|huis)_?(?:nr|nummer|no|number)$"
)
_OF_A_NUMBER = ("_id", "_number", "_no", "nr", "nummer", "_key", "_ref", "_reference", "_referenz", "_referentie", "_uuid", "_uid", "_guid")  # fmt: skip
_SIGNED = re.compile(r"nº_(?:d[aeo]l?_)?(?P<after>[^\W_]+).*|(?:.*\W)?(?P<before>\w+)\W* #", re.I)
"""`Nº oportunidad`, `Submission #`; of several (`Nº de visitas`, `Employees #`) it says how many they are."""
_BEFORE = re.compile(
    r"(?:n|n_º|nr|numero|numer|nummer|ref|reference|referencia|rif)_(?:(?:d|d[aeiou]|d[eao]l|dell[ao]?)_)?(?P<thing>[^\W_]{3,})"
)
"""`N° affaire`, `Numéro de devis`, `Réf. dossier`, `Número de oportunidad`, `Nr oferty`."""
_UNIQUE = 0.98
_HALF = 0.5
_LEAST = 20
_DAY = 86_400.0


def lead_id(
    sheet: Sheet,
    source: SourceConfig,
    mapping: Mapping | None,
    free: Sequence[str],
    decided: str,
    won: Sequence[bool | None] = (),
) -> str:
    """The column, empty where there is none.

    Args:
        free: columns that have no other role.
        decided: when leads came.
        won: what became of them; empty: nothing tells it.

    Raises:
        ConfigError: the stated column is not there.
    """
    if source.id:
        return column_named(sheet.columns, source.id, "id")
    named = mapping.find(mapping.names.id, free) if mapping else []
    ending = sorted(filter(is_numbered, free), key=of_customers)
    known = [*named, *_own_first(sheet, _of_leads_first(sheet, free))]
    known += [name for name in free if name.strip() == "#"]  # Typeform's
    each = [name for name in dict.fromkeys([*known, *ending]) if _names_each(sheet, name)]
    if each:
        return _given(sheet, each)
    repeating = dict.fromkeys([*named, *ranked_in(sheet, free, "lead_id")])
    several = (name for name in repeating if _repeats(sheet, name) or _states(sheet, name, decided))
    if mapping:
        return next(several, "")
    found = next(several, "") or _carried_on(sheet, free, decided, won)
    return found or _of_whom(sheet, free, decided)


def _carried_on(sheet: Sheet, free: Sequence[str], decided: str, won: Sequence[bool | None]) -> str:
    """A number of whatever name (`Nr`, `Projekt-Nr.`) under which leads have several rows; each came once."""
    numbered = (name for name in free if is_numbered(name) or rank(name, "id") is not None)
    for name in numbered:
        own = not of_customers(name) and _states(sheet, name, decided)
        if own and is_carried_on(sheet, name, free, won):
            return name
    return ""


def _of_whom(sheet: Sheet, free: Sequence[str], decided: str) -> str:
    """The column with the numbers of customers, where each lead has one and nobody came twice on a day: with that it names each."""
    if rank(decided, "decided_at") is None:
        return ""
    days = [None if at is None else at // _DAY for at in seconds_of(sheet, decided)]
    for name in free:
        cells = sheet.cells[name]
        if not (is_numbered(name) and of_customers(name)) or None in days or any(map(is_missing, cells)):  # fmt: skip
            continue
        pairs = set(zip(map(str.strip, cells), days))
        if len(pairs) == len(days) and len(set(cells)) > _LEAST:
            return name
    return ""


def repeats(cells: Sequence[str]) -> bool:
    """Whether ids are those of customers who came again: of a lead's own hardly one does, and nothing is learned from it."""
    return len({cell.strip() for cell in cells}) < _UNIQUE * len(cells)


def _of_leads_first(sheet: Sheet, free: Sequence[str]) -> Sequence[str]:
    """Columns called like an id, those of leads before those of customers: who comes again has the same number."""
    leads = {*names_for("lead_id")} - {"id"}
    bare = {name: without_record(sheet, name) for name in ranked_in(sheet, free, "id")}
    return sorted(bare, key=lambda name: squeezed(bare[name]) not in leads)


def _given(sheet: Sheet, each: Sequence[str]) -> str:
    """The first of ids that name each row; if it counts the rows of this file, one beside it that a program gave. That of a customer
    or of another thing is taken for a number of rows (`Sr. No.`) alone: a `Deal ID` may count from one as well."""
    first = each[0]
    if not counts_rows(sheet.cells[first]):
        return first
    of_leads = rank(without_record(sheet, first), "lead_id") is not None
    for name in each[1:]:
        cells = sheet.cells[name]
        whose = of_customers(name) or rank(name, "id") is None
        if not counts_rows(cells) and not (of_leads and whose):
            return name
    return first


def _names_each(sheet: Sheet, name: str) -> bool:
    cells = [cell for cell in sheet.cells[name] if not is_missing(cell)]
    return (
        bool(cells) and len(set(cells)) >= _UNIQUE * len(cells) and len(cells) > _HALF * len(sheet)
    )


def _own_first(sheet: Sheet, ranked: Sequence[str]) -> Sequence[str]:
    """A record's own `id`, each once, before ids of the persons and firms that have it, and before others that repeat.

    An API names the contact of each deal, and mostly it is another; who comes a second time has another deal.
    """
    own = next((name for name in ranked if plain(without_record(sheet, name)) == "id"), "")
    if not own or not _each_once(sheet, own):
        return ranked
    leads = names_for("lead_id")
    better = [
        n for n in ranked[: ranked.index(own)] if squeezed(n) in leads and _each_once(sheet, n)
    ]
    return [*better, own, *(name for name in ranked if name not in (own, *better))]


def _each_once(sheet: Sheet, name: str) -> bool:
    cells = [cell.strip() for cell in sheet.cells[name] if not is_missing(cell)]
    return len(set(cells)) == len(sheet) and not counts_rows(cells)


def _repeats(sheet: Sheet, name: str) -> bool:
    """Whether ids come again because leads do, in a later state or in another export; not because each file counts its rows."""
    files: dict[str, list[str]] = defaultdict(list)
    for file, cell in zip(sheet.files, sheet.cells[name]):
        if not is_missing(cell):
            files[file].append(cell.strip())
    filled = sum(len(cells) for cells in files.values())
    counted = [cells for cells in files.values() if counts_rows(cells)]
    if filled <= _HALF * len(sheet) or counted:
        return False
    return sum(len(set(cells)) for cells in files.values()) > _HALF * filled


def _states(sheet: Sheet, name: str, decided: str) -> bool:
    """Whether a row is one of many states of a lead: those of an id all came at the same moment, others at other ones."""
    if not decided:
        return False
    pairs = zip(sheet.cells[name], sheet.cells[decided])
    known = {(one.strip(), at.strip()) for one, at in pairs if not is_missing(one)}
    ids, moments = {one for one, _ in known}, {at for _, at in known}
    return len(moments) >= _LEAST and len(known) <= len(ids) / _UNIQUE


def counts_rows(ids: Sequence[str]) -> bool:
    """Whether they are 0, 1, 2, … or 1, 2, 3, …: a place in this file, and in the next one another lead's."""
    first = 0 if ids[:1] == ["0"] else 1
    return list(ids) == [str(number) for number in range(first, first + len(ids))]


def is_numbered(name: str) -> bool:
    """`opportunity_number`, `Kundennr.`, `ticket_id`, `ID leada`, `Enquiry ref`, `SK_ID_CURR`, `Submission #`; no number of a phone, a house or a place
    (`Postnummer`)."""
    called = plain(name)
    signed = _SIGNED.fullmatch(called) or _SIGNED.fullmatch(name.strip())
    one = signed is not None and not (signed["after"] or signed["before"]).lower().endswith("s")
    before = _BEFORE.fullmatch(called)
    one |= before is not None and before["thing"] in names_for("numbered_words")
    ends = called.endswith(_OF_A_NUMBER) or "_id_" in called or one
    dialled = rank(name, "phone") is not None or speaks_of(name, "phone_phrases")
    elsewhere = dialled or _ELSEWHERE.search(called) is not None
    return (ends or called.startswith("id_")) and not elsewhere
