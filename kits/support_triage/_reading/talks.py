"""Which authors are the firm's, by the tickets in which they wrote: those who answer in many that others opened.

Cells of three columns only: the ticket, who wrote, when. Whether a column tells it without counting is asked before.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

MOST_TICKETS = 50_000
"""Of more, an even part is looked at."""
_FEWEST = 10
"""Tickets from which nothing less is told."""
_ANSWERS = 3
"""Tickets of others in which one of the firm wrote, at least."""
_ANSWERED = 0.8
"""Share of the tickets with an answer in which the firm must be found, if it was found at all."""
_ONE_DOMAIN = 0.9
_HALF, _MANY = 0.5, 0.2


@dataclass
class Talks:
    """Who wrote in which ticket, by the cells of one column.

    Attributes:
        first: ticket → when it was opened, and by whom.
        wrote: author → tickets.
        asked: column of who asked → ticket → its cell.
    """

    first: dict[str, tuple[float, int, str]] = field(default_factory=dict)
    wrote: dict[str, set[str]] = field(default_factory=dict)
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    step: int = 1

    def hear(
        self, ticket: str, author: str, at: tuple[float, int], asked: Mapping[str, str]
    ) -> None:
        """One row."""
        if not ticket or zlib.crc32(ticket.encode(errors="replace")) % self.step:
            return
        known = self.first.get(ticket)
        if known is None or at < known[:2]:
            self.first[ticket] = (*at, author)
        self.wrote.setdefault(author, set()).add(ticket)
        for column, cell in asked.items():
            self.asked.setdefault(column, {})[ticket] = cell
        if len(self.first) > MOST_TICKETS:
            self._halve()

    def _halve(self) -> None:
        self.step *= 2
        kept = {t for t in self.first if not zlib.crc32(t.encode(errors="replace")) % self.step}
        self.first = {ticket: self.first[ticket] for ticket in kept}
        self.wrote = {who: left for who, own in self.wrote.items() if (left := own & kept)}
        self.asked = {
            column: {ticket: own[ticket] for ticket in kept & own.keys()}
            for column, own in self.asked.items()
        }

    @property
    def varies(self) -> bool:
        """Whether more than one wrote in many of the tickets; who asked, or is to answer, is one in each."""
        pairs = sum(map(len, self.wrote.values()))
        return len(self.first) >= _FEWEST and pairs >= (1 + _MANY) * len(self.first)

    def firm(self) -> frozenset[str]:
        """The firm's authors; none where it cannot be told, as where each author wrote once, or the first of all tickets is the
        firm's own."""
        owners = self._owners()
        domains = Counter(filter(None, map(domain_of, owners.values())))
        most = max(domains.values(), default=0)
        one_domain = most >= _ONE_DOMAIN * len(owners)
        found = {who for who in self.wrote if who and self._answers(who, owners, one_domain)}
        # a customer for whom the firm opens tickets answers the firm alone
        found = {
            who for who in found if sum(owners[t] not in found for t in self.wrote[who]) >= _ANSWERS
        }
        if not one_domain:
            found |= self._of_their_domains(found)
        others = self.wrote.keys() - found
        return frozenset(found) if self._is_told(found, others, owners) else frozenset()

    def unknown(self, firm: Collection[str]) -> float:
        """Share of what was written in tickets by others than who opened them and the firm."""
        owners = self._owners()
        pairs = sum(map(len, self.wrote.values()))
        rest = sum(
            sum(owners[ticket] != who for ticket in tickets)
            for who, tickets in self.wrote.items()
            if who not in firm
        )
        return rest / pairs if pairs else 0.0

    def _owners(self) -> dict[str, str]:
        """Ticket → who asked: as a column says whose cells are authors, else who wrote first."""
        opened = {ticket: who for ticket, (*_, who) in self.first.items()}
        for own in self.asked.values():
            if sum(cell in self.wrote for cell in own.values()) >= _HALF * len(opened):
                return opened | {ticket: cell for ticket, cell in own.items() if cell}
        return opened

    def _answers(self, who: str, owners: Mapping[str, str], one_domain: bool) -> bool:
        """Whether an author answers more than he asks. Colleagues of a customer write in each other's tickets: where customers
        come from several domains, those of the author's own say nothing."""
        home = "" if one_domain else domain_of(who)
        asked = [owners[ticket] for ticket in self.wrote[who]]
        opened = asked.count(who)
        answered = sum(one != who and not (home and domain_of(one) == home) for one in asked)
        return answered >= _ANSWERS and answered > opened

    def _of_their_domains(self, found: Collection[str]) -> set[str]:
        """All authors of a domain of which most are the firm's by their answers."""
        all_of = Counter(map(domain_of, self.wrote))
        known = Counter(map(domain_of, found))
        firms = {one for one, n in known.items() if one and n >= _HALF * all_of[one]}
        return {who for who in self.wrote if domain_of(who) in firms}

    def _is_told(self, found: set[str], others: Collection[str], owners: Mapping[str, str]) -> bool:
        """Whether the firm is found by its work: in nearly all tickets of others that somebody answered, by no more than ask."""
        theirs = {ticket for ticket, who in owners.items() if who not in found}
        answered = {t for who, own in self.wrote.items() for t in own if owners[t] != who} & theirs
        by_firm = {ticket for who in found for ticket in self.wrote[who]} & answered
        return bool(answered) and len(found) <= len(others) and len(by_firm) >= _ANSWERED * len(answered)  # fmt: skip


def domain_of(cell: str) -> str:
    """`Kim <kim@firm.example>` → `firm.example`; empty for a name."""
    _, at, domain = cell.rpartition("@")
    return domain.strip("<> ").lower() if at else ""
