"""The next export has the same leads under ids that a spreadsheet wrote otherwise, and the same columns under other names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from kits.core.dataset import Dataset
from kits.lead_scoring._lead import decode_lead
from kits.toolchain.importing import ImportOptions, ImportReport, import_data
from kits.toolchain.project import Project
from tests.lead_scoring.reading.lead_files import put, table

NAMES = ["Lead-Nr.", "Eingang", "Land", "Mitarbeiter", "Status"]
MARCH = [f"{n:06}" for n in range(1400, 1600, 3)]
APRIL = [f"{n:06}" for n in range(1400, 1700, 3)]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    put(tmp_path / "p" / "kit.yaml", "kit: lead-scoring\nname: leads\n")
    return Project.open(tmp_path / "p")


def bring(
    project: Project, ids: Iterable[str], names: list[str], *, won: bool, later: int = 0
) -> ImportReport:
    """An export of leads with these ids, which are open or have ended; they came the later the higher their number."""
    rows = [
        [one, f"2025-{1 + n // 28 + later:02}-{1 + n % 28:02}", "DE", 20 + n % 9, ("gewonnen", "verloren")[n % 2] if won or n > 3 else "offen"]
        for n, one in enumerate(ids)
    ]  # fmt: skip
    path = put(project.root.parent / f"{won}.csv", table(names, rows, ";"))
    return import_data(project, path, ImportOptions())


def outcomes(dataset: Dataset) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in dataset.items:
        one = decode_lead(dataset.content(item)).id
        assert one not in found
        found[one] = item.annotation.label if item.annotation else ""
    return found


def told(report: ImportReport) -> str:
    return "".join(one.text for one in report.findings if one.check == "ids-as-before")


def assert_newer_states(second: ImportReport) -> None:
    assert (second.kept, second.replaced) == (len(APRIL) - len(MARCH), 4)
    found = outcomes(second.dataset)
    assert set(found) == set(APRIL)
    assert [found[one] for one in APRIL[:2]] == ["won", "lost"]


@pytest.mark.parametrize("lost_first", [False, True])
def test_zeros_that_a_spreadsheet_took_away_make_no_second_lead(
    project: Project, lost_first: bool
) -> None:
    march, april = (MARCH, APRIL)
    if lost_first:
        march = [one.lstrip("0") for one in march]
    else:
        april = [one.lstrip("0") for one in april]
    bring(project, march, NAMES, won=False)
    second = bring(project, april, NAMES, won=True)
    assert (second.kept, second.replaced) == (len(APRIL) - len(MARCH), 4)
    found = outcomes(second.dataset)
    assert {one.lstrip("0") for one in found} == {one.lstrip("0") for one in APRIL}
    assert len(found) == len(APRIL)
    assert f"{march[0]} for {april[0]}: {len(MARCH)} of {len(APRIL)}" in told(second)


@pytest.mark.parametrize("name", ["Leadnummer", "Vorgangsnummer"])
def test_a_column_of_ids_that_is_called_otherwise_is_the_same(project: Project, name: str) -> None:
    bring(project, MARCH, NAMES, won=False)
    second = bring(project, APRIL, [name, *NAMES[1:]], won=True)
    assert_newer_states(second)
    assert told(second).startswith(f"{name} was taken for Lead-Nr. of earlier imports")
    third = bring(project, APRIL, NAMES, won=True)
    assert (third.kept, third.replaced, told(third)) == (0, 0, "")


def test_ids_under_another_name_are_others_where_their_leads_came_at_another_time(
    project: Project,
) -> None:
    bring(project, MARCH, NAMES, won=True)
    second = bring(project, APRIL, ["Vorgangsnummer", *NAMES[1:]], won=True, later=4)
    assert (second.kept, told(second)) == (len(APRIL), "")


def test_numbers_without_the_zeros_are_others_where_their_leads_came_on_other_days(
    project: Project,
) -> None:
    """The firm has another CRM, which counts from one on as well, or a list that counts its rows: the leads before stay."""
    bring(project, MARCH, NAMES, won=True)
    second = bring(project, [one.lstrip("0") for one in APRIL], NAMES, won=True, later=4)
    assert (second.kept, second.replaced, told(second)) == (len(APRIL), 0, "")
    assert set(outcomes(second.dataset)) == {*MARCH, *(one.lstrip("0") for one in APRIL)}


@pytest.mark.parametrize("name", ["Lead-Nr.", "LEAD-NR", "Lead Nr"])
def test_ids_as_they_were_are_not_told_of(project: Project, name: str) -> None:
    bring(project, MARCH, NAMES, won=False)
    second = bring(project, APRIL, [name, *NAMES[1:]], won=True)
    assert_newer_states(second)
    assert told(second) == ""


def test_columns_that_are_written_otherwise_are_those_that_were_there(project: Project) -> None:
    bring(project, MARCH, NAMES, won=True)
    later = [f"{n:06}" for n in range(1700, 1800, 3)]
    second = bring(project, later, ["Lead-Nr.", "EINGANG", "land ", "MITARBEITER", "Status"], won=True)  # fmt: skip
    names = {name for item in second.dataset.items for name in decode_lead(second.dataset.content(item)).fields}  # fmt: skip
    assert names == {"Land", "Mitarbeiter"}
    assert "columns-gone" not in {one.check for one in second.findings}


def test_a_column_that_has_another_name_now_is_told_with_what_may_be_it(project: Project) -> None:
    bring(project, MARCH, NAMES, won=True)
    later = [f"{n:06}" for n in range(1700, 1800, 3)]
    second = bring(project, later, ["Lead-Nr.", "Eingang", "Staat", "Mitarbeiter", "Status"], won=True)  # fmt: skip
    [said] = [one for one in second.findings if one.check == "columns-gone"]
    assert (said.level, said.evidence) == ("warn", ("Land", "Staat"))
    third = bring(project, later, NAMES, won=True)
    assert third.replaced == len(later), "imported again under the name that it had"
    assert "columns-gone" not in {one.check for one in third.findings}


def test_a_table_that_is_joined_keeps_the_names_that_its_columns_were_joined_by(
    project: Project,
) -> None:
    """The `Type` of firms is not the `type` of leads, for the next import and for a model that learned both."""
    for first in (0, 60):
        folder = project.root.parent / f"from {first}"
        rows = [[f"L{n}", f"F{n % 37}", "AB"[n % 2], f"2025-01-{n % 28 + 1:02}", ("won", "lost")[n % 3 > 0]] for n in range(first, first + 60)]  # fmt: skip
        put(folder / "leads.csv", table(["lead_id", "firm_id", "type", "created", "status"], rows))
        firms = [[f"F{n}", "xyz"[n % 3]] for n in range(37)]
        put(folder / "firms.csv", table(["Firm ID", "Type"], firms))
        found = import_data(project, folder, ImportOptions())
    names = {name for item in found.dataset.items for name in decode_lead(found.dataset.content(item)).fields}  # fmt: skip
    assert names >= {"type", "firms.Type"}
    assert "firms.type" not in names


def test_a_column_of_which_somebody_speaks_is_read_as_he_calls_it(project: Project) -> None:
    bring(project, MARCH, NAMES, won=True)
    put(project.root / "kit.yaml", "kit: lead-scoring\nname: leads\nmodel:\n  columns:\n    categorical: [MIT-ARBEITER]\n")  # fmt: skip
    later = [f"{n:06}" for n in range(1700, 1800, 3)]
    names = [*NAMES[:3], "MIT-ARBEITER", NAMES[4]]
    second = bring(Project.open(project.root), later, names, won=True)
    fields = [decode_lead(second.dataset.content(item)).fields for item in second.dataset.items]
    assert {type(one["MIT-ARBEITER"]) for one in fields if "MIT-ARBEITER" in one} == {str}


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("Firmen.csv", ["FIRMA", "groesse", "BRANCHE_ORT"]),
        ("firmen.csv", ["Firma", "Grösse", "Branche ort"]),
        ("FIRMEN 2025-05.csv", ["Firma", "GRÖSSE", "branche-ort"]),
    ],
)
def test_columns_that_are_joined_are_those_that_were_there_in_whatever_letters(
    project: Project, file: str, names: list[str]
) -> None:
    for month, (firms, columns) in enumerate(
        [("Firmen.csv", ["Firma", "Größe", "Branche Ort"]), (file, names)]
    ):
        folder = project.root.parent / f"{month}"
        rows = [
            [f"L{n}", f"2025-0{3 + month}-{1 + n % 28:02}", f"F{n % 37}", n % 9, n % 2]
            for n in range(100 * month, 100 * month + 100)
        ]
        put(folder / "Anfragen.csv", table(["Lead-Nr.", "Eingang", "Firma", "Länge", "won"], rows))
        put(folder / firms, table(columns, [[f"F{n}", 10 + n, "xyz"[n % 3]] for n in range(37)]))
        found = import_data(project, folder, ImportOptions()).dataset
    assert len(found.items) == 200
    fields = {tuple(sorted(decode_lead(found.content(one)).fields)) for one in found.items}
    assert fields == {("Firma", "Firmen.Branche Ort", "Firmen.Größe", "Länge")}


def test_another_table_keeps_its_own_name(project: Project) -> None:
    """`Ort` of the firms is not that of the branches, though both tables are called alike but for a letter."""
    for month, name in enumerate(["Firmen", "Firmen2"]):
        folder = project.root.parent / f"{month}"
        rows = [
            [f"L{n}", f"2025-0{3 + month}-{1 + n % 28:02}", f"F{n % 37}", n % 9, n % 2]
            for n in range(100 * month, 100 * month + 100)
        ]
        put(folder / "Anfragen.csv", table(["Lead-Nr.", "Eingang", "Firma", "Länge", "won"], rows))
        put(folder / f"{name}.csv", table(["Firma", "ORT"], [[f"F{n}", "xyz"[n % 3]] for n in range(37)]))  # fmt: skip
        found = import_data(project, folder, ImportOptions()).dataset
    names = {name for one in found.items for name in decode_lead(found.content(one)).fields}
    assert {"Firmen.ORT", "Firmen2.ORT"} <= names
