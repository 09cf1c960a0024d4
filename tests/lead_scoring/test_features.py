"""Leads as numbers: however a source writes them, and whatever was never met before."""

from __future__ import annotations

import math
import random
from datetime import datetime, timezone

import numpy as np
import pytest

from kits.lead_scoring._features import cells
from kits.lead_scoring._features.encoder import Encoder
from kits.lead_scoring._features.spec import (
    ChoiceColumn,
    DateColumn,
    EncoderSpec,
    ManyColumn,
    NumberColumn,
    TextColumn,
    TruthColumn,
)
from kits.lead_scoring._lead import Lead, Value
from kits.lead_scoring._learning.encoding import encode, fit_encoder
from kits.lead_scoring._learning.kinds import Kind, kinds_of
from kits.lead_scoring._learning.sheet import Sheet
from kits.lead_scoring.config import ColumnsConfig

AT = datetime(2026, 3, 2, 9, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12.0), (" 1,5 ", 1.5), ("1.234,50", 1234.5), ("1,234.50", 1234.5), ("1,234", 1234.0),
        ("1.234.567", 1234567.0), ("€ 1 200", 1200.0), ("12 %", 12.0), ("1e3", 1000.0), ("-0.5", -0.5),
        (7.0, 7.0), (True, 1.0), ("$1'000", 1000.0),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text: Value, number: float) -> None:
    assert cells.to_number(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "abc", "unknown", "1-2", "0x10", "1_000", "nan", "inf", "9" * 400, "1e999", None, 1e39],
)
def test_what_is_no_number_is_missing(text: Value) -> None:
    assert math.isnan(cells.to_number(text))


@pytest.mark.parametrize(
    "text", ["2E7K", "$2e71k", "4e’66K", "60e1e2", "2e3 Mio.", "2024-05-01", "10-49 Mio."]
)
def test_part_numbers_and_ranges_that_look_like_numbers_are_missing(text: str) -> None:
    assert math.isnan(cells.to_number(text, bare=True))


def test_whatever_a_cell_holds_it_is_read() -> None:
    rng = random.Random(0)
    signs = "0123456789.,-+/: eEkKMT€$%()'’٣３½\u00a0"
    for _ in range(8_000):
        cell = "".join(rng.choices(signs, k=rng.randint(1, 12)))
        for bare in (False, True):
            assert isinstance(cells.to_number(cell, commas=bare, bare=bare), float)
        assert isinstance(cells.to_moment(cell), float)
        assert cells.to_choices(cell) is not None


@pytest.mark.parametrize(
    "text", ["2026-13-45", "0001-01-01", "9999-12-31", "soon", "", None, 5.0, "1" * 9_000]
)
def test_what_is_no_date_is_missing(text: Value) -> None:
    assert math.isnan(cells.to_moment(text))


def test_choices_are_one_however_they_are_spelt() -> None:
    assert cells.to_choice(" Web  FORM ") == cells.to_choice("web form")
    assert cells.to_choice(True) == cells.to_choice("Yes")
    assert cells.to_choice("Select") == cells.to_choice("unknown") == cells.to_choice(None) == ""


def an_encoder() -> Encoder:
    return Encoder(
        EncoderSpec(
            columns=(
                NumberColumn(name="size"),
                TruthColumn(name="demo"),
                ChoiceColumn(name="country", values=("de", "at"), rates={"de": 0.5}),
                DateColumn(name="created", age=True, hour=True),
                ManyColumn(name="products", values=("drill", "saw")),
                TextColumn(name="message", words=("offer",)),
            )
        )
    )


