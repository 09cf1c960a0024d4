"""A later export: leads that changed are there in their newest state, once; what is no identity replaces nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kits.core.dataset import Dataset
from kits.core.sample import key_of
from kits.lead_scoring._lead import decode_lead
from kits.toolchain.importing import ImportOptions, ImportReport, import_data
from kits.toolchain.project import Project
from tests.lead_scoring.reading.lead_files import put, read, source, table

HEADER = ["Lead ID", "Created", "Country", "Employees", "Converted"]
HUBSPOT = ["Record ID", "Create Date", "Deal Stage", "Deal Name", "Deal owner", "Amount"]


def row(number: int, employees: int = 20, converted: object = None) -> list[object]:
    outcome = number % 2 if converted is None else converted
    return [f"L{number}", f"2025-01-{1 + number % 28:02}", "DE", employees + number, outcome]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    put(tmp_path / "p" / "kit.yaml", "kit: lead-scoring\nname: leads\n")
    return Project.open(tmp_path / "p")


def bring(
    project: Project, rows: Sequence[Sequence[object]], name: str = "export.csv"
) -> ImportReport:
    path = put(project.root.parent / name, table(HEADER, rows))
    return import_data(project, path, ImportOptions())


def states(dataset: Dataset) -> dict[str, tuple[object, str]]:
    """Employees and outcome by the lead's id."""
    found: dict[str, tuple[object, str]] = {}
    for item in dataset.items:
        lead = decode_lead(dataset.content(item))
        assert lead.id not in found
        found[lead.id] = (
            lead.fields["Employees"], item.annotation.label if item.annotation else "",
        )  # fmt: skip
    return found


def test_the_next_months_export_brings_news_of_old_leads_and_new_ones(project: Project) -> None:
    first = bring(project, [*map(row, range(30)), row(30, converted="")], "may.csv")
    assert (first.read, first.kept, first.replaced) == (31, 31, 0)
    june = [*map(row, range(28)), row(28, 900), row(29, converted=0), row(30, converted=1), row(31)]
    second = bring(project, june, "june.csv")
    assert (second.kept, second.replaced, second.duplicates) == (1, 3, 28)
    assert second.read == 32
    found = states(second.dataset)
    assert len(found) == 32
    assert (found["L28"], found["L29"], found["L30"]) == (
        (928.0, "lost"),
        (49.0, "lost"),
        (50.0, "won"),
    )
    assert "newer-states" in {finding.check for finding in second.findings}
    assert states(first.dataset)["L28"] == (48.0, "lost"), "the version of May is as it was"


def test_the_first_figure_is_that_of_the_rows_whatever_became_of_them(tmp_path: Path) -> None:
    """Rows that repeat an id and leads of trials were left out, and the sum said that none was."""
    settings = "model: {source: {test_leads: leave-out, versions: newest}}"
    put(tmp_path / "p" / "kit.yaml", f"kit: lead-scoring\nname: leads\n{settings}\n")
    names = [*HEADER, "Name"]
    rows: list[list[object]] = [[*row(n), f"Ann Berg{n}"] for n in range(60)]
    rows += [rows[3], rows[4], [*row(70), "Test Test"], [*row(71), "asdf"]]
    path = put(tmp_path / "export.csv", table(names, rows))
    report = import_data(Project.open(tmp_path / "p"), path, ImportOptions())
    assert (report.read, report.kept, report.left_out) == (64, 60, 4)


def test_the_same_export_again_changes_nothing(project: Project) -> None:
    rows = [*map(row, range(20))]
    first, second = bring(project, rows), bring(project, rows)
    assert (second.kept, second.replaced, second.duplicates) == (0, 0, 20)
    assert second.dataset.items == first.dataset.items


def test_ids_that_count_the_rows_of_a_file_replace_nothing(project: Project) -> None:
    def counted(employees: int) -> list[list[object]]:
        return [[n, *row(n, employees)[1:]] for n in range(1, 21)]

    bring(project, counted(100), "north.csv")
    second = bring(project, counted(500), "south.csv")
    assert (second.kept, second.replaced) == (20, 0)
    assert len(second.dataset.items) == 40


def test_ids_that_count_are_believed_when_a_person_says_so(tmp_path: Path) -> None:
    rows = [[n, *row(n)[1:]] for n in range(1, 21)]
    path = put(tmp_path / "export.csv", table(HEADER, rows))
    assert {sample.key for sample in read(path).samples} == {""}
    assert read(path, source(id="Lead ID")).samples[4].key == "Lead ID:5"


def test_a_lead_without_an_id_has_no_key(tmp_path: Path) -> None:
    rows = [row(number) for number in range(20)]
    rows[3][0] = ""
    found = read(put(tmp_path / "export.csv", table(HEADER, rows)))
    assert [sample.key for sample in found.samples][2:5] == ["Lead ID:L2", "", "Lead ID:L4"]
    assert {
        s.key
        for s in read(put(tmp_path / "b.csv", table(HEADER[1:], [r[1:] for r in rows]))).samples
    } == {""}


def test_ids_of_two_crms_are_two_leads(tmp_path: Path) -> None:
    rows = [
        [
            n,
            f"2025-01-{n % 28 + 1:02}",
            "closedwon" if n % 3 else "closedlost",
            f"Deal {n}",
            "main",
            n,
        ]
        for n in range(1, 21)
    ]
    hubspot = read(put(tmp_path / "hubspot.csv", table(HUBSPOT, rows)))
    assert hubspot.samples[6].key == "HubSpot deals:7"
    own = read(
        put(tmp_path / "own.csv", table(HEADER, [[n + 1, *row(n)[1:]] for n in range(1, 21)]))
    )
    assert not {s.key for s in own.samples} & {s.key for s in hubspot.samples}


def test_an_address_that_is_an_id_stays_out_of_the_version(tmp_path: Path) -> None:
    rows = [[f"anna{n}@firm.example", *row(n)[1:]] for n in range(20)]
    found = read(put(tmp_path / "export.csv", table(HEADER, rows)), source(id="Lead ID"))
    keys = [sample.key for sample in found.samples]
    assert len(set(keys)) == 20
    assert not any("@" in key or "anna" in key for key in keys)


def test_versions_name_whom_their_leads_are_states_of(project: Project) -> None:
    report = bring(project, [row(number) for number in range(12)])
    assert {key_of(item.sample) for item in report.dataset.items} == {
        f"Lead ID:L{number}" for number in range(12)
    }


def test_a_file_without_ids_that_is_read_anew_is_told_to_stand_there_twice(
    project: Project,
) -> None:
    rows = [[2_000 + n % 7, ("web", "fair")[n % 2], n % 3 == 0] for n in range(30)]
    path = put(project.root.parent / "churn.csv", table(["Minutes", "Channel", "Churn"], rows))
    first = import_data(project, path, ImportOptions())
    [asked] = [one for one in first.findings if one.check == "outcome"]
    line = 'model.source.outcome: Churn, model.source.won: ["True"], model.source.lost: ["False"]'
    assert asked.fix.endswith(f"if Churn tells it: {line}; then import again with --replace")
    put(project.root / "kit.yaml", "kit: lead-scoring\nname: leads\nmodel:\n  source: {outcome: Churn}\n")  # fmt: skip
    stated = Project.open(project.root)
    again = import_data(stated, path, ImportOptions())
    [told] = [one for one in again.findings if one.check == "read-anew"]
    assert told.level == "warn" and told.text.startswith("30 samples have the file and the place")
    anew = import_data(stated, path, ImportOptions(replace=True))
    assert len(anew.dataset.items) == 30
    assert not [one for one in anew.findings if one.check == "read-anew"]
