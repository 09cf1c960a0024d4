"""The list of whom to call first, saved beside the export that it was made of, comes back with the next import."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.lead_scoring._reading.tables.own_scores import WRITTEN
from kits.toolchain.sheet_file import SheetRows
from kits.toolchain.sheet_rows import COLUMNS
from tests.lead_scoring.reading.lead_files import put, read, table
from tests.sheets import xlsx

N = 60
NAMES = ["Lead-Nr.", "Eingang", "Quelle", "Status"]
LEADS = [
    [f"{1000 + 3 * n}", f"2024-03-{n % 28 + 1:02}", "abc"[n % 3], ("gewonnen", "verloren", "offen")[n % 3]]
    for n in range(N)
]  # fmt: skip


def test_the_names_are_those_that_are_written() -> None:
    assert frozenset(COLUMNS) == WRITTEN


def export(folder: Path) -> Path:
    put(folder / "leads.csv", table(NAMES, LEADS))
    return folder


def write_scores(path: Path) -> None:
    rows = SheetRows()
    for n, (lead, *_) in enumerate(LEADS):
        rows.add({"path": "leads.csv", "sample": f"leads.csv#{lead}", "verdict": "review", "band": "hot", "score": n / N})  # fmt: skip
    rows.write(path)


@pytest.mark.parametrize("name", ["scores.xlsx", "monday/whom to call.xlsx"])
def test_scores_beside_the_leads_are_not_learned_from(tmp_path: Path, name: str) -> None:
    alone = read(export(tmp_path)).leads
    (tmp_path / name).parent.mkdir(exist_ok=True)
    write_scores(tmp_path / name)
    found = read(tmp_path)
    assert found.leads == alone
    assert "was written by kit predict: it was passed over" in found.told("own-scores")


def test_what_somebody_noted_beside_a_score_is_read(tmp_path: Path) -> None:
    called = [[f"{lead[0]}", *["x"] * len(COLUMNS), "ab"[n % 2]] for n, lead in enumerate(LEADS)]
    export(tmp_path)
    xlsx(tmp_path / "scores.xlsx", {"Scores": [["id", *COLUMNS, "Region"], *called]})
    found = read(tmp_path)
    assert found.column("scores.Region")[:2] == ["a", "b"]
    assert not any(name.startswith("scores.") and name != "scores.Region" for lead in found.leads for name in lead.fields)  # fmt: skip
    assert "the scores in it are not read" in found.told("own-scores")


def test_scores_alone_are_no_leads(tmp_path: Path) -> None:
    write_scores(tmp_path / "scores.xlsx")
    with pytest.raises(DataError, match=r"scores.xlsx.* was written by kit predict"):
        read(tmp_path / "scores.xlsx")


_BESIDE = {
    "crm": ["Kitwright band", "kitwright_score", "x_kitwright_reasons", "Kitwright_probability__c"],
    "labels": ["Lead band", "Lead score", "Lead score reasons", "Lead win probability"],
    "list": ["band", "score", "reasons", "low"],
    "two": ["Lead band", "Lead score", "Kitwright note", "Kitwright other"],
}


def _with_scores() -> list[list[object]]:
    bands = ("hot", "cold", "opted out")
    return [[*lead, bands[n % 3], n / N, "(+) Quelle", n / N] for n, lead in enumerate(LEADS)]


@pytest.mark.parametrize("names", _BESIDE.values(), ids=_BESIDE)
def test_scores_that_came_back_among_the_columns_of_the_leads_are_not_learned_from(
    tmp_path: Path, names: list[str]
) -> None:
    found = read(put(tmp_path / "e.csv", table([*NAMES, *names], _with_scores())))
    assert {name for lead in found.leads for name in lead.fields} == {"Quelle"}
    assert "scores of Kitwright are not read" in found.told("own-scores")


def test_a_list_of_scores_with_columns_taken_away_tells_nothing_either(tmp_path: Path) -> None:
    scores = [[lead[0], "hot", n / N] for n, lead in enumerate(LEADS)]
    rows = {"Leads": [NAMES, *LEADS], "Scores": [["id", "band", "score"], *scores]}
    found = read(xlsx(tmp_path / "crm.xlsx", rows))
    assert {name for lead in found.leads for name in lead.fields} == {"Quelle"}


def test_scores_that_a_spreadsheet_shows_as_percentages_are_scores(tmp_path: Path) -> None:
    rows = [[*lead, ("hot", "cold")[n % 2], f"{n / N:.1%}"] for n, lead in enumerate(LEADS)]
    found = read(put(tmp_path / "e.csv", table([*NAMES, "band", "score"], rows)))
    assert {name for lead in found.leads for name in lead.fields} == {"Quelle"}
    rows = [[*lead, ("A", "B")[n % 2], n % 50] for n, lead in enumerate(LEADS)]
    others = read(put(tmp_path / "o.csv", table([*NAMES, "Lead band", "Lead score"], rows)))
    assert {name for lead in others.leads for name in lead.fields} == {"Quelle", "Lead band", "Lead score"}  # fmt: skip


def test_scores_of_others_and_those_that_a_person_names_stay(tmp_path: Path) -> None:
    names = ["Band", "Lead score", "Lead score reasons", "score"]  # one label alone is a chance
    path = put(tmp_path / "e.csv", table([*NAMES, *names], _with_scores()))
    found = read(path)
    assert {name for lead in found.leads for name in lead.fields} >= {"Band", "Lead score", "score"}
    kept = {"columns": {"keep": ["band", "score"]}}
    lists = put(tmp_path / "l.csv", table([*NAMES, *_BESIDE["list"]], _with_scores()))
    assert {name for lead in read(lists, kept).leads for name in lead.fields} == {"Quelle", "band", "score"}  # fmt: skip
    named = {"columns": {"numeric": ["score"]}}
    assert {name for lead in read(lists, named).leads for name in lead.fields} == {"Quelle", "score"}  # fmt: skip
