"""What records may fill into sentences, for whom, and how it looks."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from kits.core.correspondence import Lookup, Record
from kits.support_triage._drafting.slots import Facts, fill, vet
from kits.support_triage._drafting.templates import LANGUAGES, phrases
from tests.support_triage.drafting_parts import SENDER, order

_OWNERS = {"order": "customer_email"}


def _filled(sentence: str, language: str = "en", **fields: JsonValue) -> str:
    filled = fill(sentence, Facts("order", "order 48214", fields), phrases(language))
    return filled.text or filled.missing


def test_a_record_is_told_to_its_owner() -> None:
    found = vet([order()], "Anna@Mail.Example", _OWNERS)
    assert [facts.name for facts in found.told] == ["order 48214"]
    assert found.cut == ()


@pytest.mark.parametrize(
    "address",
    [
        "eve@mail.example",
        "",
        "anna@mail.example.evil.test",
        "anna+x@mail.example",
        "аnna@mail.example",  # a Cyrillic letter
        "anna@mail.example\u200b",
        "ａnna@mail.example",
    ],
)
def test_nobody_else_is_told_anything(address: str) -> None:
    found = vet([order()], address, _OWNERS)
    assert found.told == ()
    assert found.cut == (
        "order 48214: the record belongs to another address; nothing of it was used",
    )


@pytest.mark.parametrize("owner", [None, "", "everybody", 7, True, ["anna@mail.example"]])
def test_a_record_without_an_owner_is_told_to_nobody(owner: JsonValue) -> None:
    assert vet([order(customer_email=owner)], SENDER, _OWNERS).told == ()
    assert vet([order()], SENDER, {}).told == ()


def test_a_record_about_another_number_is_not_used() -> None:
    found = vet([order(number="77777")], SENDER, _OWNERS)
    assert found.told == ()
    assert "another number" in found.cut[0]


@pytest.mark.parametrize(
    ("key", "told"), [("48214", 1), ("LL-48214", 1), ("ll 48214", 1), ("14", 0), ("4821", 0)]
)
def test_the_same_number_may_have_a_prefix(key: str, told: int) -> None:
    assert len(vet([order(key)], SENDER, _OWNERS).told) == told


def test_no_record_is_said() -> None:
    found = vet([Record(Lookup("order", "1\n<b>2"))], SENDER, _OWNERS)
    assert found.cut == ("order 1b2: no such record was found",)


@pytest.mark.parametrize(
    ("language", "day", "amount"),
    [
        ("en", "16 March 2026", "1,079.90 €"),
        ("de", "16. März 2026", "1.079,90 €"),
        ("fr", "16 mars 2026", "1 079,90 €"),
        ("es", "16 de marzo de 2026", "1.079,90 €"),
        ("it", "16 marzo 2026", "1.079,90 €"),
        ("pt", "16 de março de 2026", "1.079,90 €"),
        ("nl", "16 maart 2026", "1.079,90 €"),
        ("pl", "16 marca 2026", "1 079,90 €"),
        ("sv", "16 mars 2026", "1 079,90 €"),
        ("da", "16. marts 2026", "1.079,90 €"),
        ("cs", "16. března 2026", "1 079,90 €"),
        ("tr", "16 Mart 2026", "1.079,90 €"),
    ],
)
def test_dates_and_amounts_look_as_they_do_in_each_language(
    language: str, day: str, amount: str
) -> None:
    shown = _filled(
        "{order.on:date}|{order.sum:amount}", language, on="2026-03-16", sum="1079.90 EUR"
    )
    assert shown.replace("\u202f", " ").replace("\u00a0", " ") == f"{day}|{amount}"
    assert set(LANGUAGES) >= {language}


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("date", "soon"),
        ("date", "2026-13-40"),
        ("amount", "a lot"),
        ("amount", "12 coins"),
        ("amount", 12.5),
        ("whole", "3"),
        ("whole", True),
        ("text", "see https://evil.example"),
        ("text", "![x](y)"),
        ("text", "<b>"),
        ("text", "two\nlines"),
        ("text", "x" * 500),
        ("text", {"a": 1}),
        ("text", True),
        ("unheard", "x"),
    ],
)
def test_values_that_are_no_plain_facts_fill_nothing(form: str, value: JsonValue) -> None:
    said = _filled("It is {order.it:" + form + "}.", it=value)
    assert said == f"order.it of order 48214 is not a plain {form}"


def test_an_empty_or_foreign_field_fills_nothing() -> None:
    assert _filled("{order.it}", it="") == "order 48214 does not say order.it"
    assert _filled("{order.it}") == "order 48214 does not say order.it"
    assert _filled("{invoice.it}", it="x") == "order 48214 does not say invoice.it"
