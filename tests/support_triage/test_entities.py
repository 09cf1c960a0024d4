"""What is found in mails: kinds, places, values, and which finding wins."""

from __future__ import annotations

from itertools import pairwise

import pytest
from pydantic import ValidationError

from kits.support_triage._entities.extractor import Extractor
from kits.support_triage._entities.kinds import KINDS
from kits.support_triage._entities.spec import EntitiesConfig, EntitiesSpec, PatternSpec
from tests.sampled import sampled

COMMON = Extractor.from_spec(EntitiesSpec())


def found(text: str, language: str = "", extractor: Extractor = COMMON) -> list[tuple[str, str]]:
    return [(span.label, span.text) for span in extractor.find(text, language)]


NUMBERED = [
    ("en", "my order number is 4711-99, please help", "order", "4711-99"),
    ("de", "meine Bestellnummer lautet 1002003", "order", "1002003"),
    ("de", "wo bleiben meine Bestellungen 1002003", "order", "1002003"),
    ("fr", "ma commande n° 556677 n'est pas arrivée", "order", "556677"),
    ("es", "mi pedido número 556677 no ha llegado", "order", "556677"),
    ("it", "il mio ordine n. 556677 non arriva", "order", "556677"),
    ("pt", "a encomenda 556677 não chegou", "order", "556677"),
    ("nl", "mijn bestelling 556677 is er niet", "order", "556677"),
    ("pl", "zamówienie nr 556677 nie dotarło", "order", "556677"),
    ("sv", "min beställning nr 556677", "order", "556677"),
    ("da", "min ordre nr. 556677", "order", "556677"),
    ("cs", "objednávka č. 556677 nepřišla", "order", "556677"),
    ("tr", "siparişim 556677 gelmedi", "order", "556677"),
    ("de", "Rechnung RE-2024-0012 ist falsch", "invoice", "RE-2024-0012"),
    ("fr", "la facture F2024/118 est fausse", "invoice", "F2024/118"),
    ("de", "Kundennummer: K-10023", "customer", "K-10023"),
    ("en", "customer no. 10023", "customer", "10023"),
    ("en", "tracking number 00340434161094042557", "tracking", "00340434161094042557"),
]


@pytest.mark.parametrize(("language", "text", "kind", "value"), NUMBERED)
def test_a_number_is_what_the_word_before_it_says(
    language: str, text: str, kind: str, value: str
) -> None:
    assert found(text, language) == [(kind, value)]


def test_several_numbers_after_one_word_are_of_one_kind() -> None:
    assert found("orders 112233 and 445566") == [("order", "112233"), ("order", "445566")]


@pytest.mark.parametrize(
    "text", ["order 350 dollars", "my order of 12.03.2026", "order in 30 days"]
)
def test_money_and_days_after_order_are_no_order_numbers(text: str) -> None:
    assert "order" not in dict(found(text))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("write to max.mueller+shop@example.co.uk.", "email", "max.mueller+shop@example.co.uk"),
        ("see https://shop.example/a?b=c).", "url", "https://shop.example/a?b=c"),
        ("IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFF", "iban", "DE89 3704 0044 0532 0130 00"),
        ("card 4111-1111-1111-1111 was charged", "card", "4111-1111-1111-1111"),
        ("our VAT id ATU13585627 is", "vat", "ATU13585627"),
        ("our VAT id NL004495445B01.", "vat", "NL004495445B01"),
        ("call +49 (0)30 1234567 please", "phone", "+49 (0)30 1234567"),
        ("Tel. 0171 2345678", "phone", "0171 2345678"),
        ("call (555) 123-4567 now", "phone", "(555) 123-4567"),
        ("it is RB123456785GB now", "tracking", "RB123456785GB"),
        ("ich wohne Hauptstraße 12, 10115 Berlin", "address", "Hauptstraße 12, 10115 Berlin"),
        ("I live at 221 Baker Street", "address", "221 Baker Street"),
        ("j'habite 12 rue de Rivoli", "address", "12 rue de Rivoli"),
    ],
)
def test_marks_that_say_themselves_what_they_are(text: str, kind: str, value: str) -> None:
    assert found(text) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "IBAN DE89 3704 0044 0532 0130 03",
        "card 4111-1111-1111-1112 was charged",
        "our VAT id DE136695977",
    ],
)
def test_wrong_check_digits_are_no_account_card_or_vat_id(text: str) -> None:
    assert not {"iban", "card", "vat"} & set(dict(found(text)))


def test_findings_never_overlap_and_lie_where_they_say() -> None:
    text = "order 4111111111111111 a@b.example https://x.example/?m=a@b.example +49 30 123456 on 12.03.2026"
    spans = COMMON.find(text)
    assert all(text[s.start : s.end] == s.text for s in spans)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert [s.label for s in spans] == ["card", "email", "url", "phone", "date"]


