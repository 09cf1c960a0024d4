"""Finds what needs no learning: the firm's own patterns, the common kinds, and the products of a catalogue.

What a finding is worth against another is its rank (`kinds`). A model may take these findings as hints (`tagger`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from kits.support_triage._entities import checksums, marks
from kits.support_triage._entities.addresses import addresses
from kits.support_triage._entities.amounts import amounts
from kits.support_triage._entities.catalogue import Catalogue
from kits.support_triage._entities.dates import dates
from kits.support_triage._entities.kinds import FROM_CATALOGUE, FROM_CONFIG, KINDS
from kits.support_triage._entities.names import names
from kits.support_triage._entities.numbers import numbered
from kits.support_triage._entities.safe_pattern import compile_safely
from kits.support_triage._entities.spec import PatternSpec, ProductSpec
from kits.support_triage._entities.text import Found, Text

Finder = Callable[[Text], Iterator[Found]]
Ranked = tuple[int, Found]

FINDERS: Mapping[str, tuple[Finder, ...]] = {
    "url": (marks.urls,),
    "email": (marks.emails,),
    "iban": (marks.ibans,),
    "card": (marks.cards,),
    "vat": (marks.vats,),
    "tracking": (marks.parcels, numbered),
    "order": (numbered,),
    "invoice": (numbered,),
    "customer": (numbered,),
    "amount": (amounts,),
    "date": (dates,),
    "phone": (marks.phones,),
    "address": (addresses,),
    "name": (names,),
}
"""Which functions find a common kind."""

UNSURE = 0.5
"""Confidence of a number of the firm whose check digit is wrong: perhaps mistyped."""


class Rules:
    """The finders that a firm's config asks for.

    Args:
        kinds: common kinds; those that `patterns` names are left to the patterns.
        patterns: the firm's own, checked.
        products: its catalogue.
    """

    def __init__(
        self,
        kinds: Sequence[str],
        patterns: Mapping[str, PatternSpec],
        products: Sequence[ProductSpec],
    ) -> None:
        self._kinds = frozenset(kind for kind in kinds if kind not in patterns)
        finders = (finder for kind in KINDS if kind in self._kinds for finder in FINDERS[kind])
        self._finders = tuple(dict.fromkeys(finders))
        self._patterns = [
            (kind, own, compile_safely(own.pattern, ignore_case=own.ignore_case))
            for kind, own in patterns.items()
        ]
        self.catalogue = Catalogue(products)

    def find(self, text: Text) -> list[Ranked]:
        """All findings with their ranks; they may overlap."""
        found: list[Ranked] = [
            (FROM_CONFIG, Found(*match.span(), kind, _trust(own, match.group())))
            for kind, own, pattern in self._patterns
            for match in pattern.finditer(text.raw)
        ]
        for finder in self._finders:
            found += [(KINDS[f.kind].rank, f) for f in finder(text) if f.kind in self._kinds]
        return [*found, *((FROM_CATALOGUE, f) for f in self.catalogue.find(text))]


def _trust(own: PatternSpec, value: str) -> float:
    if not own.checksum:
        return 0.95
    return 0.99 if checksums.passes(own.checksum, value) else UNSURE


def settle(found: Sequence[Ranked], length: int) -> list[Found]:
    """Of overlapping findings the one of the lowest rank stays, then the longer, then the earlier.

    Args:
        found: rank and finding; repeats are allowed.
        length: characters of the text.
    """
    taken = bytearray(length)
    kept: list[Found] = []
    for _, one in sorted(found, key=lambda f: (f[0], f[1].start - f[1].end, f[1].start, f[1].kind)):
        if one.end > one.start and not any(taken[one.start : one.end]):
            taken[one.start : one.end] = b"\1" * (one.end - one.start)
            kept.append(one)
    return sorted(kept, key=lambda f: f.start)
