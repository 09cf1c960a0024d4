"""Which rows of a table the firm wrote: as a column says, as `own_addresses` says, or by who answers in tickets of others.

It knows columns and what is said of them; how authors are told apart by their tickets is `talks.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parseaddr
from itertools import pairwise

from kits.core.column_names import plain, squeezed
from kits.core.kit import Finding
from kits.core.mail.automatic import plain_address
from kits.core.tables import Row
from kits.support_triage._reading.authors import sides_of
from kits.support_triage._reading.fits import are_addresses, are_json, are_short
from kits.support_triage._reading.naming import words_of
from kits.support_triage._reading.role_names import ASKS, READS, TICKETS, WRITES, WRITES_WHOLE
from kits.support_triage._reading.roles import Roles
from kits.support_triage._reading.row_dates import are_dates, date_reader
from kits.support_triage._reading.sidecar import Sidecar
from kits.support_triage._reading.talks import Talks

_SHOWN = 20
_MANY, _ALMOST_ALL = 0.2, 0.9
_OWN = "as own_addresses says"
_FIX = (
    "nothing to do if customers wrote them all; else name the firm's people under own_addresses in mails.yaml (addresses, or"
    " names as they stand in the column), or export a column that tells agents from customers, or of each ticket its first"
    " message alone"
)


@dataclass(frozen=True)
class Writers:
    """Who wrote the rows of a table.

    Attributes:
        column: the authors', of whom `firm` are the firm's.
        told: by what these are known, for people.
        sender: the column in which `ours` may stand.
        ours: the firm's own addresses and names.
        doubt: what is not known of them; empty: nothing.
    """

    column: str = ""
    firm: frozenset[str] = frozenset()
    told: str = ""
    sender: str = ""
    ours: frozenset[str] = frozenset()
    doubt: str = ""

    def firm_by(self, row: Row) -> str:
        """By what it is known that the firm wrote a row; empty: it is not."""
        if self.firm and row.get(self.column, "").strip() in self.firm:
            return self.told
        sender = row.get(self.sender, "").strip() if self.ours else ""
        return _OWN if sender and not self.ours.isdisjoint(_spellings(sender)) else ""

    def findings(self, passed: Mapping[str, Sequence[str]], name: str) -> Iterator[Finding]:
        """What was left out of a file, and what is not known.

        Args:
            passed: by what the firm's rows were known → which.
        """
        for told, rows in passed.items():
            undo = "take the address out of own_addresses" if told == _OWN else "ignore the column"
            yield Finding(
                "mails-passed-over",
                "warn",
                f"{len(rows)} rows were written by the firm, {told}, and were left out",
                tuple(rows[:_SHOWN]),
                f"nothing to do: they are no customers' mails to learn from; to read them too, {undo} in mails.yaml",
                left_out=len(rows),
            )
        yield from self.doubted(name, "all were read as customers' mails")

    def doubted(self, name: str, taken: str) -> Iterator[Finding]:
        """What is not known.

        Args:
            taken: what was assumed.
        """
        if self.doubt:
            yield Finding(
                "writers-unknown", "warn", f"{name}: {self.doubt}: {taken}", (name,), _FIX
            )


def writers_in(rows: Iterable[Row], head: Sequence[Row], roles: Roles, sidecar: Sidecar) -> Writers:
    """Who wrote the rows of a table.

    Args:
        rows: all of them; they are read where no column says it and several may belong to one ticket.
        head: some of them.
    """
    ours = frozenset(one for stated in sidecar.own_addresses for one in _spellings(stated))
    plainly = Writers(sender=roles.sender, ours=ours)
    sides = sides_of(roles.author, _cells(head, roles.author)) if roles.author else {}
    if sides:
        firm = frozenset(cell for cell, side in sides.items() if side == "firm")
        return replace(plainly, column=roles.author, firm=firm, told=f"as {roles.author!r} says")
    names = [name for row in head[:1] for name in row]
    ticket = _ticket(names, head, roles)
    if not ticket or roles.entity_type:
        return plainly
    authors = [roles.author] if roles.author else _authors(names, head, roles, ticket)
    if any(name in sidecar.ignore for name in authors):
        return plainly
    heard, texts = _heard(rows, head, roles, ticket, authors)
    varied = [name for name in authors if heard[name].varies]
    if not varied:
        alone = all(len(heard[name].wrote) <= 1 for name in authors)
        told = f"several rows belong to one {ticket!r}, and no column says who wrote each, a customer or the firm"
        return replace(plainly, doubt=told if alone and texts.varies and not ours else "")
    return _judged(varied[0], heard[varied[0]], replace(plainly, sender=varied[0]))


def _judged(column: str, talks: Talks, plainly: Writers) -> Writers:
    firm = talks.firm()
    unknown = talks.unknown(firm)
    told = f"as far as {column!r} tells (authors who answer in tickets that others opened: {len(firm)})"
    doubt = (
        f"{unknown:.0%} of what {column!r} names were written in tickets that others opened, and no column says whether by the"
        " firm"
    )
    doubted = unknown >= _MANY and not plainly.ours
    return replace(plainly, column=column, firm=firm, told=told, doubt=doubt if doubted else "")


def _ticket(names: Sequence[str], head: Sequence[Row], roles: Roles) -> str:
    """The column of the number of each row's ticket; an `issue` in words is what it is about."""
    used = {roles.text, roles.subject, *roles.label}
    called = [name for name in (roles.group, *names) if squeezed(name) in TICKETS]
    return next((n for n in called if n not in used and _are_numbers(_cells(head, n))), "")


