"""What a person sees of a sample whose bytes are text: a title, a text to mark pieces in, and facts.

A kit's `runtime.py` may offer `shown(content) -> Shown`; the hub's review page and `kit label` then show its
samples without knowing the format. Values only: nothing here reads a format, and nothing is ever markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from pydantic import JsonValue

from kits.core.prediction import Span

if TYPE_CHECKING:
    from kits.core.kit import Kit

MAX_TEXT = 20_000
"""Characters of a text that are shown; a longer one says how much was left out."""
_PLAIN = ("value", "currency", "date")
"""Parts of a value that a person reads; a month without a year, or a weekday, stands in the text as well."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One sample as a person reads it.

    Attributes:
        title: one line, a mail's subject.
        text: what the model read; a prediction's spans index into it. Plain text, never markup.
        facts: what else the kit's `review.html` shows, by its own names.
    """

    title: str
    text: str
    facts: Mapping[str, JsonValue] = field(default_factory=dict)


def shows(kit: Kit) -> Callable[[bytes], Shown] | None:
    """What the kit offers to show a sample with; None where its samples are no text.

    It raises DataError for bytes that it cannot read.
    """
    return cast("Callable[[bytes], Shown] | None", getattr(kit.runtime, "shown", None))


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; `label` is empty where nothing was found, `value` where it says what stands there."""

    text: str
    label: str = ""
    value: str = ""


def value_in_words(value: JsonValue) -> str:
    """A value for a person: `2026-04-03`, `79.90 EUR`; empty where it says no more than the words do."""
    if not isinstance(value, dict):
        return "" if value is None else str(value)
    plain = " ".join(str(value[name]) for name in _PLAIN if value.get(name))
    return f"{plain} or {value['or']}" if plain and value.get("or") else plain


def pieces(text: str, spans: Iterable[Span], limit: int = MAX_TEXT) -> tuple[Piece, ...]:
    """The first `limit` characters cut at the borders of the spans.

    Of overlapping spans the first one counts; spans that do not lie in the text are left out: they came
    from elsewhere.
    """
    shown: list[Piece] = []
    end = min(len(text), limit)
    place = 0
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if not place <= span.start < span.end <= end:
            continue
        if span.start > place:
            shown.append(Piece(text[place : span.start]))
        shown.append(
            Piece(text[span.start : span.end], span.label or "?", value_in_words(span.value))
        )
        place = span.end
    if place < end:
        shown.append(Piece(text[place:end]))
    return tuple(shown)
