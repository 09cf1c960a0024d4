"""Finds what a text names: runs the finders of a spec, decides where findings overlap, reads their values.

Which finding wins is data (`kinds.KINDS` and the ranks beside it). Long texts are read in windows, so that time and
memory stay linear. Nothing here learns, and nothing is looked up outside the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from pydantic import JsonValue

from kits.core.prediction import Span
from kits.support_triage._entities import checksums
from kits.support_triage._entities.amounts import read_amount
from kits.support_triage._entities.dates import read_date
from kits.support_triage._entities.kinds import AGREED, FROM_LOOKS, FROM_MODEL, KINDS, PRODUCT
from kits.support_triage._entities.learned import LearnedPatterns
from kits.support_triage._entities.rules import Ranked, Rules, settle
from kits.support_triage._entities.spec import EntitiesSpec
from kits.support_triage._entities.tagger import Tagger
from kits.support_triage._entities.text import Found, Text

WINDOW = 40_000
"""Characters looked at at once."""
OVERLAP = 4_200
"""Characters that two windows share: two of the longest findings (a web address)."""


class Extractor:
    """A spec that is ready to read texts. Safe to share between threads.

    Args:
        spec: kinds, patterns, products and what was learned.
    """

    def __init__(self, spec: EntitiesSpec) -> None:
        self._spec = spec
        self._tagger = None if spec.tagger is None else Tagger(spec.tagger)
        # all common kinds are found always: a model takes them as hints, and what is personal must not slip through
        self._rules = Rules(tuple(KINDS), spec.patterns, spec.products)
        self._unwanted = frozenset(KINDS) - {*spec.kinds, *spec.patterns}
        self._agreed = frozenset(spec.tagger.kinds if spec.tagger else ()) & {*spec.kinds}
        self._learned = LearnedPatterns(spec.learned_patterns, spec.learned_words)

    @classmethod
    def from_spec(cls, spec: EntitiesSpec) -> Extractor:
        """The extractor of `spec`.

        Raises:
            BundleError: the learned model in it is damaged.
        """
        return cls(spec)

    def find(self, text: str, language: str = "") -> tuple[Span, ...]:
        """What `text` names, left to right, no two overlapping.

        Args:
            text: any text; time is linear in its length.
            language: ISO 639-1 code of it, or empty.
        """
        return self.find_in(Text(text, language))

    def find_in(self, text: Text) -> tuple[Span, ...]:
        """As `find`, of a text whose words somebody else looks at too."""
        return self._settled(text.raw, self._in_windows(text, every_kind=False))

    def find_where(
        self, text: str, language: str, wanted: Callable[[str, str], bool]
    ) -> tuple[Span, ...]:
        """As `find`, of every kind there is and only where `wanted(kind, surface)`: nothing else may cover a finding."""
        rows = self._in_windows(Text(text, language), every_kind=True)
        return self._settled(
            text, [r for r in rows if wanted(r[1].kind, text[r[1].start : r[1].end])]
        )

    def _settled(self, text: str, found: Sequence[Ranked]) -> tuple[Span, ...]:
        return tuple(
            Span(f.start, f.end, f.kind, text[f.start : f.end], round(f.confidence, 4))
            for f in settle(found, len(text))
        )

    def _in_windows(self, text: Text, *, every_kind: bool) -> list[Ranked]:
        size = len(text.raw)
        if size <= WINDOW:
            return list(self._in_window(text, every_kind))
        found: list[Ranked] = []
        for start in range(0, size, WINDOW):
            piece = Text(text.raw[start : start + WINDOW + OVERLAP], text.language)
            last = start + WINDOW >= size
            found += [
                (rank, Found(f.start + start, f.end + start, f.kind, f.confidence))
                for rank, f in self._in_window(piece, every_kind)
                # what touches a cut is seen whole by the neighbouring window
                if (last or f.end < WINDOW + OVERLAP // 2) and (not start or f.start)
            ]
        return found

    def _in_window(self, text: Text, every_kind: bool) -> Iterator[Ranked]:
        ruled = self._rules.find(text)
        for rank, found in ruled:
            if every_kind or found.kind not in self._unwanted:
                yield min(rank, AGREED) if found.kind in self._agreed else rank, found
        if self._tagger is not None:
            for found in self._tagger.find(text, settle(ruled, len(text.raw))):
                yield FROM_MODEL, found
        for found in self._learned.find(text):
            yield FROM_LOOKS, found

    def personal(self, kind: str) -> bool:
        """Whether findings of `kind` are replaced before a text leaves; what labels taught counts as personal."""
        if kind in self._spec.patterns:
            return self._spec.patterns[kind].personal
        if kind == PRODUCT or kind in self._spec.not_personal:
            return False
        return KINDS[kind].personal if kind in KINDS else True

    def valued(
        self, spans: Sequence[Span], language: str = "", on: date | None = None
    ) -> tuple[Span, ...]:
        """The spans with their values (`normalise`); one that stands there as it was written has none."""
        found = []
        for span in spans:
            value = self.normalise(span, language, on)
            found.append(span if value == span.text else replace(span, value=value))
        return tuple(found)

    def normalise(self, span: Span, language: str = "", on: date | None = None) -> JsonValue:
        """The value of a finding in one form: an ISO date, a decimal sum, a compact number, a SKU.

        Args:
            on: the day the mail was written, for relative days.
        """
        if span.label == PRODUCT:
            return self._rules.catalogue.sku(span.text) or span.text
        if span.label == "date":
            return read_date(span.text, language, on=on, day_first=self._spec.day_first)
        if span.label == "amount":
            return dict(read_amount(span.text, language) or {}) or None
        reader = _READERS.get(span.label)
        return reader(span.text) if reader else " ".join(span.text.split())


_READERS: Mapping[str, Callable[[str], str]] = {
    "email": str.lower,
    "iban": checksums.compact,
    "card": checksums.compact,
    "vat": checksums.compact,
    "phone": lambda value: ("+" if value.startswith("+") else "") + checksums.compact(value),
    "tracking": checksums.compact,
    "order": lambda value: value.upper().lstrip("#"),
    "invoice": lambda value: value.upper().lstrip("#"),
    "customer": lambda value: value.upper().lstrip("#"),
}
