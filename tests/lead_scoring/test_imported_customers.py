"""Leads whose table has the numbers of customers and none of its own: who asks again, on another day, is another lead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from kits.core.record_keys import id_in
from kits.core.sample import key_of
from kits.toolchain.importing import ImportOptions, ImportReport, import_data
from kits.toolchain.project import Project
from tests.lead_scoring.lead_files import put, read, source, table

_COLUMNS = ["created", "source", "employees", "status"]


def _row(whom: int, day: int, status: str = "") -> list[object]:
    came = date(2025, 1, 1) + timedelta(days=day)
    return [f"ACC-{5000 + 7 * whom}", came, ["web", "fair"][day % 2], day % 31, status or ["won", "lost"][day % 2]]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    put(tmp_path / "p" / "kit.yaml", "kit: lead-scoring\nname: leads\n")
    return Project.open(tmp_path / "p")


def _bring(
    project: Project, rows: Sequence[Sequence[object]], name: str, whose: str = "account_id"
) -> ImportReport:
    path = put(project.root.parent / name, table([whose, *_COLUMNS], rows))
    return import_data(project, path, ImportOptions())


_MAY = [_row(n, n) for n in range(100)]
_JUNE = [*(_row(n, 200 + n) for n in range(40)), *(_row(n, 200 + n) for n in range(200, 240))]


@pytest.mark.parametrize("whose", ["account_id", "Customer ID", "Kundennr."])
def test_next_months_leads_of_the_same_customers_are_further_ones(
    project: Project, whose: str
) -> None:
    _bring(project, _MAY, "may.csv", whose)
    june = _bring(project, _JUNE, "june.csv", whose)
    assert (june.read, june.kept, june.replaced) == (80, 80, 0)
    assert len(june.dataset.items) == 180


def test_the_same_leads_in_whatever_export_are_there_once(project: Project) -> None:
    _bring(project, _MAY, "may.csv")
    _bring(project, _JUNE, "june.csv")
    again = _bring(project, _JUNE, "june-again.csv")
    assert (again.kept, again.replaced, again.duplicates) == (0, 0, 80)
    whole = _bring(project, [*_MAY, *_JUNE[40:]], "whole.csv")
    assert (whole.kept, whole.duplicates) == (0, 140)


def test_an_outcome_that_came_is_a_newer_state_of_that_lead(project: Project) -> None:
    _bring(project, [*(_row(n, n, "open") for n in range(20)), *_MAY[20:]], "may.csv")
    _bring(project, [_row(n, 200 + n, "open") for n in range(40)], "june.csv")
    july = _bring(project, [_row(n, 200 + n, "won") for n in range(40)], "july.csv")
    assert (july.kept, july.replaced) == (0, 40)
    labels = Counter(one.annotation.label if one.annotation else "" for one in july.dataset.items)
    assert labels[""] == 20


def test_an_older_export_is_added_beside_a_newer_one(project: Project) -> None:
    _bring(project, _JUNE, "june.csv")
    may = _bring(project, _MAY, "may.csv")
    assert (may.kept, may.replaced) == (100, 0)
    whole = _bring(project, [*_MAY, *_JUNE[40:]], "whole.csv")
    assert (whole.kept, whole.replaced, whole.duplicates) == (0, 0, 140)


def test_a_customers_key_names_him_whichever_of_his_leads_it_is_of(project: Project) -> None:
    _bring(project, _MAY, "may.csv")
    june = _bring(project, _JUNE, "june.csv")
    whose = Counter(id_in(key_of(one.sample)) for one in june.dataset.items)
    assert whose["ACC-5000"] == 2


def test_some_of_one_table_that_came_again_stay(tmp_path: Path) -> None:
    rows = [*(_row(n, n) for n in range(200)), _row(3, 230), _row(5, 231)]
    found = read(put(tmp_path / "e.csv", table(["account_id", *_COLUMNS], rows)))
    assert len(found.samples) == 202
    assert found.told("repeated-ids") == ""
    assert len({sample.key for sample in found.samples}) == 202
    assert len({sample.source for sample in found.samples}) == 202


@pytest.mark.parametrize(
    ("whose", "again", "stated"),
    [
        ("lead_id", 230, ""),  # a lead's own id: another date is a later state
        ("account_id", 3, ""),  # the same day: a state of the same lead
        ("account_id", 230, "account_id"),  # a person says that it names leads
    ],
)
def test_rows_of_one_lead_are_its_states(
    tmp_path: Path, whose: str, again: int, stated: str
) -> None:
    rows = [*(_row(n, n, "open") for n in range(200)), _row(3, again, "won")]
    stating = source(id=stated) if stated else {}
    found = read(put(tmp_path / "e.csv", table([whose, *_COLUMNS], rows)), stating)
    assert len(found.samples) == 200
    assert "1 row repeats the id" in found.told("repeated-ids")