def test_each_kind_of_column_becomes_numbers() -> None:
    encoder = an_encoder()
    lead = Lead(
        "1",
        {
            "size": "1,5", "demo": "yes", "country": "DE", "created": "2026-03-01T09:30:00Z",
            "products": "Saw;press", "message": "Please send an offer soon",
        },
        AT,
    )  # fmt: skip
    row = dict(zip(encoder.labels, encoder.rows([lead])[0].tolist()))
    assert row["size"] == 1.5
    assert row["demo"] == 1.0
    assert (row["country = de"], row["country = at"], row["country: past rate"]) == (1.0, 0.0, 0.5)
    assert (row["created: weekday"], row["created: hour"], row["created: days before"]) == (
        6.0,
        9.0,
        1.0,
    )
    assert (row["products has saw"], row["products has drill"], row["products: how many"]) == (
        1.0,
        0.0,
        2.0,
    )
    assert row["message says offer"] == 1.0


def test_a_lead_that_knows_nothing_is_encoded() -> None:
    row = an_encoder().rows([Lead("1", {})])
    assert row.shape == (1, len(an_encoder().sources))
    assert np.isnan(row[0, :2]).all()


def test_a_gap_that_no_lead_had_is_filled_with_what_is_typical_and_others_stay() -> None:
    leads = [
        Lead(str(n), {"size": 40.0 if n % 3 else 9_000.0, "country": "AT" if n % 4 else "DE",
                      "demo": "yes" if n % 5 else "no", "visits": float(n % 7) if n % 2 else None})
        for n in range(600)
    ]  # fmt: skip
    kinds: dict[str, Kind] = {
        "size": "number", "country": "choice", "demo": "truth", "visits": "number"
    }  # fmt: skip
    fitted = fit_encoder(Sheet(leads), np.arange(600), np.tile([0.0, 1.0], 300), kinds, 0)
    for nothing in ({}, {"country": "Mars", "size": "many"}):
        row = fitted.encoder.rows([Lead("x", dict(nothing))])[0]
        told = dict(zip(fitted.encoder.labels, row.tolist()))
        assert told["size"] == 40.0 and told["demo"] == pytest.approx(0.8)
        assert (told["country = at"], told["country = de"]) == pytest.approx((0.75, 0.25))
        assert np.isnan(told["visits"])


def test_a_value_that_was_never_met_is_told() -> None:
    leads = [Lead(str(n), {"country": "DE" if n % 2 else f"c{n % 5}"}) for n in range(200)]
    won = np.tile([0.0, 1.0], 100)
    encoder = fit_encoder(Sheet(leads), np.arange(200), won, {"country": "choice"}, 0).encoder
    assert encoder.new_values(Lead("x", {"country": "de "})) == ()
    assert encoder.new_values(Lead("x", {"country": ""})) == ()
    assert encoder.new_values(Lead("x", {"country": "Mars"})) == ("country",)
    assert encoder.unknown(Lead("x", {"town": "Ulm"})) == ("country",)


def test_rare_values_are_in_no_bundle() -> None:
    leads = [
        Lead(str(n), {"who": f"person{n}@example.org" if n < 40 else "none given"[n % 2 :]})
        for n in range(400)
    ]
    won = np.tile([0.0, 1.0], 200)
    spec = fit_encoder(Sheet(leads), np.arange(400), won, {"who": "choice"}, 0).spec
    assert "person" not in spec.model_dump_json()
    assert Encoder(spec).new_values(Lead("x", {"who": "person3@example.org"})) == ()


def test_past_rates_do_not_show_a_lead_its_own_outcome() -> None:
    rng = np.random.default_rng(0)
    leads = [Lead(str(n), {"agent": f"a{n % 60}"}) for n in range(900)]
    won = (rng.random(900) < 0.3).astype(np.float64)
    rows = np.arange(900)
    fitted = fit_encoder(Sheet(leads), rows, won, {"agent": "choice"}, 0)
    own = encode(Sheet(leads), rows, fitted.spec)[:, -1]
    assert np.corrcoef(own, won)[0, 1] > 0.15
    assert abs(np.corrcoef(fitted.matrix[:, -1], won)[0, 1]) < 0.1


