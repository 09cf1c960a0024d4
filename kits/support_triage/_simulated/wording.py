"""Sentences with known entities: a phrase with slots becomes text and the spans of what was filled in.

Responsible for how values look in each language, for typing errors, and for keeping the spans right while
pieces are put together. What is said, and in which order, is `mails.py`'s business.
"""

from __future__ import annotations

import random
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from kits.core.prediction import Span
from kits.core.settings import read_settings

ENTITY_SLOTS = frozenset(
    ("order", "invoice", "customer", "product", "amount", "date", "email", "phone", "code", "iban")
)
"""Slots of phrases that are entities, and the labels of their spans; other slots (`name`, `ask`) are none."""
_MONTHS: Mapping[str, str] = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}
_DATES: Mapping[str, tuple[str, ...]] = {
    "en": ("{d} {month}", "{month} {d}", "{d}/{m:02}/{y}", "{d} {month} {y}"),
    "de": ("{d}. {month}", "{d}.{m}.{y}", "{d:02}.{m:02}.", "{d}. {month} {y}"),
    "fr": ("{d} {month}", "{d:02}/{m:02}/{y}", "{d} {month} {y}"),
    "es": ("{d} de {month}", "{d}/{m}/{y}", "{d} de {month} de {y}"),
}
_AMOUNTS: Mapping[str, tuple[str, ...]] = {
    "en": ("€{whole}.{cents}", "{whole}.{cents} EUR", "{whole}.{cents} €"),
    "de": ("{whole},{cents} €", "{whole},{cents} Euro", "EUR {whole},{cents}"),
    "fr": ("{whole},{cents} €", "{whole},{cents} euros"),
    "es": ("{whole},{cents} €", "{whole},{cents} euros"),
}


class Phrases(BaseModel):
    """What customers of one language write, by role of the sentence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    greetings: tuple[str, ...] = Field(description="first line; empty: none")
    closings: tuple[str, ...] = Field(description="line above the name")
    signatures: tuple[str, ...] = Field(description="name and what programs put below it")
    attribution: str = Field(description="line above a quoted mail")
    quoted: tuple[str, ...] = Field(description="what the shop wrote before")
    urgency: dict[int, tuple[str, ...]] = Field(description="level (1, 2) → sentences")
    mood: dict[int, tuple[str, ...]] = Field(description="sentiment (0, 2) → sentences")
    context: tuple[str, ...] = Field(description="said beside any request")
    embedded: tuple[str, ...] = Field(description="another request, told as settled: slot `ask`")
    second: tuple[str, ...] = Field(description="a second request: slot `ask`")
    subjects: dict[str, tuple[str, ...]] = Field(description="intent → subjects")
    asks: dict[str, tuple[str, ...]] = Field(description="intent → ways of asking")
    oos: tuple[str, ...] = Field(description="nothing a shop's support is for")


@cache
def phrases(language: str) -> Phrases:
    """The phrases of one of the shop's languages."""
    return read_settings(Path(__file__).parent / "phrases" / f"{language}.yaml", Phrases)


@dataclass(frozen=True, slots=True)
class Marked:
    """Text whose entities are known."""

    text: str
    spans: tuple[Span, ...] = ()

    def after(self, before: str) -> Marked:
        """The same behind `before`."""
        by = len(before)
        moved = tuple(Span(s.start + by, s.end + by, s.label, s.text) for s in self.spans)
        return Marked(before + self.text, moved)


def joined(pieces: Sequence[Marked], between: str) -> Marked:
    """The pieces in a row."""
    whole = Marked("")
    for number, piece in enumerate(pieces):
        added = piece.after(whole.text + (between if number else ""))
        whole = Marked(added.text, (*whole.spans, *added.spans))
    return whole


def filled(
    rng: random.Random, phrase: str, values: Mapping[str, str | Marked], *, typos: float = 0.0
) -> Marked:
    """The phrase with its slots filled; `typos` is the chance of an error per word outside slots."""
    pieces: list[Marked] = []
    for literal, slot, _, _ in string.Formatter().parse(phrase):
        pieces.append(Marked(mistyped(rng, literal, typos)))
        if slot:
            value = values[slot]
            pieces.append(value if isinstance(value, Marked) else entity(slot, value))
    return joined(pieces, "")


def entity(slot: str, text: str) -> Marked:
    """A value that is an entity, if its slot stands for one."""
    return Marked(text, (Span(0, len(text), slot, text),) if slot in ENTITY_SLOTS else ())


def mistyped(rng: random.Random, text: str, rate: float) -> str:
    """The text as hasty fingers type it: letters swapped, doubled or left out within words."""
    if rate <= 0:
        return text
    words = text.split(" ")
    for number, word in enumerate(words):
        if len(word) < 5 or not word.isalpha() or rng.random() >= rate:
            continue
        at = rng.randrange(1, len(word) - 2)
        words[number] = rng.choice(
            (
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                word[:at] + word[at] + word[at:],
                word[:at] + word[at + 1 :],
            )
        )
    return " ".join(words)


def written_date(rng: random.Random, day: date, language: str) -> str:
    """A day as a person of that language may write it."""
    month = _MONTHS[language].split()[day.month - 1]
    form = rng.choice(_DATES[language])
    return form.format(d=day.day, m=day.month, y=day.year, month=month)


def written_amount(rng: random.Random, amount: Decimal, language: str) -> str:
    """An amount in euro as a person of that language may write it."""
    whole, cents = f"{amount:.2f}".split(".")
    return rng.choice(_AMOUNTS[language]).format(whole=whole, cents=cents)
