"""What replies say beside passages: the kit's phrases in twelve languages, and the firm's own sentences.

Responsible for the tables and for which of them holds: language, formal or informal, the firm's before the kit's.
Names and gender are never guessed, so no phrase has a place for them. Filling slots is `slots.py`'s business.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from kits.core.errors import ConfigError, did_you_mean
from kits.core.section import Section
from kits.core.settings import read_settings

Register = Literal["formal", "informal"]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=600)]
Tone = Literal["neutral", "negative", "positive", "urgent"]

FORMATS = ("", "text", "date", "amount", "whole")
"""What may follow the colon of a slot."""
_SLOT = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "cs", "tr")
"""Languages the kit has phrases in."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence that a record may fill.

    Attributes:
        kind: of the record.
        unless: fields that, when filled, have overtaken it: what was delivered need not be told to be on its way.
    """

    name: str
    kind: str
    unless: tuple[str, ...] = ()


FACTS = (
    Fact(
        "ordered",
        "order",
        ("shipped_on", "expected_on", "delivered_on", "refunded_on", "cancelled_on"),
    ),
    Fact("shipped", "order", ("delivered_on", "refunded_on", "cancelled_on")),
    Fact("expected", "order", ("delivered_on", "refunded_on", "cancelled_on")),
    Fact("delivered", "order", ("refunded_on",)),
    Fact("refunded", "order"),
    Fact("cancelled", "order"),
    Fact("tracking", "order", ("delivered_on", "refunded_on", "cancelled_on")),
    Fact("invoiced", "order"),
    Fact("total", "order"),
)
"""In the order in which they are told."""
USUAL_FACTS = ("ordered", "shipped", "expected", "delivered", "refunded", "cancelled", "tracking")
"""Told where the firm does not say which it wants."""


class _Model(Section):
    model_config = ConfigDict(defer_build=True)


class Wording(_Model):
    """The phrases of one language and register."""

    greeting: Sentence = Field(description="the first line")
    tones: dict[Tone, Sentence] = Field(description="thanks, by the tone of the mail")
    needs: dict[str, Sentence] = Field(description="kind of record → asks for its number")
    facts: dict[str, Sentence] = Field(description="name of a fact → sentence with slots")
    foreign: Sentence = Field(description="before a passage in another language")
    team: Sentence = Field(description="says that people look after it")
    closing: Sentence = Field(description="the last line, above the signature")


class Changes(_Model):
    """Phrases that differ from another register's or the kit's."""

    greeting: Sentence | None = Field(None, description="the first line")
    tones: dict[Tone, Sentence] = Field(default_factory=dict, description="thanks, by tone")
    needs: dict[str, Sentence] = Field(default_factory=dict, description="asks for a number")
    facts: dict[str, Sentence] = Field(default_factory=dict, description="sentences with slots")
    foreign: Sentence | None = Field(None, description="before a passage in another language")
    team: Sentence | None = Field(None, description="says that people look after it")
    closing: Sentence | None = Field(None, description="the last line")


class LanguagePhrases(_Model):
    """One file of `phrases/`."""

    months: str = Field(description="twelve names in the form that dates need")
    date: str = Field(description="how a date looks: d, month, y")
    decimal: str = Field(description="decimal sign")
    thousands: str = Field(description="between thousands")
    formal: Wording = Field(description="to people one does not know")
    informal: Changes = Field(Changes.model_validate({}), description="what differs among friends")


class FirmTemplates(_Model):
    """What a firm says of its replies: the files of the project's `templates/`, and part of a bundle."""

    register_: Register = Field("formal", alias="register", description="formal or informal")
    languages: tuple[str, ...] = Field(
        LANGUAGES, description="languages it answers in; the first is for all other mails"
    )
    lookups: dict[str, str] = Field(
        default_factory=lambda: {"order": "order"},
        description="kind of entity in a mail → kind of record it is the key of",
    )
    owners: dict[str, str] = Field(
        default_factory=lambda: {"order": "customer_email"},
        description="kind of record → its field with the owner's e-mail address; without it nothing is told",
    )
    needs: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="intent → kinds of records whose number is asked for"
    )
    facts: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="intent → names of facts that are told; others: the usual"
    )
    answers: dict[str, dict[str, tuple[Sentence, ...]]] = Field(
        default_factory=dict, description="intent → language → the firm's own sentences, with slots"
    )
    pinned: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="intent → beginnings of sources that are cited, as `returns.md#1`",
    )
    silent: tuple[str, ...] = Field(
        ("oos",), description="labels that are never answered by a draft"
    )
    link_hosts: tuple[str, ...] = Field(
        (), description="hosts whose links and e-mail addresses a reply may hold"
    )
    passages: int = Field(1, ge=0, le=5, description="passages cited at most")
    phrases: dict[str, Changes] = Field(
        default_factory=dict, description="language → phrases in place of the kit's"
    )


