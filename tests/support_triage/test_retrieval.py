"""Questions find the passages that answer them, and nothing is cited for what no passage is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kits.support_triage import demo
from kits.support_triage._drafting.knowledge import Knowledge, Vectors, build_knowledge
from kits.support_triage._drafting.retrieval import Retriever, fitting, link_intents, unanswered
from kits.support_triage._simulated.mails import write_mails
from kits.support_triage._simulated.shop import make_shop

_SHOP = Path(demo.__file__).parent / "_simulated" / "knowledge"


@pytest.fixture(scope="module")
def shop() -> Knowledge:
    return build_knowledge(_SHOP)


@pytest.fixture(scope="module")
def linked(shop: Knowledge) -> Knowledge:
    world = make_shop(np.random.default_rng(0))
    mails = write_mails(1, world, 700, languages=("en", "de"))
    return link_intents(shop, [(m.text, m.label, m.language) for m in mails if len(m.intents) == 1])


@pytest.mark.parametrize(
    ("question", "language", "source"),
    [
        ("The tracking has not moved for days", "en", "en/shipping.md#2"),
        ("Which bulb fits the Kestrel lamp?", "en", "en/products.csv#2"),
        ("Rücksendung: wohin mit dem Paket, Parcelo-Shops?", "de", "de/rueckgabe.md#2"),
        ("Artikel zurückzugeben", "de", "de/rueckgabe.md#1"),
        ("¿Cuándo me devuelven el dinero del reembolso?", "es", "en/products.csv#16"),
    ],
)
def test_a_question_finds_its_passage(
    shop: Knowledge, question: str, language: str, source: str
) -> None:
    found = Retriever(shop).find(question, language)
    assert found
    assert found[0].source == source
    assert found[0].text == next(p.text for p in shop.passages if p.source == source)


@pytest.mark.parametrize(
    "question",
    [
        "Would you sponsor our football club next summer?",
        "Wann trifft sich der Kleingartenverein im Gemeindehaus?",
        "qwertz asdfgh",
        "",
        "and the of to",
    ],
)
def test_nothing_is_cited_for_what_no_passage_is_about(shop: Knowledge, question: str) -> None:
    assert Retriever(shop).find(question, "en") == ()


def test_the_customers_language_comes_first(shop: Knowledge) -> None:
    question = "Aurora X2"
    sources = {code: Retriever(shop).find(question, code)[0].source for code in ("en", "de")}
    assert sources == {"en": "en/products.csv#1", "de": "en/products.csv#7"}


def test_mails_of_an_intent_link_it_to_its_passage(linked: Knowledge) -> None:
    nearest = {intent: next(iter(near), "") for intent, near in linked.links.items()}
    assert nearest["invoice_copy"] in ("en/payment.md#3", "de/bestellung.md#5")
    assert nearest["change_address"] in ("en/shipping.md#4", "de/bestellung.md#2")


def test_a_link_finds_what_the_words_of_the_mail_do_not(linked: Knowledge) -> None:
    question = "It must be 27, not 72, and I am off to Spain."
    finder = Retriever(linked)
    assert finder.find(question, "en") == ()
    assert finder.find(question, "en", "change_address")[0].source == "en/shipping.md#4"


def test_intents_that_no_page_answers_are_known(linked: Knowledge) -> None:
    assert "invoice_copy" not in unanswered(linked)
    assert unanswered(link_intents(linked, [("zzz qqq", "nonsense", "en")])) == ("nonsense",)


def test_most_mails_of_the_shop_find_the_right_page(linked: Knowledge) -> None:
    world = make_shop(np.random.default_rng(0))
    right = {
        "invoice_copy": ("en/payment.md#3",),
        "change_address": ("en/shipping.md#4",),
        "discount_code": ("en/payment.md#4",),
        "refund": ("en/returns.md#3",),
        "damaged_item": ("en/returns.md#5",),
        "cancel_order": ("en/shipping.md#5", "en/returns.md#1"),
    }
    finder = Retriever(linked)
    hits = []
    for mail in write_mails(77, world, 250, languages=("en",)):
        if mail.label in right:
            found = finder.find(mail.text, "en", mail.label)
            hits.append(bool(found) and found[0].source in right[mail.label])
    assert len(hits) > 80
    assert float(np.mean(hits)) >= 0.75


def test_meaning_finds_what_words_do_not(tmp_path: Path) -> None:
    """An encoder that knows two matters: animals and machines."""

    def embed(texts: Sequence[str]) -> Vectors:
        animal = ("cat", "dog", "kitten", "puppy")
        return np.array(
            [[1.0, 0.0] if any(a in t.lower() for a in animal) else [0.0, 1.0] for t in texts],
            dtype=np.float32,
        )

    (tmp_path / "a.md").write_text("# One\n\nOur dog sleeps.\n\n# Two\n\nThe engine runs.\n")
    known = build_knowledge(tmp_path, embed=embed, language_of=lambda text: "en")
    assert Retriever(known).find("kitten", "en") == ()
    assert Retriever(known, embed).find("kitten", "en")[0].source == "a.md#1"


def test_the_page_that_an_intent_is_answered_from_can_be_told(linked: Knowledge) -> None:
    pages = fitting(linked)
    assert set(pages) <= set(linked.links)
    assert all(linked.links[intent][page].lift > 0 for intent, page in pages.items())
    assert "return" in pages["return"] or "rueckgabe" in pages["return"]


def test_an_empty_knowledge_base_finds_nothing(tmp_path: Path) -> None:
    known = build_knowledge(tmp_path)
    assert Retriever(known).find("anything at all", "en", "return") == ()
    assert link_intents(known, [("text", "return", "en")]).links == {"return": {}}