def test_training_and_serving_encode_alike() -> None:
    leads = [
        Lead(str(n), {"size": float(n % 7), "country": f"c{n % 4}", "created": f"2026-01-{1 + n % 28:02d}"}, AT)
        for n in range(120)
    ]  # fmt: skip
    sheet, rows, won = Sheet(leads), np.arange(120), np.tile([0.0, 1.0], 60)
    kinds = kinds_of(sheet, rows, sheet.names, ColumnsConfig())
    assert kinds == {"size": "number", "country": "choice", "created": "date"}
    spec = fit_encoder(sheet, rows, won, kinds, 0).spec
    assert np.array_equal(encode(sheet, rows, spec), Encoder(spec).rows(leads), equal_nan=True)


def test_all_kinds_of_columns_are_encoded_alike_in_training_and_serving() -> None:
    rng = np.random.default_rng(0)
    words = np.array(["offer", "price", "urgent", "later", "team", "demo"])
    leads = [
        Lead(
            str(n),
            {
                "yes": ["yes", "no", None][n % 3],
                "agent": f"A {rng.integers(30)}" if n % 9 else "new" * (n % 2),
                "tags": "; ".join(rng.choice(words, 2)) if n % 4 else None,
                "note": f"we need {' '.join(rng.choice(words, 3))} {n}",
                "asked": f"2026-02-{1 + n % 28:02d}T08:00:00Z" if n % 5 else "soon",
            },
            AT if n % 7 else None,
        )
        for n in range(400)
    ]
    sheet, rows, won = Sheet(leads), np.arange(400), (rng.random(400) < 0.4).astype(np.float64)
    kinds = {
        "yes": "truth", "agent": "choice", "tags": "many", "note": "text", "asked": "date"
    }  # fmt: skip
    spec = fit_encoder(sheet, rows[::2], won, kinds, 0).spec
    assert [column.kind for column in spec.columns] == list(kinds.values())
    assert set(encode(sheet, rows[1::2], spec)[:, 1]) - {0.0, 1.0}, "an agent nobody had met"
    made = Encoder(spec).rows([leads[n] for n in rows[1::2]])
    assert np.array_equal(encode(sheet, rows[1::2], spec), made, equal_nan=True)


def test_a_persons_word_on_a_columns_kind_is_stronger() -> None:
    leads = [Lead(str(n), {"branch": float(n % 5), "code": str(n % 3)}) for n in range(60)]
    columns = ColumnsConfig(categorical=("branch",), numeric=("code",))
    kinds = kinds_of(Sheet(leads), np.arange(60), ("branch", "code"), columns)
    assert kinds == {"branch": "choice", "code": "number"}


