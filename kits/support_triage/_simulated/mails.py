"""Mails to the made-up web shop, with the truth about each: intents, entities, urgency, sentiment.

Responsible for thousands of distinct mails of one seed, by people (one intent, two, none of the shop's) and by
machines. They are meant to be hard in the ways real ones are: words of one matter in mails about another, typing
errors, quoted threads, HTML. `wording.py` makes the sentences, `envelope.py` the bytes. No figure measured on them
says anything about a real mailbox.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import Literal

from kits.core.prediction import Span
from kits.support_triage._simulated.envelope import letter, machine_letter
from kits.support_triage._simulated.shop import TODAY, Customer, Order, Shop
from kits.support_triage._simulated.wording import (
    Marked,
    Phrases,
    entity,
    filled,
    joined,
    phrases,
    written_amount,
    written_date,
)

INTENTS = (
    "account_login",
    "cancel_order",
    "change_address",
    "complaint",
    "damaged_item",
    "discount_code",
    "invoice_copy",
    "payment_failed",
    "product_question",
    "refund",
    "return",
    "where_is_my_order",
)
OOS = "oos"
Kind = Literal["person", "stranger", "machine"]

_URGENCY = (0.6, 0.25, 0.15)
_SENTIMENT = (0.25, 0.6, 0.15)
_ANGRY = (0.85, 0.15, 0.0)
"""Of complaints."""
_OOS_SHARE, _SECOND_SHARE, _EMBEDDED_SHARE, _TYPO_SHARE = 0.07, 0.04, 0.16, 0.35
_VAGUE_SHARE = 0.03
"""Mails that say what they are about in the subject alone."""
_CODES = ("SPRING10", "WELCOME-5", "LINEN20", "FJORD15", "HELLO2026", "VIP-8841")
_IBANS = (
    "DE89 3704 0044 0532 0130 00",
    "FR14 2004 1010 0505 0001 3M02 606",
    "ES91 2100 0418 4502 0005 1332",
    "GB29 NWBK 6016 1331 9268 19",
)
_VAGUE = {
    "en": "Please see the subject.",
    "de": "Siehe Betreff.",
    "fr": "Voir l'objet.",
    "es": "Ver el asunto.",
}


@dataclass(frozen=True, slots=True)
class ShopMail:
    """One mail and the truth about it.

    Attributes:
        content: RFC 5322 bytes.
        subject, body: what is new in it, as a reader that strips quotes should find it (the signature is kept).
        spans: entities in `text`.
        intents: none for what is no business of the shop's support.
        urgency: 0 to 2; `sentiment`: 0 negative, 1 neutral, 2 positive.
        kind: `stranger` asks about somebody else's order; `machine` wants no answer.
        order: number of the order it is about, or empty.
    """

    content: bytes
    message_id: str
    sender: str
    at: datetime
    language: str
    subject: str
    body: str
    spans: tuple[Span, ...]
    intents: tuple[str, ...]
    urgency: int
    sentiment: int
    kind: Kind = "person"
    order: str = ""

    @property
    def text(self) -> str:
        return f"{self.subject}\n\n{self.body}"

    @property
    def label(self) -> str:
        return "|".join(self.intents) or OOS


@dataclass(frozen=True, slots=True)
class _Writer:
    """Who writes, and about what."""

    rng: random.Random
    person: Customer
    order: Order
    language: str
    typos: float

    @property
    def phrases(self) -> Phrases:
        return phrases(self.language)

    def say(self, phrase: str, **also: Marked) -> Marked:
        """The phrase with values of this order, drawn anew each time."""
        rng, order = self.rng, self.order
        item = rng.choice(order.items)
        day = rng.choice((order.ordered_on, order.shipped_on or order.ordered_on))
        values: dict[str, str | Marked] = {
            "order": _order_as_written(rng, order.number),
            "invoice": order.invoice,
            "customer": self.person.number,
            "product": item.name,
            "amount": written_amount(rng, rng.choice((order.total, item.price)), self.language),
            "date": written_date(rng, day, self.language),
            "email": self.person.email,
            "phone": self.person.phone,
            "code": rng.choice(_CODES),
            "iban": rng.choice(_IBANS),
            "name": self.person.name,
            "first": self.person.first,
            **also,
        }
        return filled(rng, phrase, values, typos=self.typos)


def write_mails(
    seed: int,
    shop: Shop,
    n: int,
    *,
    languages: Sequence[str] = ("en", "de", "fr", "es"),
    machines: float = 0.0,
    strangers: float = 0.0,
) -> Iterator[ShopMail]:
    """`n` mails, no text twice.

    Args:
        languages: of the customers who write.
        machines: share of automatic mail (out of office, bounces, newsletters).
        strangers: share of people's mails about an order that is not the sender's.
    """
    rng = random.Random(seed)  # noqa: S311 - repeatable mails, no secrets
    orders = [order for order in shop.orders if order.customer.language in languages]
    seen: set[str] = set()
    number = tries = 0
    while number < n and tries < 50 * n:
        tries += 1
        order = rng.choice(orders)
        at = datetime.combine(TODAY, time(6), timezone.utc) + timedelta(minutes=7 * number)
        if rng.random() < machines:
            mail = _machine_mail(rng, order, number, at)
        else:
            stranger = rng.choice(orders).customer if rng.random() < strangers else None
            mail = _person_mail(rng, order, number, at, stranger)
        if mail.text not in seen:
            seen.add(mail.text)
            number += 1
            yield mail


def _person_mail(
    rng: random.Random, order: Order, number: int, at: datetime, stranger: Customer | None
) -> ShopMail:
    person = stranger or order.customer
    typos = 0.08 if rng.random() < _TYPO_SHARE else 0.0
    writer = _Writer(rng, person, order, person.language, typos)
    intents: tuple[str, ...] = () if rng.random() < _OOS_SHARE else (rng.choice(INTENTS),)
    urgency = _draw(rng, _URGENCY)
    sentiment = _draw(rng, _ANGRY if intents == ("complaint",) else _SENTIMENT)
    if rng.random() < _VAGUE_SHARE and intents:
        subject = writer.say(rng.choice(writer.phrases.asks[intents[0]]))
        said = [Marked(_VAGUE[writer.language])]
    else:
        subject = writer.say(_subject(writer, intents))
        said, intents = _sentences(writer, intents)
    if urgency:
        said.append(writer.say(rng.choice(writer.phrases.urgency[urgency])))
    if sentiment != 1:
        at_front = rng.random() < 0.3
        said.insert(
            0 if at_front else len(said), writer.say(rng.choice(writer.phrases.mood[sentiment]))
        )
    body = _body(writer, said)
    message_id = f"<{number}.{rng.getrandbits(48):012x}@mail.example>"
    marked = body.after(f"{subject.text}\n\n")
    asked = order.number if any(s.label == "order" for s in marked.spans + subject.spans) else ""
    return ShopMail(
        content=letter(rng, writer.phrases, person, subject.text, body.text, at, message_id),
        message_id=message_id,
        sender=person.email,
        at=at,
        language=writer.language,
        subject=subject.text,
        body=body.text,
        spans=(*subject.spans, *marked.spans),
        intents=tuple(sorted(intents)),
        urgency=urgency,
        sentiment=sentiment,
        kind="stranger" if person is not order.customer else "person",
        order=asked,
    )


def _subject(writer: _Writer, intents: tuple[str, ...]) -> str:
    rng, said = writer.rng, writer.phrases
    named = intents[0] if intents else rng.choice(INTENTS)
    # a third answers an older mail, and the subject is about something else
    if rng.random() < 0.3:
        named = rng.choice(INTENTS)
    subject = rng.choice(said.subjects[named])
    return f"Re: {subject}" if rng.random() < 0.15 else subject


def _sentences(writer: _Writer, intents: tuple[str, ...]) -> tuple[list[Marked], tuple[str, ...]]:
    """What is said, in an order that differs, and what it is about in the end."""
    rng, said = writer.rng, writer.phrases
    first = writer.say(rng.choice(said.asks[intents[0]] if intents else said.oos))
    sentences = [first]
    if intents and rng.random() < 0.3:
        more = writer.say(rng.choice(said.asks[intents[0]]))
        sentences += [more] if more.text != first.text else []
    for phrase in rng.sample(said.context, k=rng.choice((0, 1, 1, 2, 2, 3)) if intents else 0):
        sentences.insert(rng.randint(0, len(sentences)), writer.say(phrase))
    others = [intent for intent in INTENTS if intent not in intents]
    if intents and rng.random() < _EMBEDDED_SHARE:
        ask = writer.say(rng.choice(said.asks[rng.choice(others)]))
        told = writer.say(rng.choice(said.embedded), ask=ask)
        sentences.insert(rng.randint(0, len(sentences)), told)
    if intents and rng.random() < _SECOND_SHARE:
        other = rng.choice(others)
        ask = writer.say(rng.choice(said.asks[other]))
        sentences.append(writer.say(rng.choice(said.second), ask=ask))
        intents = (*intents, other)
    return sentences, intents


def _body(writer: _Writer, said: Sequence[Marked]) -> Marked:
    rng, known = writer.rng, writer.phrases
    cut = rng.randint(1, len(said))
    paragraphs = [joined(part, " ") for part in (said[:cut], said[cut:]) if part]
    greeting = rng.choice(known.greetings)
    closing = rng.choice(known.closings)
    signed = Marked(f"{closing}\n{writer.say(rng.choice(known.signatures)).text}")
    return joined([*([Marked(greeting)] if greeting else []), *paragraphs, signed], "\n\n")


def _machine_mail(rng: random.Random, order: Order, number: int, at: datetime) -> ShopMail:
    person = order.customer
    message_id = f"<{number}.{rng.getrandbits(48):012x}@mx.mail.example>"
    content, sender, subject, body = machine_letter(rng, person, order.number, at, message_id)
    return ShopMail(
        content=content,
        message_id=message_id,
        sender=sender,
        at=at,
        language=person.language,
        subject=subject,
        body=body,
        spans=(),
        intents=(),
        urgency=0,
        sentiment=1,
        kind="machine",
    )


def _order_as_written(rng: random.Random, number: str) -> Marked:
    """Most write the number; some a sign or the shop's letters before it."""
    before = rng.choice(("", "", "", "#", "LL-"))
    if before == "LL-":
        return entity("order", before + number)
    return entity("order", number).after(before)


def _draw(rng: random.Random, weights: Sequence[float]) -> int:
    return rng.choices(range(len(weights)), weights)[0]
