"""Rows that are no leads though they look like one: forms that were tried out, and the firm's own people.

By addresses and names, which no model sees; so each lead takes along what it was taken for. They are told and learned from
unless a person says that they are to be left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat

from kits.core.kit import Finding
from kits.lead_scoring._mailbox import domain_of, mailbox_kind
from kits.lead_scoring._no_lead import taken_for
from kits.lead_scoring._reading.columns.known import Known
from kits.lead_scoring._reading.columns.mapping import tier_words
from kits.lead_scoring._reading.columns.names import rank, words_of
from kits.lead_scoring._reading.columns.personal import holds_addresses, of_owners
from kits.lead_scoring._reading.values.cells import is_missing
from kits.lead_scoring._trial import ADDRESS, MARK, told
from kits.lead_scoring.config import SourceConfig

_FEW_OWNERS, _FEW = 50, 0.05
"""A column of owners names few: not those who own the firms that are leads."""
_MOSTLY = 0.5
_COLLEAGUES = 2
"""Owners that are leads themselves, at a domain which is then the firm's own."""
_OWN_AT_MOST = 0.2
"""Were more of the leads at that domain, it would be no firm's own."""
_MADE_UP = 0.5
"""Were more of the leads at test addresses, all of them would be tests."""


def trials_of(known: Known, source: SourceConfig) -> dict[int, str]:
    """What rows were taken for that are hardly leads, by their number."""
    if source.test_leads == "keep":
        return {}
    people = [one for one in known.personal if not of_owners(one.column)]
    named = [one.column for one in people if one.what == "e-mail address"]
    by_id = known.roles.id
    if by_id and holds_addresses(known.sheet.cells[by_id]):
        named.append(by_id)
    names = [known.sheet.cells[one.column] for one in people if one.what == "name"]
    mails = [known.sheet.cells[name] for name in named]
    domains = [frozenset(map(domain_of, cells)) for cells in zip(*mails)]
    own = frozenset(map(domain_of, source.own_domains)) or _own_domains(known, names, domains)
    persons = zip(*names) if names else repeat(())
    mailboxes = zip(*mails) if mails else repeat(())
    judged = (taken_for(*both, own) for both in zip(mailboxes, persons))
    found = {row: what for row, what in zip(range(len(known.sheet)), judged) if what}
    found |= dict.fromkeys(_marked(known), MARK)
    # leads that are made up as a whole, to try things out: no form was tried among them
    made_up = sum(what == ADDRESS for what in found.values()) > _MADE_UP * len(known.sheet)
    return {row: what for row, what in found.items() if not made_up or what != ADDRESS}


def without_trials(
    known: Known, source: SourceConfig, *, all_wanted: bool
) -> tuple[Known, Mapping[int, str], list[Finding]]:
    """The leads, what some of them were taken for, and what is to be said.

    Args:
        all_wanted: they are to be scored: none is left out.
    """
    found = trials_of(known, source)
    if not found or all_wanted:
        return known, {}, []
    counts = Counter(found.values())
    rows = tuple(f"{known.sheet.files[row]}, row {known.sheet.lines[row]}" for row in sorted(found))
    if source.test_leads != "leave-out":
        return known, found, [told(counts, len(known.sheet), rows)]
    left = [row for row in range(len(known.sheet)) if row not in found]
    return known.only(left), {}, [told(counts, len(known.sheet), rows, left_out=True)]


def _marked(known: Known) -> Iterator[int]:
    """Rows that a form of an advertiser says were made to try it out (`Test Lead`: TRUE)."""
    yes, no = tier_words("flags")
    for name in known.sheet.columns:
        if rank(name, "trial_mark") is None:
            continue
        cells = [words_of(cell) for cell in known.sheet.cells[name]]
        if {cell for cell in cells if cell} <= yes | no:
            yield from (row for row, cell in enumerate(cells) if cell in yes)


def _own_domains(
    known: Known, names: Sequence[Sequence[str]], domains: Sequence[frozenset[str]]
) -> frozenset[str]:
    """The domain of those who work on the leads: of their addresses, else of leads that are called like them."""
    owners = [
        cells
        for name in known.sheet.columns
        if of_owners(name) and _are_few(cells := known.sheet.cells[name])
    ]
    found = {*_by_address(owners), *_by_name(owners, names, domains)}
    at = Counter(domain for ones in domains for domain in ones)
    return frozenset(one for one in found if 0 < at[one] <= _OWN_AT_MOST * len(domains))


def _are_few(cells: Sequence[str]) -> bool:
    return len({cell.strip() for cell in cells}) <= max(_FEW_OWNERS, _FEW * len(cells))


def _by_address(owners: Sequence[Sequence[str]]) -> Iterator[str]:
    for cells in filter(holds_addresses, owners):
        given = Counter(domain_of(cell) for cell in cells if not is_missing(cell))
        domain, n = given.most_common(1)[0]
        if n > _MOSTLY * given.total() and mailbox_kind(domain) == "company":
            yield domain


def _by_name(
    owners: Sequence[Sequence[str]],
    names: Sequence[Sequence[str]],
    domains: Sequence[frozenset[str]],
) -> Iterator[str]:
    called = {frozenset(words_of(cell).split()) for cells in owners for cell in set(cells)}
    colleagues = {one for one in called if len(one) > 1}
    met: defaultdict[str, set[frozenset[str]]] = defaultdict(set)
    for cells, ones in zip(zip(*names), domains):
        person = frozenset(words_of(" ".join(cells)).split())
        if person in colleagues:
            for domain in ones:
                met[domain].add(person)
    for domain, persons in met.items():
        if len(persons) >= _COLLEAGUES and mailbox_kind(domain) == "company":
            yield domain