def test_the_firms_own_pattern_replaces_the_common_kind() -> None:
    own = EntitiesSpec(patterns={"order": PatternSpec(pattern=r"SO-\d{6}")})
    text = "order 998877 and SO-123456 and SO-1234567"
    assert found(text, extractor=Extractor(own)) == [("order", "SO-123456")]


def test_a_mistyped_number_of_the_firm_is_found_but_unsure() -> None:
    own = EntitiesSpec(patterns={"order": PatternSpec(pattern=r"\d{11}", checksum="luhn")})
    right, wrong = Extractor(own).find("79927398713 79927398710")
    assert right.confidence > 0.9
    assert wrong.confidence <= 0.5


def test_letters_of_the_firms_numbers_are_no_part_of_the_check() -> None:
    own = EntitiesSpec(
        patterns={"order": PatternSpec(pattern=r"SO-\d{6}", checksum="luhn")}, kinds=()
    )
    right, wrong = Extractor(own).find("SO-123455 SO-123456")
    assert right.confidence > 0.9
    assert wrong.confidence <= 0.5


def test_kinds_can_be_left_out() -> None:
    only = Extractor(EntitiesSpec(kinds=("email",)))
    assert found("order 12345 of a@b.example", extractor=only) == [("email", "a@b.example")]


def test_a_misspelt_kind_is_answered_with_the_right_one() -> None:
    with pytest.raises(ValidationError, match="did you mean 'invoice'"):
        EntitiesConfig(kinds=("invoce",))


def test_a_misspelt_checksum_is_answered_with_the_right_one() -> None:
    with pytest.raises(ValidationError, match="did you mean 'luhn'"):
        PatternSpec(pattern=r"SO-\d{6}", checksum="lun")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"(\d{1,9}){1,9}", "one length"),
        (r"\d+", "has no end"),
        (r"\d{2,}", "a repeat is written"),
        (r"\d{1,20}\d{1,20}\d{1,20}", "too many ways"),
        (r"(a|b)(?=c)", r"\(\?"),
        (r"(?i)so\d{4}", r"\(\?"),
        (r"SO.{4}", "not allowed"),
        (r"(SO\d{4}", "without its"),
        (r"\d?", "less than two"),
        (r"\d{60}\d{60}", "more than 64"),
        (r"(\d)\1{3}", "not allowed"),
        (r"[^a]{4}", "lists the characters"),
        ("", "1 to 500"),
    ],
)
def test_a_pattern_that_could_stop_the_mailbox_is_refused_with_the_reason(
    pattern: str, why: str
) -> None:
    with pytest.raises(ValidationError, match=why):
        PatternSpec(pattern=pattern)


@pytest.mark.parametrize(
    "pattern", [r"SO-\d{6}", r"(?:AB|CD)\d{4,8}", r"[A-Z]{2}[0-9]{3}(?:-\d{2})?", r"#\d{5}"]
)
def test_usual_patterns_are_taken(pattern: str) -> None:
    assert PatternSpec(pattern=pattern).pattern == pattern


def test_every_common_kind_has_a_finder() -> None:
    for kind in KINDS:
        Extractor(EntitiesSpec(kinds=(kind,)))


def test_a_spec_survives_json() -> None:
    spec = EntitiesSpec(patterns={"order": PatternSpec(pattern=r"SO-\d{6}")}, kinds=("email",))
    again = EntitiesSpec.model_validate_json(spec.model_dump_json())
    assert again == spec


LENGTH = 150_000  # characters, several windows: where time grew by the square, it would not end here either
HOSTILE = {
    "letters": "a",
    "digits": "1",
    "spaced digits": "1 ",
    "at signs": "a@",
    "dots": "a.",
    "mail-like": "a@b.",
    "iban-like": "DE89 ",
    "brackets": "(1",
    "plus": "+1",
    "orders": "order ",
    "urls": "http://",
    "lines": "\n",
    "dates": "1.1.",
    "capitals": "Hi A",
    "marks": "€1",
}


@pytest.mark.parametrize("name", sampled(HOSTILE, every=5))
def test_however_long_anything_is_it_is_read_to_its_end(name: str) -> None:
    piece = HOSTILE[name]
    tail = "\n\nwrite to last@example.com"
    spans = COMMON.find(piece * (LENGTH // len(piece)) + tail, "en")
    assert spans[-1].text == "last@example.com"


@pytest.mark.slow
def test_what_lies_on_the_edge_of_a_window_is_found_once_and_whole() -> None:
    address = "someone.with.a.long.name@mail.example.com"
    for before in range(39_960, 40_001, 7):
        spans = COMMON.find("x " * (before // 2) + address + " x" * 30_000)
        assert [s.text for s in spans] == [address]
