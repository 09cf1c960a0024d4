"""Promises are found in twelve languages, in disguise too, and everyday sentences are none."""

from __future__ import annotations

import pytest

from kits.support_triage._drafting.templates import LANGUAGES, phrases
from kits.support_triage._drafting.wordings import wordings

_PROMISES = {
    "en": ("We will refund the full amount.", "You will be refunded.", "I promise it works.", "It arrives by Friday, at the latest.", "You get 20 % off.", "This was our fault."),
    "de": ("Wir werden Ihnen den Betrag erstatten.", "Sie erhalten Ihr Geld zurück.", "Das garantieren wir.", "Sie haben es spätestens morgen.", "Sie bekommen 20 % Rabatt.", "Das war unser Fehler."),
    "fr": ("Nous vous rembourserons.", "Vous serez remboursé.", "Nous vous le garantissons.", "Vous l'aurez au plus tard lundi.", "Voici une remise de 20 %.", "C'est notre faute."),
    "es": ("Le reembolsaremos el importe.", "Será reembolsado.", "Lo garantizamos.", "Llegará mañana.", "Tiene un descuento.", "Fue nuestra culpa."),
    "it": ("La rimborseremo.", "Riceverà il rimborso.", "Lo garantiamo.", "Arriverà domani.", "Ecco uno sconto.", "È un nostro errore."),
    "pt": ("Vamos reembolsar o valor.", "Receberá o dinheiro.", "Garantimos isso.", "Chegará amanhã.", "Tem um desconto.", "Foi culpa nossa."),
    "nl": ("U krijgt uw geld terug.", "Het wordt terugbetaald.", "Dat garanderen wij.", "U hebt het uiterlijk morgen.", "U krijgt korting.", "Het is onze fout."),
    "pl": ("Zwrócimy panu pieniądze.", "Otrzyma pani zwrot.", "Gwarantujemy to.", "Najpóźniej jutro.", "Dajemy rabat.", "To nasza wina."),
    "sv": ("Vi återbetalar beloppet.", "Du får pengarna tillbaka.", "Vi garanterar det.", "Senast i morgon.", "Du får rabatt.", "Det är vårt fel."),
    "da": ("Vi refunderer beløbet.", "Du får pengene tilbage.", "Det garanterer vi.", "Senest i morgen.", "Du får rabat.", "Det er vores fejl."),
    "cs": ("Vrátíme vám peníze.", "Peníze vrátíme zpět.", "To zaručujeme.", "Nejpozději zítra.", "Máte slevu.", "Je to naše chyba."),
    "tr": ("Paranızı iade edeceğiz.", "Geri ödeme onaylandı.", "Bunu garanti ediyoruz.", "En geç yarın.", "Size indirim veriyoruz.", "Bu bizim hatamız."),
}  # fmt: skip
_KINDS = ("refund", "refund", "guarantee", "deadline", "discount", "liability")


@pytest.mark.parametrize("language", LANGUAGES)
def test_promises_are_found_in_every_language(language: str) -> None:
    for sentence, kind in zip(_PROMISES[language], _KINDS, strict=True):
        kinds = {found.kind for found in wordings("promises").find(sentence)}
        assert kind in kinds, sentence


@pytest.mark.parametrize(
    "text",
    [
        "WE WILL REFUND YOU",
        "We will re\u00adfund you",
        "We will re\u200bfund you",
        "Wе will rеfund yоu",
        "Ｗｅ ｗｉｌｌ ｒｅｆｕｎｄ ｙｏｕ",
        "We will r\u0301e\u0301fund you",
        "We will, of course, gladly refund you",
        "We\nwill\nrefund\nyou",
    ],
)
def test_disguise_does_not_help(text: str) -> None:
    assert "refund" in {found.kind for found in wordings("promises").find(text)}


@pytest.mark.parametrize("register", ["formal", "informal"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_of_the_kit_promises_anything(language: str, register: str) -> None:
    """Sentences that a record fills may state what has happened; the rest binds nobody."""
    known = phrases(language)
    chosen = known.formal if register == "formal" else known.informal
    said = [chosen.greeting, chosen.foreign, chosen.team, chosen.closing]
    said += [*chosen.tones.values(), *chosen.needs.values()]
    assert [s for s in said if s and wordings("promises").find(s)] == []


@pytest.mark.parametrize(
    "text",
    [
        "Please send us your order number.",
        "Your order was sent on 12 March 2026.",
        "Bitte schreiben Sie uns die Bestellnummer.",
        "La couleur de la lampe est verte.",
        "El paquete está en camino.",
        "",
    ],
)
def test_everyday_sentences_are_no_promises(text: str) -> None:
    assert wordings("promises").find(text) == ()


@pytest.mark.slow
def test_the_work_is_bounded_by_the_length() -> None:
    for piece in ("refund ", "we ", "\u0301", "1 ", "%"):
        wordings("promises").find(piece * 1_000_000)
