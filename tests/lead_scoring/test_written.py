"""Texts of leads mean what they mean in the firm's own tables: `1.200` is 1200 to a German one, `03.04.2025` the third of April."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
from pydantic import JsonValue

from kits.core.kit import RawSample
from kits.core.ready import ReadyBundle
from kits.lead_scoring import data
from kits.lead_scoring._features.cells import to_number
from kits.lead_scoring._features.spec import (
    ChoiceColumn,
    Column,
    DateColumn,
    NumberColumn,
    TruthColumn,
)
from kits.lead_scoring._features.texts import read_texts
from kits.lead_scoring._lead import Lead, Value, decode_lead
from kits.lead_scoring._spec import LeadSpec
from kits.lead_scoring._written import WRITTEN, Written, written_from
from kits.lead_scoring.config import Config
from kits.lead_scoring.runtime import LeadRuntime
from tests.lead_scoring.reading.lead_files import Read, put, read, source, table
from tests.lead_scoring.trained_leads import as_dataset, bundle_of
from tests.sheets import xlsx

HEADER = ["Nr", "Eingang", "Umsatz", "Gegründet", "Newsletter", "Branche", "Status"]
N = 400
COMMAS = Written.model_validate({"commas": True, "dates": "day-first"})
POINTS = Written.model_validate({})


def german(number: float) -> str:
    return f"{number:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def firm_rows() -> Iterator[list[str]]:
    """Leads of whom those with large sales buy."""
    lot = random.Random(5)
    for n in range(N):
        sales = lot.uniform(100, 9_000)
        won = lot.random() < (0.75 if sales > 4_000 else 0.15)
        came = date(2024, 1, 1) + timedelta(days=n)
        founded = date(1980, 1, 1) + timedelta(days=lot.randrange(15_000))
        yield [
            f"K{n}", f"{came:%d.%m.%Y}", german(sales), f"{founded:%d.%m.%Y}",
            lot.choice(["ja", "nein"]), lot.choice(["Handel", "Industrie", "Bau"]),
            "Gewonnen" if won else "Verloren",
        ]  # fmt: skip


def german_table(folder: Path) -> Read:
    return read(put(folder / "leads.csv", table(HEADER, firm_rows(), ";")))


@cache
def german_bundle(**stated: str) -> ReadyBundle:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        dataset = as_dataset(german_table(Path(folder)))
    config = Config.model_validate(
        {"approach": "logistic", **({"source": stated} if stated else {})}
    )
    return bundle_of(dataset, config)[1]


def asked(ready: ReadyBundle, **fields: object) -> tuple[float, list[object]]:
    """The score of a lead, and what of it could not be read."""
    lead = {
        "id": "x",
        "fields": {"Newsletter": "ja", "Branche": "Bau", "Gegründet": "1999-05-01", **fields},
    }
    content = json.dumps({**lead, "at": "2026-01-01"}).encode()
    (prediction,) = ready.predict([ready.runtime.decode(content, "application/json")])
    unreadable = prediction.details["unreadable_fields"]
    assert isinstance(unreadable, list)
    return prediction.score, unreadable


def test_how_a_table_is_written_is_noted_with_its_leads(tmp_path: Path) -> None:
    found = german_table(tmp_path)
    assert {s.meta.get(WRITTEN) for s in found.samples} == {"comma day-first"}
    english = [
        [n, f"{n % 12 + 1}/{n % 28 + 1}/2024", f"{1000 + n:,}.50", "Won" if n % 2 else "Lost"]
        for n in range(60)
    ]
    told = read(put(tmp_path / "e.csv", table(["id", "created", "revenue", "status"], english)))
    assert {s.meta.get(WRITTEN) for s in told.samples} == {"month-first"}
    mixed = [
        [*row[:1], f"{n % 28 + 1}.{n % 12 + 1}.2024" if n % 2 else row[1], *row[2:]]
        for n, row in enumerate(english)
    ]
    both = read(put(tmp_path / "m.csv", table(["id", "created", "revenue", "status"], mixed)))
    assert {s.meta.get(WRITTEN) for s in both.samples} == {"month-first"}
    iso = [[n, f"2024-05-{n % 28 + 1:02}", n + 0.5, "Won" if n % 2 else "Lost"] for n in range(60)]
    plain = read(put(tmp_path / "i.csv", table(["id", "created", "revenue", "status"], iso)))
    assert all(WRITTEN not in s.meta for s in plain.samples)
    sheet = read(xlsx(tmp_path / "s.xlsx", [["id", "created", "revenue", "status"], *iso]))
    assert all(WRITTEN not in s.meta for s in sheet.samples)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("8.500", 8500),
        ("8.500,50", 8500.5),
        ("8500,5", 8500.5),
        ("8500.5", 8500.5),
        ("8.500 €", 8500),
    ],
)
def test_a_bundle_reads_texts_as_its_tables_wrote_them(text: str, number: float) -> None:
    ready = german_bundle()
    score, unreadable = asked(ready, Umsatz=text)
    assert (score, unreadable) == (asked(ready, Umsatz=number)[0], [])
    assert score != asked(ready, Umsatz=8.5)[0]


def test_a_number_in_json_is_a_number() -> None:
    ready = german_bundle()
    assert asked(ready, Umsatz=8.5)[0] == asked(ready, Umsatz="8,5")[0]


def test_a_date_is_read_as_the_tables_wrote_it() -> None:
    ready = german_bundle()
    for text in ("03.04.2001", "3/4/2001", "3. April 2001", "2001-04-03", "2001-04-03T00:00:00Z"):
        assert asked(ready, Gegründet=text) == asked(ready, Gegründet="2001-04-03"), text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Umsatz", "ungefähr 5"), ("Umsatz", "1e999"), ("Gegründet", "neulich"), ("Gegründet", "31.31.2001"),
        ("Gegründet", 19990501), ("Newsletter", "vielleicht"), ("Newsletter", 2),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_missing_and_told(field: str, value: Value) -> None:
    ready = german_bundle()
    score, unreadable = asked(ready, **{field: value})
    assert unreadable == [field]
    assert score == asked(ready, **{field: None})[0]
    assert not asked(ready, **{field: "k.A."})[1]


def test_what_is_kept_of_a_lead_is_what_was_read() -> None:
    runtime = german_bundle().runtime
    payload = runtime.decode(
        b'{"id": "x", "fields": {"Umsatz": "8.500,5", "Gegr\\u00fcndet": "03.04.2001"}}', ""
    )
    kept = json.loads(runtime.encode(payload)[0])["fields"]
    assert kept == {"Umsatz": 8500.5, "Gegründet": "2001-04-03"}


def test_a_bundle_of_before_reads_as_before_and_a_person_may_state_it() -> None:
    runtime = german_bundle().runtime
    assert isinstance(runtime, LeadRuntime) and runtime.spec.written == COMMAS
    old = runtime.spec.model_dump(mode="json")
    del old["written"]
    assert LeadSpec.model_validate(old).written == POINTS
    pointed = german_bundle(numbers="decimal-point", dates="month-first")
    assert asked(pointed, Umsatz="8.500")[0] == asked(pointed, Umsatz=8.5)[0]
    assert asked(pointed, Gegründet="3/4/2001") == asked(pointed, Gegründet="2001-03-04")


def test_a_table_that_leaves_it_open_is_read_as_the_bundle_learned(tmp_path: Path) -> None:
    """A few new leads tell neither what `1.200` nor what `3/4/2001` is."""
    path = put(
        tmp_path / "new.csv", table(["Nr", "Umsatz", "Gegründet"], [["K1", "1.200", "3/4/2001"]])
    )
    learned = german_bundle().bundle.manifest.config

    def understood(learned: Mapping[str, JsonValue]) -> tuple[Value, str]:
        found = data.read_like(path, "csv", Config(), learned)
        (lead,) = [decode_lead(one.content) for one in found if isinstance(one, RawSample)]
        told = (
            lead.fields.get("Gegründet") or lead.at
        )  # the only date there is, where no bundle knows it
        return lead.fields["Umsatz"], str(told)[:10]

    assert understood(learned) == (1200.0, "2001-04-03")
    assert understood({}) == (1.2, "2001-03-04")
    surely = put(
        tmp_path / "new.csv", table(["Nr", "Umsatz", "Gegründet"], [["K1", "1200.5", "3/14/2001"]])
    )
    assert surely == path and understood(learned) == (1200.5, "2001-03-14")


def test_a_stated_sign_decides_a_table(tmp_path: Path) -> None:
    rows = [[n, f"1.{n:03}", "Won" if n % 2 else "Lost"] for n in range(100, 160)]
    path = put(tmp_path / "e.csv", table(["id", "menge", "status"], rows))
    assert read(path).column("menge")[0] == 1.1
    found = read(path, source(numbers="decimal-comma"))
    assert found.column("menge")[0] == 1100.0
    assert {s.meta.get(WRITTEN) for s in found.samples} == {"comma"}


@pytest.mark.parametrize(
    ("text", "by_point", "by_comma"),
    [
        ("1.200", 1.2, 1200), ("1,200", 1200, 1.2), ("0.125", 0.125, 0.125), ("0,125", 0.125, 0.125), ("1.200.000", 1.2e6, 1.2e6),
        ("1.200,5", 1200.5, 1200.5), ("1,200.5", 1200.5, 1200.5), ("12.5", 12.5, 12.5), ("-1.200 €", -1.2, -1200),
    ],
)  # fmt: skip
def test_only_what_can_be_read_two_ways_depends_on_the_sign(
    text: str, by_point: float, by_comma: float
) -> None:
    assert (to_number(text), to_number(text, commas=True)) == (by_point, by_comma)


COLUMNS: tuple[Column, ...] = (
    NumberColumn(name="n"),
    DateColumn(name="d", age=True, hour=False),
    TruthColumn(name="t"),
    ChoiceColumn(name="c", values=("1.200",)),
)


@pytest.mark.parametrize(
    ("text", "day"),
    [("31.12.2025", "2025-12-31"), ("12/31/2025", "2025-12-31"), ("31/12/2025", "2025-12-31"),
     ("03.04.2025 10:30", "2025-04-03T10:30:00+00:00"), ("3/4/2025", None)],
)  # fmt: skip
def test_where_nothing_tells_the_order_only_what_is_certain_is_read(
    text: str, day: str | None
) -> None:
    lead, unreadable = read_texts(Lead("x", {"d": text}), COLUMNS, POINTS)
    assert lead.fields["d"] == day and unreadable == (() if day else ("d",))


def test_a_lead_with_nothing_to_read_stays_the_same_and_choices_are_left_alone() -> None:
    lead = Lead("x", {"n": 1.5, "d": "2025-01-01", "t": True, "c": "1.200", "other": "1.200"})
    assert read_texts(lead, COLUMNS, COMMAS)[0] is lead
    huge, told = read_texts(Lead("x", {"n": 1e300}), COLUMNS, COMMAS)
    assert huge.fields["n"] is None and told == ("n",)


@pytest.mark.parametrize("written", [COMMAS, Written(commas=True), Written(dates="month-first")])
def test_a_mark_leads_back_to_what_it_notes(written: Written) -> None:
    assert written_from(written.mark) == written
    assert written_from("") is None and written_from(7) is None


@pytest.mark.parametrize(
    ("text", "written", "meant"),
    [("4.00", POINTS, 4.0), ("4,0", COMMAS, 4.0), ("4", POINTS, "4"), ("four", POINTS, "four"), (" 4.5 ", POINTS, 4.5)],
)  # fmt: skip
def test_a_text_among_choices_that_are_numbers_is_the_number_it_says(
    text: str, written: Written, meant: Value
) -> None:
    levels = ChoiceColumn(name="level", values=("", "1", "2.5", "4"))
    others = ChoiceColumn(name="code", values=("1", "4", "a4"))
    lead = Lead("L1", {"level": text, "code": "4.00"})
    read, unreadable = read_texts(lead, [levels, others], written)
    assert dict(read.fields) == {"level": meant, "code": "4.00"} and not unreadable
