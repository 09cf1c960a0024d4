"""Mails, predictions and a small knowledge base for tests of drafts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from kits.core.correspondence import Lookup, Record
from kits.core.prediction import Prediction, Quantity, Span
from kits.support_triage._drafting.drafter import Drafter
from kits.support_triage._drafting.knowledge import Knowledge, build_knowledge
from kits.support_triage._drafting.templates import FirmTemplates, Templates
from kits.support_triage._mail.reading import Reading, read_mail

SENDER = "anna@mail.example"
RETURNS = """# Returns

## Sending back

You can return unused items within 30 days. Write to us with your order number.

## Money back

We refund you within 5 working days after the return has arrived.

## Label

Print the label at https://shop.example/label before you go to the post office.
"""
RUECKGABE = """# Rückgabe

## Zurückgeben

Sie können unbenutzte Artikel innerhalb von 30 Tagen zurückgeben.
"""


def knowledge(folder: Path, **files: str) -> Knowledge:
    """The knowledge base of these files (`returns_md="…"`); without any, of two pages on returns."""
    given = files or {"en/returns_md": RETURNS, "de/rueckgabe_md": RUECKGABE}
    for name, text in given.items():
        path = folder / name.replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return build_knowledge(folder, language_of=lambda text: "en")


def reading(
    body: str = "How do I return unused items?",
    subject: str = "Return",
    sender: str = SENDER,
    **headers: str,
) -> Reading:
    """A mail as the kit reads it."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"From: {sender}\r\nTo: service@shop.example\r\nSubject: {subject}\r\nMessage-ID: <1@mail.example>\r\n"
    content = f"{head}{more}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    return read_mail(content.encode())


def prediction(
    label: str = "return",
    order: str = "",
    urgency: int = 0,
    sentiment: int = 1,
    **details: JsonValue,
) -> Prediction:
    """What the models might say."""
    return Prediction(
        score=0.9,
        label=label,
        spans=(Span(0, len(order), "order", order),) if order else (),
        quantities=(
            Quantity("urgency", urgency, "level"),
            Quantity("sentiment", sentiment, "level"),
        ),
        details=details,
    )


def order(key: str = "48214", **fields: JsonValue) -> Record:
    """An order of `SENDER`, sent and not yet there."""
    known: dict[str, JsonValue] = {
        "number": "48214",
        "customer_email": SENDER,
        "shipped_on": "2026-03-12",
        "expected_on": "2026-03-18",
        "tracking": "PX1234567890",
        "total": "1079.90 EUR",
        "invoice": "R-2026-48214",
    }
    return Record(Lookup("order", key), {**known, **fields})


def drafter(folder: Path, firm: Mapping[str, object] | None = None, **files: str) -> Drafter:
    """A drafter over `knowledge`; a writer would see the mail's text as it is."""
    templates = Templates(FirmTemplates.model_validate(dict(firm or {})))
    return Drafter(knowledge(folder, **files), templates, redact=lambda mail: mail.text)