def test_whole_numbers_that_only_tell_things_apart_are_choices() -> None:
    names = ("Campaign ID", "campaignId", "products", "Zip code", "Order number", "region size")
    leads = [
        Lead(str(n), dict(zip(names, [100.0 + n % 9, 3.0 + n % 4, n % 6, n % 7 + 0.5, 1.0 + n, n % 5])))
        for n in range(200)
    ]  # fmt: skip
    kinds = kinds_of(Sheet(leads), np.arange(200), names, ColumnsConfig())
    assert kinds == {
        "Campaign ID": "choice", "campaignId": "choice", "products": "number", "Zip code": "number", "Order number": "number",
        "region size": "number",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Policy_Sales_Channel", "choice"), ("channel", "choice"), ("Kanal", "choice"), ("cat1", "choice"), ("cat_2", "choice"), ("Product Category", "choice"),
        ("lead source", "choice"), ("agent", "choice"), ("Filiale", "choice"), ("channels", "number"), ("category size", "number"), ("products", "number"),
    ],
)  # fmt: skip
def test_codes_of_what_is_called_a_kind_are_choices(name: str, kind: str) -> None:
    leads = [Lead(str(n), {name: float(1 + n % 9)}) for n in range(200)]
    assert kinds_of(Sheet(leads), np.arange(200), (name,), ColumnsConfig()) == {name: kind}
    amounts = [Lead(str(n), {name: 1.5 + n % 9}) for n in range(200)]
    assert kinds_of(Sheet(amounts), np.arange(200), (name,), ColumnsConfig()) == {name: "number"}


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ([float(101 + n % 9) for n in range(200)], "choice"),
        ([float(1 + n % 9) for n in range(200)], "choice"),
        ([float(1 + n % 9 // 4 + n % 2 * (n % 11 == 0) * 5) for n in range(200)], "number"),
    ],
)
def test_a_campaigns_number_is_a_choice_unless_it_counts(numbers: list[float], kind: str) -> None:
    leads = [Lead(str(n), {"campaign": number}) for n, number in enumerate(numbers)]
    assert kinds_of(Sheet(leads), np.arange(200), ("campaign",), ColumnsConfig()) == {
        "campaign": kind
    }


def test_several_choices_and_texts_are_told_apart() -> None:
    leads = [
        Lead(str(n), {"tags": "a;b" if n % 3 else "c", "note": f"please call me back about order {n} today"})
        for n in range(200)
    ]  # fmt: skip
    kinds = kinds_of(Sheet(leads), np.arange(200), ("tags", "note"), ColumnsConfig())
    assert kinds == {"tags": "many", "note": "text"}


def of_cells(*cells: Value) -> dict[str, str]:
    """What a column of these cells holds, each of them in ten leads."""
    leads = [Lead(str(n), {"it": cells[n % len(cells)]}) for n in range(10 * len(cells))]
    return {**kinds_of(Sheet(leads), np.arange(len(leads)), ("it",), ColumnsConfig())}


@pytest.mark.parametrize(("strays", "kind"), [(1, "number"), (2, "choice")])
def test_a_column_is_numbers_as_long_as_nearly_all_cells_are(strays: int, kind: str) -> None:
    numbers = [str(n) for n in range(20 - strays)]
    assert of_cells(*numbers, *(f"see note {n}" for n in range(strays))) == {"it": kind}


def test_how_often_a_cell_comes_counts_and_empty_ones_do_not() -> None:
    assert of_cells(*["2026-01-02"] * 19, *["2026-02-03"] * 19, "soon", None, "") == {"it": "date"}
    rare = [f"word {n}" for n in range(3)]
    assert of_cells(*["7"] * 40, *["8"] * 40, *rare) == {"it": "number"}
    assert of_cells(*["7"] * 10, *["8"] * 10, *rare) == {"it": "choice"}


def days_of(n: int) -> list[str]:
    return [f"2026-{1 + day // 28:02d}-{1 + day % 28:02d}" for day in range(n)]


@pytest.mark.parametrize(("timed", "age"), [(31, True), (30, False)])
def test_a_date_tells_an_age_where_most_leads_have_a_time(timed: int, age: bool) -> None:
    leads = [
        Lead(str(n), {"it": day}, AT if n < timed else None) for n, day in enumerate(days_of(60))
    ]
    spec = fit_encoder(Sheet(leads), np.arange(60), np.tile([0.0, 1.0], 30), {"it": "date"}, 0).spec
    [column] = spec.columns
    assert isinstance(column, DateColumn)
    assert (column.age, column.hour) == (age, False)


def test_a_date_tells_an_hour_where_most_cells_have_one() -> None:
    for clocked, hour in ((31, True), (30, False)):
        cells = [f"{day}T08:00:00Z" if n < clocked else day for n, day in enumerate(days_of(60))]
        leads = [Lead(str(n), {"it": cell}, AT) for n, cell in enumerate(cells)]
        fitted = fit_encoder(
            Sheet(leads), np.arange(60), np.tile([0.0, 1.0], 30), {"it": "date"}, 0
        )
        [column] = fitted.spec.columns
        assert isinstance(column, DateColumn) and column.hour is hour
