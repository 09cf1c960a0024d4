"""What numbers are in: a bundle of euros does not take dollars for euros."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path

import pytest

from kits.core.kit import Finding, RawSample
from kits.core.ready import ReadyBundle
from kits.lead_scoring import data
from kits.lead_scoring._features.spec import ChoiceColumn, Column, NumberColumn
from kits.lead_scoring._features.texts import read_texts
from kits.lead_scoring._lead import Lead, decode_lead
from kits.lead_scoring._units import UNITS
from kits.lead_scoring._written import Written
from kits.lead_scoring.config import Config
from kits.lead_scoring.runtime import LeadRuntime
from tests.lead_scoring.reading.lead_files import put, read, table
from tests.lead_scoring.trained_leads import as_dataset, bundle_of

HEADER = ["Nr", "Created", "Sales", "Discount (%)", "Branch", "Status"]


def euros(folder: Path, sign: str = "€", start: int = 0, n: int = 400) -> Path:
    """Leads of whom those with large sales buy."""
    lot = random.Random(5 + start)
    rows = []
    for one in range(start, start + n):
        sales = lot.uniform(100, 9_000)
        won = lot.random() < (0.75 if sales > 4_000 else 0.15)
        day = f"{2020 + one // 336}-{one % 336 // 28 + 1:02}-{one % 28 + 1:02}"
        rows.append([
            f"K{one}", day, f"{sign} {sales:,.2f}", lot.randrange(50), lot.choice(["Bau", "Handel"]),
            "Won" if won else "Lost",
        ])  # fmt: skip
    return put(folder / f"leads{start}.csv", table(HEADER, rows))


@cache
def euro_bundle() -> ReadyBundle:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        dataset = as_dataset(read(euros(Path(folder))))
    return bundle_of(dataset, Config.model_validate({"approach": "logistic"}))[1]


def asked(**fields: object) -> tuple[float, object]:
    lead = {"id": "x", "fields": {"Branch": "Bau", "Discount (%)": 5, **fields}, "at": "2026-01-01"}
    ready = euro_bundle()
    content = json.dumps(lead).encode()
    (prediction,) = ready.predict([ready.runtime.decode(content, "application/json")])
    return prediction.score, prediction.details["unreadable_fields"]


def test_a_bundle_knows_what_its_numbers_are_in_by_cells_and_names() -> None:
    runtime = euro_bundle().runtime
    assert isinstance(runtime, LeadRuntime)
    columns = runtime.spec.encoder.columns
    units = {one.name: one.units for one in columns if isinstance(one, NumberColumn)}
    assert units == {"Sales": ("EUR",), "Discount (%)": ("%",)}


def test_an_amount_in_another_currency_is_missing_and_told() -> None:
    assert asked(Sales="€ 8500.00") == asked(Sales=8500) == asked(Sales="8500")
    score, unreadable = asked(Sales="$ 8500.00")
    assert unreadable == ["Sales"]
    assert score == asked(Sales=None)[0] != asked(Sales=8500)[0]


@pytest.mark.parametrize(
    ("units", "text", "agrees"),
    [
        (("DKK", "NOK", "SEK"), "5 SEK", True),
        (("SEK",), "5 kr", True),
        (("SEK",), "5 EUR", False),
        (("EUR",), "12 %", False),
        ((), "5 EUR", True),
    ],
)
def test_a_unit_agrees_with_what_a_column_may_be_in(
    units: tuple[str, ...], text: str, agrees: bool
) -> None:
    columns: tuple[Column, ...] = (NumberColumn(name="n", units=units), ChoiceColumn(name="c", values=()))  # fmt: skip
    lead, unreadable = read_texts(Lead("x", {"n": text, "c": text}), columns, Written())
    assert (lead.fields["n"] is not None) == agrees
    assert unreadable == (() if agrees else ("n",))
    assert lead.fields["c"] == text


def test_a_table_in_another_currency_is_no_table_of_the_bundles_euros(tmp_path: Path) -> None:
    learned = euro_bundle().bundle.manifest.config

    def understood(sign: str) -> tuple[object, list[str]]:
        found = list(data.read_like(euros(tmp_path, sign, n=40), "csv", Config(), learned))
        lead = next(decode_lead(one.content) for one in found if isinstance(one, RawSample))
        told = [one for one in found if isinstance(one, Finding) and one.check == "other-unit"]
        return lead.fields.get("Sales"), [one.evidence[0] for one in told]

    assert understood("€")[1] == [] and understood("€")[0] is not None
    assert understood("$") == (None, ["Sales: in USD, learned in EUR"])


def test_imports_in_several_units_are_told_by_check(tmp_path: Path) -> None:
    one, other = read(euros(tmp_path)), read(euros(tmp_path, "$", 400, 60))
    assert {str(s.meta[UNITS]) for s in other.samples} == {"{'Sales': 'USD'}"}
    both = type(one)([*one.samples, *other.samples], [])
    found = [f for f in data.check(as_dataset(both), Config()) if f.check == "mixed-units"]
    assert [f.evidence for f in found] == [("Sales: EUR (400), USD (60)",)]
    alone = data.check(as_dataset(one), Config())
    assert not [f for f in alone if f.check == "mixed-units"]


def test_a_column_of_currencies_tells_that_amounts_are_not_converted(tmp_path: Path) -> None:
    header = ["lead_id", "created_at", "amount", "currency", "status"]
    rows = [
        [f"L{n}", "2025-02-01", n, "USD" if n % 4 == 0 else "EUR", "Won" if n % 3 else "Lost"]
        for n in range(40)
    ]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert found.told("several-currencies").startswith("currency names 2 currencies: amounts are")
    assert found.levels("several-currencies") == {"warn"}
    alone = [[*row[:3], "EUR", row[4]] for row in rows]
    assert not read(put(tmp_path / "e.csv", table(header, alone))).told("several-currencies")
