"""Products of a catalogue in mails, few or fifty thousand."""

from __future__ import annotations

import random

import pytest

from kits.core.errors import DataError
from kits.support_triage._entities.catalogue import read_catalogue
from kits.support_triage._entities.extractor import Extractor
from kits.support_triage._entities.spec import EntitiesSpec, ProductSpec

SHOP = Extractor(
    EntitiesSpec(
        products=(
            ProductSpec(sku="R1", names=("Wi-Fi Router AX3", "AX3")),
            ProductSpec(sku="K1", names=("Kaffeemaschine Roma",)),
            ProductSpec(sku="P1", names=("iPhone 12",)),
            ProductSpec(sku="P2", names=("iPhone 12 Pro",)),
            ProductSpec(sku="C1", names=("Café crème cups",)),
            ProductSpec(names=("toaster",)),
        )
    )
)


@pytest.mark.parametrize(
    ("text", "surface", "sku"),
    [
        ("my Wi-Fi Router AX3 is dead", "Wi-Fi Router AX3", "R1"),
        ("my wifi router ax3 is dead", "wifi router ax3", "R1"),
        ("both WIFI-ROUTERS AX3 died", "WIFI-ROUTERS AX3", "R1"),
        ("my AX3 is dead", "AX3", "R1"),
        ("die Kaffeemaschinen Roma tropfen", "Kaffeemaschinen Roma", "K1"),
        ("die Kaffemaschine Roma tropft", "Kaffemaschine Roma", "K1"),
        ("die Kaffeemaschnie Roma tropft", "Kaffeemaschnie Roma", "K1"),
        ("an iPhone 12 Pro case", "iPhone 12 Pro", "P2"),
        ("an iPhone 12 case", "iPhone 12", "P1"),
        ("the cafe creme cups", "cafe creme cups", "C1"),
        ("two toasters", "toasters", "toaster"),
    ],
)
def test_a_product_is_known_however_it_is_written(text: str, surface: str, sku: str) -> None:
    spans = [span for span in SHOP.find(text) if span.label == "product"]
    assert [span.text for span in spans] == [surface]
    assert SHOP.normalise(spans[0]) == sku


@pytest.mark.parametrize(
    "text", ["my ax3 thing", "routers and romance", "iPhone. 12 of them", "a roster", "toast"]
)
def test_what_is_only_near_a_product_is_none(text: str) -> None:
    assert [span for span in SHOP.find(text) if span.label == "product"] == []


def test_a_corrected_typo_is_less_sure() -> None:
    right, typo = SHOP.find("Kaffeemaschine Roma, Kaffemaschine Roma")
    assert right.confidence > typo.confidence


def test_each_of_fifty_thousand_products_is_found() -> None:
    rng = random.Random(0)
    parts = [
        "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(4))
        for _ in range(2000)
    ]
    names = sorted({f"{rng.choice(parts)} {rng.choice(parts)} {n}" for n in range(50_000)})
    large = Extractor(EntitiesSpec(products=tuple(ProductSpec(names=(name,)) for name in names)))
    for name in rng.sample(names, 300):
        spans = [s for s in large.find(f"about the {name.upper()}, please") if s.label == "product"]
        assert [(s.text, large.normalise(s)) for s in spans] == [(name.upper(), name)]


def test_a_table_with_synonyms_and_numbers_is_read() -> None:
    table = "\ufeffName;SKU;Synonyms\nRouter AX3;R1;box|the router\n\nToaster;;\n"
    assert read_catalogue(table, "p.csv") == (
        ProductSpec(sku="R1", names=("Router AX3", "box", "the router")),
        ProductSpec(names=("Toaster",)),
    )


def test_a_list_of_names_is_read() -> None:
    assert [p.names[0] for p in read_catalogue("Router\n\nToaster \n", "p.txt")] == [
        "Router",
        "Toaster",
    ]


@pytest.mark.parametrize(
    ("content", "what"), [("", "names no product"), ("a,b\n1,2\n", "no column")]
)
def test_a_catalogue_without_names_says_what_to_do(content: str, what: str) -> None:
    with pytest.raises(DataError, match=what) as error:
        read_catalogue(content, "p.csv")
    assert error.value.fix
