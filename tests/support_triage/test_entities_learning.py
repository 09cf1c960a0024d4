"""What marked examples teach: looks with check digits, closed classes, and kinds that only the words around tell."""

from __future__ import annotations

import random

import pytest

from kits.core.errors import BundleError, DataError
from kits.core.prediction import Span
from kits.support_triage._entities import checksums
from kits.support_triage._entities.extractor import Extractor
from kits.support_triage._entities.learning import learn
from kits.support_triage._entities.scoring import exactly_right, score_entities
from kits.support_triage._entities.shapes import checksum_of, closed_class, patterns_of
from kits.support_triage._entities.spec import EntitiesConfig, EntitiesSpec

Example = tuple[str, tuple[Span, ...]]
NONE = EntitiesConfig(kinds=())


def marked(template: str, **values: str) -> Example:
    """`return {rma}` with the value in place and its span."""
    text, spans = template, []
    for kind, value in values.items():
        start = text.index("{" + kind + "}")
        text = text.replace("{" + kind + "}", value)
        spans.append(Span(start, start + len(value), kind, value))
    return text, tuple(spans)


def luhn_numbers(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    found: list[str] = []
    while len(found) < count:
        body = "".join(rng.choice("0123456789") for _ in range(8))
        found += [body + d for d in "0123456789" if checksums.luhn(body + d)]
    return found


def places(spans: tuple[Span, ...]) -> list[tuple[str, str]]:
    return [(span.label, span.text) for span in spans]


def test_a_look_is_learned_from_five_examples_and_finds_new_numbers() -> None:
    examples = [
        marked("please take back {rma}", rma=f"RMA-{n}/24") for n in (1042, 2231, 5310, 8812, 9001)
    ]
    extractor = Extractor(learn(examples, NONE))
    text = "where is RMA-7777/24, not RMA-77/24?"
    assert places(extractor.find(text)) == [("rma", "RMA-7777/24")]


def test_check_digits_are_discovered_and_a_wrong_one_is_unsure() -> None:
    numbers = luhn_numbers(9, seed=1)
    spec = learn([marked("device {serial} here", serial=n) for n in numbers[:8]], NONE)
    assert [look.checksum for look in spec.learned_patterns] == ["luhn"]
    wrong = numbers[8][:-1] + str((int(numbers[8][-1]) + 1) % 10)
    right, mistyped = Extractor(spec).find(f"{numbers[8]} or {wrong}")
    assert right.confidence > 0.9
    assert mistyped.confidence <= 0.5


def test_numbers_without_a_check_digit_get_none() -> None:
    assert checksum_of(["1234567", "2345678", "3456789", "4567890", "5678901", "6789012"]) == ""
    assert checksum_of(luhn_numbers(5, seed=0)) == ""


def test_a_look_that_is_also_something_else_is_not_used() -> None:
    examples = [marked("ticket {ticket}", ticket=f"{n}000000") for n in (3, 4, 5)]
    examples += [(f"call me: {n}111111", ()) for n in range(3)]
    assert learn(examples, NONE).learned_patterns == ()


def test_a_bare_short_number_is_no_look() -> None:
    examples = [marked("refund {refund}", refund=value) for value in ("299", "160", "1200")]
    assert learn(examples, NONE).learned_patterns == ()


def test_patterns_match_all_they_were_made_of_and_are_no_wider_than_needed() -> None:
    assert patterns_of(["#37777", "#00108"]) == ["\\#[0-9]{5}"] or patterns_of(
        ["#37777", "#00108"]
    ) == ["#[0-9]{5}"]
    assert patterns_of(["AB12", "AB345"]) == ["AB[0-9]{2,3}"]
    assert patterns_of(["12345678", "123456789012"]) == ["[0-9]{8}|[0-9]{12}"]


def test_a_closed_class_is_few_words_that_come_again() -> None:
    assert closed_class(["Gold", "gold", "silver", "Gold", "gold"] * 2) == ("gold", "silver")
    assert closed_class(["Anna", "Ben", "Carl"]) == ()


def test_classes_are_learned_from_few_examples() -> None:
    examples = [marked("my {tariff} please", tariff=t) for t in ("gold", "silver") * 6]
    extractor = Extractor(learn(examples, NONE))
    assert places(extractor.find("change to SILVER")) == [("tariff", "SILVER")]


TEMPLATES = [
    "please refund {amount} to me",
    "i was charged {amount} by mistake",
    "deliver it to {city} please",
    "do you ship to {city}",
    "i live in {city} and wait",
    "my package of {weight} grams is lost",
]
CITIES = [
    "Berlin",
    "Paris",
    "Rome",
    "Lisbon",
    "Vienna",
    "Oslo",
    "Madrid",
    "Prague",
    "Warsaw",
    "Dublin",
]


def corpus(seed: int, cities: list[str]) -> list[Example]:
    rng = random.Random(seed)
    rows: list[Example] = []
    for _ in range(240):
        template = rng.choice(TEMPLATES)
        number = str(rng.randint(10, 9999))
        if "{amount}" in template:
            rows.append(marked(template, amount=number))
        elif "{city}" in template:
            rows.append(marked(template, city=rng.choice(cities)))
        else:
            rows.append((template.replace("{weight}", number), ()))
    return rows


@pytest.fixture(scope="module")
def spec() -> EntitiesSpec:
    return learn(corpus(0, CITIES[:6]), NONE)


def test_what_only_the_words_around_tell_is_learned(spec: EntitiesSpec) -> None:
    rows = corpus(1, CITIES[6:])
    extractor = Extractor(spec)
    scores = score_entities(
        [spans for _, spans in rows], [extractor.find(text) for text, _ in rows], seed=0, rounds=50
    )
    assert scores.exact.value > 0.97
    assert set(scores.f1) == {"amount", "city"}


def test_the_model_survives_json_and_says_the_same(spec: EntitiesSpec) -> None:
    again = EntitiesSpec.model_validate_json(spec.model_dump_json())
    text = "please refund 120 to me\nand deliver it to Hamburg please"
    assert Extractor(again).find(text) == Extractor(spec).find(text) != ()


def test_learning_twice_gives_the_same_model() -> None:
    rows = corpus(0, CITIES[:6])[:80]
    assert learn(rows, NONE) == learn(rows, NONE)


def test_confidence_is_a_probability(spec: EntitiesSpec) -> None:
    spans = Extractor(spec).find("refund 120 deliver 99 to Rome in Oslo grams 12")
    assert all(0.0 < span.confidence <= 1.0 for span in spans)


def test_a_taught_kind_takes_the_place_of_the_common_one(spec: EntitiesSpec) -> None:
    both = Extractor(spec.model_copy(update={"kinds": ("amount", "email")}))
    assert places(both.find("i was charged 120 by mistake, a@b.example")) == [
        ("amount", "120"),
        ("email", "a@b.example"),
    ]


def test_texts_that_nobody_read_for_entities_do_not_teach_that_there_are_none() -> None:
    rng = random.Random(0)
    orders = [f"LX-{rng.randint(1000, 9999)}" for _ in range(440)]
    rows = [marked("send {order} back please", order=o) for o in orders[:40]]
    rows += [(f"send {o} back please", ()) for o in orders[40:]]
    extractor = Extractor(learn(rows, NONE))
    assert places(extractor.find("send LX-0001 back please")) == [("order", "LX-0001")]


def test_texts_without_an_entity_teach_that_there_is_none() -> None:
    rng = random.Random(0)
    rows = [marked("refund {amount} please", amount=str(rng.randint(10, 99))) for _ in range(60)]
    rows += [(f"room {rng.randint(10, 99)} please", ()) for _ in range(60)]
    extractor = Extractor(learn(rows, NONE))
    assert places(extractor.find("room 55 please\nrefund 55 please")) == [("amount", "55")]


def test_rules_that_agree_with_the_marks_stay_beside_the_model() -> None:
    rng = random.Random(0)
    rows = [marked("pay {amount} by card", amount=f"{rng.randint(10, 99)} EUR") for _ in range(40)]
    taught = learn(rows, EntitiesConfig(kinds=("amount",)))
    assert taught.tagger is not None
    assert taught.kinds == ("amount",)
    found = Extractor(taught).find("Der Betrag von 1.234,50 € fehlt")
    assert places(found) == [("amount", "1.234,50 €")]


def test_rules_that_the_marks_contradict_are_switched_off() -> None:
    rng = random.Random(0)
    rows = [marked("pay {amount} dollars", amount=str(rng.randint(10, 99))) for _ in range(40)]
    taught = learn(rows, EntitiesConfig(kinds=("amount",)))
    assert taught.kinds == ()
    assert places(Extractor(taught).find("pay 77 dollars")) == [("amount", "77")]


def test_what_rules_find_is_a_hint_even_where_it_is_not_looked_for() -> None:
    rng = random.Random(0)
    days = [f"{rng.randint(1, 28)}.{rng.randint(1, 12)}.2026" for _ in range(80)]
    rows = [marked("i leave {checkout}", checkout=day) for day in days[:40]]
    rows += [marked("i come {checkin}", checkin=day) for day in days[40:]]
    extractor = Extractor(learn(rows, NONE))
    assert places(extractor.find("i come tomorrow, i leave 3 March 2026")) == [
        ("checkin", "tomorrow"),
        ("checkout", "3 March 2026"),
    ]


def test_a_damaged_model_is_refused(spec: EntitiesSpec) -> None:
    assert spec.tagger is not None
    for change in ({"weights": "AAAA"}, {"features": "%%%"}, {"transitions": ((0.0,),)}):
        with pytest.raises(BundleError, match="damaged"):
            Extractor(spec.model_copy(update={"tagger": spec.tagger.model_copy(update=change)}))


def test_a_span_outside_its_text_is_told() -> None:
    with pytest.raises(DataError, match="outside its text"):
        learn([("short", (Span(2, 9, "x", ""),))], NONE)


def test_learning_can_be_switched_off() -> None:
    off = EntitiesConfig(learn=False)
    assert learn(corpus(0, CITIES), off) == EntitiesSpec()


@pytest.mark.slow
def test_a_megabyte_is_read_by_a_learned_model(spec: EntitiesSpec) -> None:
    text = "ship to a1 " * 90_000 + "\ni live in Oslo and wait"
    assert Extractor(spec).find(text)[-1].text == "Oslo"


def test_only_marked_kinds_are_judged() -> None:
    one, other = Span(0, 2, "a", "xx"), Span(3, 5, "b", "yy")
    scores = score_entities([(one,), ()], [(one, other), (other,)], seed=0, rounds=20)
    assert scores.exact.value == scores.exact_marked.value == scores.overall.value == 1.0
    assert scores.exact.n == 2
    assert scores.exact_marked.n == 1
    assert not exactly_right((one,), (Span(0, 1, "a", "x"),), ("a",))


def test_a_wrong_place_is_a_miss_and_a_false_find() -> None:
    one = Span(0, 2, "a", "xx")
    scores = score_entities([(one,)] * 4, [(one,)] * 3 + [(Span(0, 3, "a", "xxx"),)], seed=0)
    assert scores.overall.value == pytest.approx(0.75)
    assert scores.exact.low < 0.75 < scores.exact.high


def test_unequal_numbers_of_texts_are_an_error() -> None:
    with pytest.raises(ValueError, match="2 marked"):
        score_entities([(), ()], [()], seed=0)
