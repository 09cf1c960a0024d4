"""`kit predict` on leads: an API's answer, a table for spreadsheets, columns that are called otherwise."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest
from pydantic import JsonValue
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from kits.cli import make_app
from kits.core.bundle import open_file
from kits.core.errors import UsageError
from kits.lead_scoring._lead import encode_lead
from kits.lead_scoring._simulated.firm import make_leads
from kits.lead_scoring.config import Config
from tests.lead_scoring.reading.lead_files import put, table
from tests.lead_scoring.trained_leads import (
    a_dataset,
    as_lead,
    bundle_of,
    outcome_of,
    splits_in_time,
)

N = 2_400
LEADS = [as_lead(one) for one in make_leads(5, 3)]
FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    path = tmp_path / "leads.kwb"
    path.write_bytes(outcome_of(N)[2])
    return str(path)


def kit(*words: str) -> str:
    done = CliRunner().invoke(make_app(), ["predict", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def as_record(number: int) -> dict[str, JsonValue]:
    """A lead as an API answers it."""
    lead = LEADS[number]
    return {"id": lead.id, "createdAt": f"{lead.at:%Y-%m-%dT%H:%M:%SZ}", "properties": {**lead.fields}}  # fmt: skip


@pytest.mark.slow
def test_an_apis_answer_is_a_table_of_leads_and_a_lead_is_one(bundle: str, tmp_path: Path) -> None:
    answer = put(tmp_path / "api.json", {"results": [as_record(n) for n in range(3)], "paging": {}})
    told = json.loads(kit(str(answer), "--bundle", bundle, "--json"))
    assert [one["sample"] for one in told["predictions"]] == [f"api.json#{lead.id}" for lead in LEADS]  # fmt: skip
    one = put(tmp_path / "one.json", encode_lead(LEADS[0]))
    [alone] = json.loads(kit(str(one), "--bundle", bundle, "--json"))["predictions"]
    assert alone["score"] == pytest.approx(told["predictions"][0]["score"])
    assert alone["prediction"]["details"]["band"] in kit(str(one), "--bundle", bundle)


def test_leads_are_hot_warm_and_cold_and_every_form_of_the_answer_says_the_same(
    bundle: str, tmp_path: Path
) -> None:
    leads = [as_lead(one) for one in make_leads(5, 40)]
    rows = [["" if v is None else v for v in lead.fields.values()] for lead in leads]
    given = str(put(tmp_path / "as.csv", table(list(leads[0].fields), rows)))
    lines, sheet = tmp_path / "rows.jsonl", tmp_path / "rows.csv"

    text = kit(given, "--bundle", bundle).splitlines()
    told = json.loads(kit(given, "--bundle", bundle, "--json"))["predictions"]
    into_lines = kit(given, "--bundle", bundle, "--out", str(lines)).splitlines()
    kit(given, "--bundle", bundle, "--out", str(sheet))
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        cells = list(csv.DictReader(file))

    bands = [one["band"] for one in told]
    counts = ", ".join(f"{name} {bands.count(name)}" for name in ("hot", "warm", "cold"))
    assert "hot" in bands and "cold" in bands
    assert text[0] == f"{counts}, unreadable 0 of 40" and into_lines[0] == f"40 rows: {counts}"
    assert [line.split()[0] for line in text if "as.csv" in line] == bands
    written = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [row["band"] for row in cells] == [one["band"] for one in written] == bands
    assert {row["label"] for row in cells} == {""}
    assert {one["label"] for one in (*told, *written)} == {None}


def test_a_table_for_spreadsheets_holds_no_formula(bundle: str, tmp_path: Path) -> None:
    names = [FORMULA, *LEADS[0].fields]
    rows = [[FORMULA, *("" if v is None else v for v in lead.fields.values())] for lead in LEADS]
    leads = put(tmp_path / f"{FORMULA}.csv", table(names, rows))
    out = tmp_path / "scores.csv"
    kit(str(leads), "--bundle", bundle, "--out", str(out))
    with out.open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["band"] in ("hot", "warm", "cold") for row in found] == [True] * 3
    assert not any(row["label"] for row in found), "a hot lead of 40 % is no lost one"
    assert all(float(row["low"]) <= float(row["score"]) <= float(row["high"]) for row in found)
    assert all(row["sample"].startswith(f"'{FORMULA}") and row["reasons"] for row in found)
    marks = [text[:4] for row in found for text in row["reasons"].split(" | ")]
    assert marks and set(marks) <= {"(+) ", "(−) "}


def test_a_workbook_has_whom_to_call_first_on_top_with_the_id_and_numbers_as_numbers(
    bundle: str, tmp_path: Path
) -> None:
    """A sheet opens in Excel of any country; of a CSV a German one makes one column."""
    leads = [as_lead(one) for one in make_leads(5, 30)]
    rows = [
        [f"{FORMULA} {n:03}", *("" if v is None else v for v in lead.fields.values())]
        for n, lead in enumerate(leads)
    ]
    given = put(tmp_path / "week.csv", table(["Lead ID", *leads[0].fields], rows))
    out = tmp_path / "whom to call.xlsx"
    kit(str(given), "--bundle", bundle, "--out", str(out))
    names, *found = CalamineWorkbook.from_path(out).get_sheet_by_index(0).to_python()
    told = [dict(zip(map(str, names), row)) for row in found]
    scores = [float(str(row["score"])) for row in told]
    assert (
        len(told) == 30
        and scores == sorted(scores, reverse=True)
        and isinstance(found[0][2], float)
    )
    assert all(float(str(row["low"])) <= float(str(row["score"])) for row in told)
    assert {str(row["id"]) for row in told} == {str(row[0]) for row in rows}
    assert {row["band"] for row in told} <= {"hot", "warm", "cold"}
    assert [path.name for path in tmp_path.glob("*.part")] == []
    with ZipFile(out) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and 'state="frozen"' in sheet and "<autoFilter" in sheet


@pytest.mark.parametrize("column", [0, 1])
def test_who_does_not_want_to_be_scored_is_said_so_in_each_answer(
    column: int, tmp_path: Path
) -> None:
    made = list(make_leads(17, 400))
    says = {0: ("yes", "no"), 1: ("no", "yes")}
    leads = []
    for n, one in enumerate(made):
        mail, call = says.get(n % 5, ("no", "no"))
        leads.append(as_lead(one, no_mail=mail, no_call=call))
    dataset = a_dataset(leads, [one.outcome == "won" for one in made], splits_in_time(400))
    config = Config.model_validate(
        {
            "approach": "logistic",
            "columns": {"opt_out": ["no_mail", "no_call"]},
            "court": {"leaks": "warn"},
        }
    )
    bundle = put(tmp_path / "b.kwb", bundle_of(dataset, config)[2])
    one = put(tmp_path / "one.json", encode_lead(leads[column]))
    rows = tmp_path / "scores.csv"

    text = kit(str(one), "--bundle", str(bundle))
    kit(str(one), "--bundle", str(bundle), "--out", str(rows))
    [told] = json.loads(
        kit(str(one), "--bundle", str(bundle), "--json"), parse_constant=pytest.fail
    )["predictions"]

    assert text.startswith("hot 0, warm 0, cold 0, opted out 1, unreadable 0 of 1\n")
    assert (
        "opted out" in text.splitlines()[1]
        and "does not want to be scored" in text
        and "nan" not in text
    )
    assert told["score"] is None and told["prediction"]["score"] is None
    [row] = csv.DictReader(rows.read_text(encoding="utf-8-sig").splitlines())
    assert (row["band"], row["score"]) == ("opted out", "")

    asked = {name: v for name, v in leads[column].fields.items() if name != "no_call"}
    lacking = put(tmp_path / "lacking.json", encode_lead(replace(leads[column], fields=asked)))
    for more in ((), ("--out", str(rows))):
        assert "no sample has no_call: who says there that they do not want this is not heard" in kit(str(lacking), "--bundle", str(bundle), *more)  # fmt: skip
        assert "is not heard" not in kit(str(lacking), str(one), "--bundle", str(bundle), *more)
    assert json.loads(kit(str(lacking), "--bundle", str(bundle), "--json"))["unheard"] == ["no_call"]  # fmt: skip

    # where nobody objects, the cells are empty
    kept = {name: v for name, v in leads[column].fields.items() if name not in ("no_mail", "no_call")}  # fmt: skip
    names = ["Record ID", *kept, "no_mail", "no_call"]
    sheet = put(tmp_path / "nobody.csv", table(names, [[n, *kept.values(), "", ""] for n in (1, 2)]))  # fmt: skip
    assert "is not heard" not in kit(str(sheet), "--bundle", str(bundle))


@pytest.mark.parametrize("out", [(), ("--out", "rows.jsonl"), ("--out", "rows.csv")])
def test_columns_that_are_called_otherwise_are_told(
    bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = list(LEADS[0].fields)
    rows = [["" if v is None else v for v in lead.fields.values()] for lead in LEADS]
    told = kit(str(put(tmp_path / "as.csv", table(names, rows))), "--bundle", bundle, *out)
    assert "no sample has" not in told
    other = put(tmp_path / "other.csv", table([f"Our {name}" for name in names], rows))
    told = kit(str(other), "--bundle", bundle, *out)
    assert "no sample has" in told and "called otherwise" in told


@pytest.mark.parametrize("out", [(), ("--out", "rows.jsonl"), ("--out", "rows.csv")])
def test_what_cannot_be_read_is_told_with_how_often(
    bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    number = next(
        column["name"]
        for column in open_file(Path(bundle)).manifest.config["encoder"]["columns"]
        if column["kind"] == "number"
    )
    paths = []
    for place, lead in enumerate(LEADS):
        fields = {**lead.fields, number: "about ten" if place else 10.0}
        paths.append(
            str(put(tmp_path / f"{place}.json", encode_lead(replace(lead, fields=fields))))
        )
    told = kit(*paths, "--bundle", bundle, *out)
    assert f"cannot be read and counts as missing: {number} in 2 of 3" in told


@pytest.mark.parametrize("out", [(), ("--out", "rows.jsonl"), ("--out", "rows.xlsx")])
def test_rows_that_have_no_score_of_their_own_are_told(
    bundle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["Record ID", *LEADS[0].fields]
    rows = [[n, *("" if v is None else v for v in lead.fields.values())] for n, lead in zip((7, 8, 7), LEADS)]  # fmt: skip
    path = str(put(tmp_path / "twice.csv", table(names, rows)))
    assert "1 row repeats the id of another row (Record ID)" in kit(path, "--bundle", bundle, *out)
    told = json.loads(kit(path, "--bundle", bundle, "--json", *out))
    assert told.get("rows", len(told.get("predictions", ()))) == 2
    assert len(told["left_out"]) == 1 and "the newest of each was kept" in told["left_out"][0]


def as_table(path: Path, name: str = "Record ID") -> Path:
    rows = [[n, *("" if v is None else v for v in lead.fields.values())] for n, lead in enumerate(LEADS, 7)]  # fmt: skip
    return put(path, table([name, *LEADS[0].fields], rows))


def test_a_table_that_was_not_read_is_told(bundle: str, tmp_path: Path) -> None:
    as_table(tmp_path / "week" / "leads.csv")
    put(tmp_path / "week" / "more.xlsx", b"PK\x03\x04 half of it")
    for out in ((), ("--out", str(tmp_path / "rows.csv"))):
        told = kit(str(tmp_path / "week"), "--bundle", bundle, *out)
        assert "warn more.xlsx was passed over: a damaged spreadsheet" in told


def test_columns_whose_names_differ_in_capitals_and_blanks_are_those_that_were_learned(
    bundle: str, tmp_path: Path
) -> None:
    given = as_table(tmp_path / "as.csv")
    names, rows = given.read_text(encoding="utf-8").split("\n", 1)
    other = put(tmp_path / "other.csv", f"{names.upper().replace('_', ' ')}\n{rows}")
    as_learned, told = (json.loads(kit(str(one), "--bundle", bundle, "--json")) for one in (given, other))  # fmt: skip
    scores = [[row["score"] for row in one["predictions"]] for one in (as_learned, told)]
    assert scores[0] == scores[1] and told["absent"] == as_learned["absent"]


def refused(*words: str) -> UsageError:
    done = CliRunner().invoke(make_app(), ["predict", *words])
    assert isinstance(done.exception, UsageError), done.output
    return done.exception


def test_what_is_to_be_scored_is_not_written_over(bundle: str, tmp_path: Path) -> None:
    given, link = as_table(tmp_path / "open.csv"), tmp_path / "link.csv"
    link.symlink_to(given)
    before = given.read_bytes()
    for out in (given, link):
        error = refused(str(given), "--bundle", bundle, "--out", str(out))
        assert "would be gone" in error.what
    assert given.read_bytes() == before


def test_a_table_of_a_folder_that_is_to_be_scored_is_not_written_over(
    bundle: str, tmp_path: Path
) -> None:
    given = as_table(tmp_path / "week" / "open.csv")
    before = given.read_bytes()
    refused(str(tmp_path / "week"), "--bundle", bundle, "--out", str(given))
    assert given.read_bytes() == before
    for name in ("scores.csv", "scores.xlsx", "scores.jsonl"):
        out = given.with_name(name)
        for _ in range(2):  # last week's are
            assert "3 rows" in kit(str(given.parent), "--bundle", bundle, "--out", str(out))
        out.unlink()


@pytest.mark.parametrize("sign", [",", ";"])
def test_scores_that_excel_saved_in_its_code_page_are_written_over(
    bundle: str, tmp_path: Path, sign: str
) -> None:
    given = as_table(tmp_path / "week" / "open.csv")
    out = given.with_name("scores.csv")
    kit(str(given.parent), "--bundle", bundle, "--out", str(out))
    rows = list(csv.reader(out.read_text("utf-8-sig").splitlines()))
    saved = table(rows[0], [[f"{cell} für" for cell in row] for row in rows[1:]], sign)
    out.write_bytes(saved.encode("cp1252", errors="replace"))
    assert "3 rows" in kit(str(given.parent), "--bundle", bundle, "--out", str(out))


@pytest.mark.parametrize("name", ["scores.ods", "scores.XLS", "scores.tsv"])
def test_a_name_of_another_form_of_table_is_refused(bundle: str, tmp_path: Path, name: str) -> None:
    given = as_table(tmp_path / "open.csv")
    error = refused(str(given), "--bundle", bundle, "--out", str(tmp_path / name))
    assert error.fix.endswith("scores.xlsx") and list(tmp_path.glob("scores*")) == []