def _are_numbers(cells: Sequence[str]) -> bool:
    """Whether nearly all cells have a digit in them, as numbers of tickets and their addresses do."""
    known = sum(any(sign.isdigit() for sign in cell) for cell in cells)
    return bool(cells) and known >= _ALMOST_ALL * len(cells)


def _authors(names: Sequence[str], head: Sequence[Row], roles: Roles, ticket: str) -> list[str]:
    """Columns that may name who wrote each row, those of addresses first."""
    taken = {roles.text, roles.subject, ticket, roles.date, roles.urgency, roles.sentiment, *roles.label}  # fmt: skip
    found = []
    for name in names:
        words = words_of(name)
        called = plain(name) in WRITES_WHOLE or (words & WRITES and not words & (ASKS | READS))
        cells = _cells(head, name) if called and name not in taken else []
        if cells and are_short(cells) and not are_json(cells) and not are_dates(cells):
            found.append((not are_addresses(cells), name))
    return [name for _, name in sorted(found, key=lambda one: one[0])]


def _heard(rows: Iterable[Row], head: Sequence[Row], roles: Roles, ticket: str, authors: Sequence[str]) -> tuple[dict[str, Talks], Talks]:  # fmt: skip
    """Who wrote in which ticket by each column of authors, and which texts stand there."""
    read_date, _ = date_reader(_cells(head, roles.date)) if roles.date else date_reader([])
    asking = [n for row in head[:1] for n in row if n not in authors and words_of(n) & ASKS]
    moments = [moment for cell in _cells(head, roles.date) if (moment := read_date(cell))]
    falling = sum((one > two) - (one < two) for one, two in pairwise(moments)) > 0
    heard, texts = {name: Talks() for name in authors}, Talks()
    for number, row in enumerate(rows):
        moment = read_date(row.get(roles.date, "")) if roles.date else None
        at = (moment.timestamp() if moment else 0.0, -number if falling else number)
        own = row.get(ticket, "").strip()
        asked = {name: row.get(name, "").strip() for name in asking}
        for name, talks in heard.items():
            talks.hear(own, row.get(name, "").strip(), at, asked)
        if all(len(talks.wrote) <= 1 for talks in heard.values()):
            texts.hear(own, str(hash(row.get(roles.text, ""))), at, {})
    return heard, texts


def _spellings(cell: str) -> set[str]:
    """What a person is compared by: the address, or a name as it stands."""
    return {plain_address(parseaddr(cell)[1] or cell), " ".join(cell.split()).casefold()} - {""}


def _cells(head: Sequence[Row], name: str) -> list[str]:
    return [cell for row in head if (cell := row.get(name, "").strip())] if name else []