class Templates:
    """The phrases that hold for one firm.

    Raises:
        ConfigError: the firm names a language or fact that is not known.
    """

    def __init__(self, firm: FirmTemplates | None = None) -> None:
        self.firm = firm or FirmTemplates.model_validate({})
        _check(self.firm)

    def language(self, wanted: str) -> str:
        """The language of a reply to a mail in `wanted`."""
        return wanted if wanted in self.firm.languages else self.firm.languages[0]

    def look(self, language: str) -> LanguagePhrases:
        """How dates and amounts look."""
        return phrases(language)

    def wording(self, language: str) -> Wording:
        """The phrases of a language the firm answers in."""
        return _worded(self.firm.phrases.get(language), self.firm.register_, language)

    def facts(self, intents: Sequence[str]) -> tuple[Fact, ...]:
        """The facts worth telling in a reply about these intents, in their order."""
        wanted = {name for intent in intents for name in self.firm.facts.get(intent, USUAL_FACTS)}
        return tuple(fact for fact in FACTS if fact.name in wanted)


def load_templates(folder: Path) -> Templates:
    """The templates of a project: every `*.yaml` of the folder, later names before earlier ones.

    Raises:
        ConfigError: a file is no YAML, has an unknown key, or a value that does not fit.
    """
    merged: dict[str, object] = {}
    for path in sorted(folder.glob("*.yaml")):
        read = read_settings(path, FirmTemplates)
        for name in sorted(read.model_fields_set):
            value = getattr(read, name)
            before = merged.get(name)
            merged[name] = {**before, **value} if isinstance(before, dict) else value
    firm = FirmTemplates.model_validate({}).model_copy(update=merged)
    return Templates(firm)


@cache
def phrases(language: str) -> LanguagePhrases:
    """The kit's phrases in one of `LANGUAGES`."""
    return read_settings(Path(__file__).parent / "phrases" / f"{language}.yaml", LanguagePhrases)


def _worded(changes: Changes | None, register: Register, language: str) -> Wording:
    known = phrases(language)
    wording = known.formal if register == "formal" else _changed(known.formal, known.informal)
    return _changed(wording, changes) if changes is not None else wording


def _changed(wording: Wording, changes: Changes) -> Wording:
    update: dict[str, object] = {}
    for name in changes.model_fields_set:
        new, old = getattr(changes, name), getattr(wording, name)
        if isinstance(new, Mapping):
            update[name] = {**old, **new}
        elif new is not None:
            update[name] = new
    return wording.model_copy(update=update)


def _check(firm: FirmTemplates) -> None:
    facts = tuple(fact.name for fact in FACTS)
    named: list[tuple[str, tuple[str, ...], str]] = []
    named += [(code, LANGUAGES, "languages") for code in (*firm.languages, *firm.phrases)]
    named += [(name, facts, "facts") for names in firm.facts.values() for name in names]
    for name, there, key in named:
        if name not in there:
            raise ConfigError(
                f"no {name!r} here", where=f"templates: {key}", fix=did_you_mean(name, there)
            )
    if not firm.languages:
        raise ConfigError("no language to answer in", where="templates: languages", fix="name one")
    _check_slots(firm)


def _check_slots(firm: FirmTemplates) -> None:
    """Found when templates are read, not when the first mail is to be answered."""
    filled = [s for by_code in firm.answers.values() for texts in by_code.values() for s in texts]
    plain: list[str | None] = []
    for changes in firm.phrases.values():
        filled += changes.facts.values()
        plain += [changes.greeting, changes.foreign, changes.team, changes.closing]
        plain += [*changes.tones.values(), *changes.needs.values()]
    for sentence in filled:
        for slot, form in _slots(sentence):
            if not _SLOT.fullmatch(slot) or form not in FORMATS:
                raise ConfigError(
                    f"no slot: {{{slot}{':' if form else ''}{form}}}",
                    where=f"templates: {sentence}",
                    fix="{kind.field}, {kind.field:date}, :amount or :whole",
                )
    for phrase in plain:
        if phrase and _slots(phrase):
            raise ConfigError(
                "this phrase has no place for a slot",
                where=f"templates: {phrase}",
                fix="names are never guessed: write it without braces",
            )


def _slots(sentence: str) -> list[tuple[str, str]]:
    """Slots of a sentence with their formats.

    Raises:
        ConfigError: braces do not match.
    """
    try:
        parts = list(string.Formatter().parse(sentence))
    except ValueError as error:
        raise ConfigError(
            f"braces do not match: {error}",
            where=f"templates: {sentence}",
            fix="write a brace that is no slot twice",
        ) from None
    return [(slot, form or "") for _, slot, form, _ in parts if slot is not None]
