"""Leads whose table has the numbers of customers and none of its own: who asks again, on another day, is another lead."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import cast

import pytest

from kits.core.kit import Finding
from kits.core.record_keys import id_in
from kits.core.sample import key_of
from kits.toolchain.importing import ImportOptions, ImportReport, import_data
from kits.toolchain.project import Project
from tests.lead_scoring.reading.lead_files import put, read, source, table

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


def test_leads_of_which_many_are_of_the_same_customers_are_known_again(project: Project) -> None:
    def rows(until: int, status: str = "") -> list[list[object]]:
        return [_row(n if n % 3 else n // 4, n, status) for n in range(until)]

    first = _bring(project, rows(90, "open"), "may.csv")
    assert "account_id" in json.loads(first.dataset.content(first.dataset.items[0]))["fields"]
    again = _bring(project, rows(120)[::-1], "june.csv")
    assert (again.kept, again.replaced, len(again.dataset.items)) == (30, 90, 120)
    few = _bring(project, [_row(900, 300)], "july.csv")
    assert all("account_id" in json.loads(few.dataset.content(one))["fields"] for one in few.dataset.items)  # fmt: skip


def test_customers_of_whom_one_came_twice_on_a_day_name_no_leads(tmp_path: Path) -> None:
    rows = [_row(n if n % 3 else n // 4, n) for n in range(90)]
    found = read(put(tmp_path / "e.csv", table(["account_id", *_COLUMNS], [*rows, _row(89, 89)])))
    assert len(found.samples) == 91
    assert {sample.key for sample in found.samples} == {""}


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


def _dated(
    form: Callable[[date, int], str], rows: Sequence[Sequence[object]]
) -> list[list[object]]:
    return [[row[0], form(cast(date, row[1]), n), *row[2:]] for n, row in enumerate(rows)]


def _with_clock(day: date, row: int) -> str:
    return f"{day}T{row % 24:02}:10:00+02:00"


def _with_clock_overseas(day: date, row: int) -> str:
    return f"{day}T{row % 24:02}:10:00-07:00"


def _with_month(day: date, _: int) -> str:
    return f"{day:%m/%Y}"


@pytest.mark.parametrize("form", [_with_clock, _with_clock_overseas, _with_month])
@pytest.mark.parametrize("first", [True, False])
def test_days_that_are_written_otherwise_are_the_same_leads(
    project: Project, form: Callable[[date, int], str], first: bool
) -> None:
    exports = [_dated(form, _MAY), [list(row) for row in _MAY]]
    for n, rows in enumerate(exports if first else exports[::-1]):
        last = _bring(project, rows, f"{n}.csv")
    assert last.kept == 0
    assert len(last.dataset.items) == 100


def test_a_further_lead_is_met_again_with_a_clock(project: Project) -> None:
    _bring(project, _MAY, "may.csv")
    _bring(project, _JUNE, "june.csv")
    again = _bring(project, _dated(_with_clock, _JUNE), "june-again.csv")
    assert (again.kept, len(again.dataset.items)) == (0, 180)


def test_two_leads_of_a_customer_in_one_month_are_two_beside_older_ones_by_months(
    project: Project,
) -> None:
    _bring(project, _dated(_with_month, _MAY), "old.csv")
    _bring(project, [_row(n, 200 + n % 5) for n in range(60)], "one.csv")
    other = _bring(project, [_row(n, 206 + n % 5) for n in range(60)], "other.csv")
    assert (other.kept, other.replaced) == (60, 0)


def test_leads_in_a_stated_order_have_one_key_each(project: Project) -> None:
    put(
        project.root / "kit.yaml",
        "kit: lead-scoring\nname: leads\nmodel:\n  source:\n    order: added\n",
    )
    ordered = Project.open(project.root)
    columns = ["account_id", "created", "source", "employees", "status", "added"]
    rows = [[*row, date(2025, 9, 1) + timedelta(days=n)] for n, row in enumerate(_MAY)]
    path = put(project.root.parent / "e.csv", table(columns, rows))
    import_data(ordered, path, ImportOptions())
    changed = [[*row[:3], 40, *row[4:]] for row in rows]
    again = import_data(ordered, put(path, table(columns, changed)), ImportOptions())
    assert (again.kept, again.replaced) == (0, 100)


def _asked_again(report: ImportReport) -> list[Finding]:
    return [one for one in report.findings if one.check == "asked-again"]


def test_a_day_that_may_be_that_of_the_last_change_is_asked_about(project: Project) -> None:
    _bring(project, _MAY, "may.csv")
    [told] = _asked_again(_bring(project, [_row(n, n + 40 * (n % 2)) for n in range(100)], "e.csv"))
    assert told.level == "warn"
    assert "50 leads are of customers (account_id) who are there with another day in created" in told.text  # fmt: skip
    assert "model.source.id: account_id" in told.fix


def test_further_leads_of_some_customers_are_told_and_not_asked_about(project: Project) -> None:
    _bring(project, _MAY, "may.csv")
    june = _bring(project, _JUNE, "june.csv")
    assert [one.level for one in _asked_again(june)] == ["pass"]
    whole = [*_MAY, _row(3, 300), _row(4, 301)]
    assert [one.level for one in _asked_again(_bring(project, whole, "whole.csv"))] == []
