"""The list of whom to call first, saved beside the export that it was made of, comes back with the next import."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.core.errors import DataError
from kits.lead_scoring._reading.own_scores import WRITTEN
from kits.toolchain.sheet_file import SheetRows
from kits.toolchain.sheet_rows import COLUMNS
from tests.lead_scoring.lead_files import put, read, table
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
