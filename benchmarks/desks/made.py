"""Tickets of a made-up shop, whose texts and labels are known, before any program has written them down."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "de", "fr", "es", "it", "nl", "pl", "ja"]
_SAID: Mapping[Language, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "Return": ("I want to send back the {x} I ordered, it does not fit.", "The {x} is too small, please take it back."),
        "Invoice": ("I need a copy of the invoice for the {x}.", "The invoice for my {x} shows the wrong address."),
        "Delivery": ("Where is my {x}? It should have arrived last week.", "The parcel with the {x} has not come."),
        "Defect": ("The {x} broke after two days of use.", "My {x} does not switch on any more."),
    },
    "de": {
        "Rückgabe": ("Ich möchte das Gerät {x} zurückschicken, es passt nicht.", "Das Modell {x} ist zu groß, bitte nehmen Sie es zurück."),
        "Rechnung": ("Ich benötige die Rechnung für {x} noch einmal.", "Auf der Rechnung für {x} steht die falsche Straße."),
        "Lieferung": ("Wo bleibt mein Paket mit {x}? Es sollte längst hier sein.", "Die Lieferung von {x} ist nicht angekommen."),
    },
    "fr": {
        "Retour": ("Je voudrais renvoyer le modèle {x}, il ne me va pas.", "Le modèle {x} est trop grand, comment le renvoyer ?"),
        "Facture": ("Il me faut une copie de la facture pour {x}.", "La facture de {x} n’est pas à la bonne adresse."),
        "Livraison": ("Où est mon colis avec {x} ? Il devait être là hier.", "Le colis avec {x} n’est pas arrivé."),
    },
    "es": {
        "Devolución": ("Quiero devolver el modelo {x}, no me queda bien.", "El modelo {x} es pequeño, ¿cómo lo devuelvo?"),
        "Factura": ("Necesito una copia de la factura de {x}.", "La factura de {x} tiene otra dirección."),
        "Envío": ("¿Dónde está mi paquete con {x}? Debía llegar ayer.", "El paquete con {x} todavía no llegó."),
    },
    "it": {
        "Reso": ("Vorrei restituire il modello {x}, non mi sta bene.", "Il modello {x} è troppo piccolo, come lo restituisco?"),
        "Fattura": ("Mi serve una copia della fattura per {x}.", "Sulla fattura di {x} l’indirizzo è sbagliato."),
        "Consegna": ("Dov’è il mio pacco con {x}? Doveva arrivare ieri.", "Il pacco con {x} non è arrivato."),
    },
    "nl": {
        "Retour": ("Ik wil het model {x} terugsturen, het past niet.", "Het model {x} is te klein, kan ik het ruilen?"),
        "Factuur": ("Ik heb nog een kopie van de factuur voor {x} nodig.", "Op de factuur van {x} staat een verkeerd adres."),
        "Levering": ("Waar blijft mijn pakket met {x}? Het had er al moeten zijn.", "Het pakket met {x} is niet aangekomen."),
    },
    "pl": {
        "Zwrot": ("Chcę zwrócić model {x}, jest za duży.", "Model {x} nie pasuje, jak mogę go odesłać?"),
        "Faktura": ("Proszę o kopię faktury za {x}.", "Na fakturze za {x} jest błędny adres."),
        "Dostawa": ("Gdzie jest moja paczka z {x}? Miała być wczoraj.", "Paczka z {x} jeszcze nie dotarła."),
    },
    "ja": {
        "返品": ("注文した{x}を返品したいのですが、サイズが合いません。", "{x}が小さいので、返品の方法を教えてください。"),
        "請求書": ("{x}の請求書をもう一度送ってください。", "{x}の請求書の住所が間違っています。"),
        "配送": ("{x}はまだ届いていません。いつ届きますか。", "{x}の荷物がまだ来ません。調べてください。"),
    },
}  # fmt: skip
_THINGS = (
    "pump",
    "jacket",
    "drill",
    "lamp",
    "kettle",
    "printer",
    "saw",
    "chair",
    "ladder",
    "router",
)
_AGENTS = ("Ann Otto", "Ben Lenz")
_START = datetime(2025, 1, 6, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Ticket:
    """A customer's question and what became of it; one a day, in the hours of work.

    Attributes:
        n: its place, from 0.
        at: when it came.
        closed: days after it.
        text: what the customer wrote: two lines, of which no other ticket has the second.
        answer: what the agent wrote back.
        urgency: 1 (low) to 4.
        draw: for what a program says at random; the same for the same ticket.
    """

    n: int
    at: datetime
    closed: datetime
    subject: str
    text: str
    label: str
    answer: str
    urgency: int
    agent: str
    draw: random.Random

    @property
    def mail(self) -> str:
        return f"kim{self.n}@firm{self.n}.example"

    @property
    def name(self) -> str:
        return f"Kim Lee{self.n}"

    @property
    def agent_mail(self) -> str:
        return f"{self.agent.split()[0].lower()}@shop.example"

    @property
    def line(self) -> str:
        """The text on one line, as data sets have it."""
        return " ".join(self.text.split())

    @property
    def page(self) -> str:
        """The text as HTML."""
        return "".join(f"<p>{line}</p>" for line in self.text.splitlines())

    @property
    def priority(self) -> str:
        return ("Low", "Normal", "High", "Urgent")[self.urgency - 1]


def make_tickets(count: int = 200, language: Language = "en", seed: int = 4) -> list[Ticket]:
    """Tickets in order of time; labels take turns at random."""
    return [_ticket(n, language, random.Random(f"{seed}/{n}")) for n in range(count)]


def _ticket(n: int, language: Language, draw: random.Random) -> Ticket:
    label = draw.choice(sorted(_SAID[language]))
    thing = f"{draw.choice(_THINGS)} {draw.randrange(100, 1000)}"
    at = _START + timedelta(days=n, seconds=draw.randrange(9 * 3_600, 15 * 3_600))
    return Ticket(
        n, at, at + timedelta(days=draw.randrange(2, 20)), f"{thing}: {9_000 + n}", f"{draw.choice(_SAID[language][label]).format(x=thing)}\nNo. {40_000 + 7 * n}.", label,
        f"Dear customer, we have looked into the matter {70_000 + n} and will come back to you.", draw.randrange(1, 5), draw.choice(_AGENTS), draw,
    )  # fmt: skip
