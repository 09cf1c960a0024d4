"""Dates that tell a month and no day: leads count from its first moment, and no outcome before its last."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from kits.core.dataset import DatasetItem
from kits.core.sample import Sample, utc_now
from kits.lead_scoring._features.spec import DateColumn
from kits.lead_scoring._features.texts import read_texts
from kits.lead_scoring._lead import Lead
from kits.lead_scoring._learning.settled import settled_of
from kits.lead_scoring._reading.samples import CAME_BY, OUTCOME_AT
from kits.lead_scoring._reading.values.cells import type_cells
from kits.lead_scoring._written import Written
from tests.lead_scoring.reading.lead_files import Read, put, read, table


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


MAY = (at("2024-05-01"), at("2024-05-31T23:59:59"))


def exported(tmp_path: Path, came: str, ended: str, header: tuple[str, str]) -> Read:
    """Forty leads of one month, every other one won, and one lead of a month later."""
    rows = [[n, came, ended, ["Won", "Lost"][n % 2]] for n in range(40)]
    later = {"2024-05": "2024-06", "05/2024": "06/2024"}
    rows.append([40, later.get(came, "2024-06-02"), later.get(ended, "2024-06-30"), "Won"])
    return read(put(tmp_path / "e.csv", table(["id", *header, "Stage"], rows, ";")))


@pytest.mark.parametrize(
    ("came", "ended", "header"),
    [
        ("2024-05", "2024-05", ("Created", "Closed")),
        ("05/2024", "05/2024", ("Erstellt am", "Abgeschlossen am")),
    ],
)
def test_a_lead_counts_from_the_first_moment_of_its_month_and_its_outcome_from_the_last(
    tmp_path: Path, came: str, ended: str, header: tuple[str, str]
) -> None:
    found = exported(tmp_path, came, ended, header)
    lead, sample = found.leads[0], found.samples[0]
    assert lead.at is not None and lead.at.timestamp() == sample.order == MAY[0]
    assert (sample.meta[OUTCOME_AT], sample.meta[CAME_BY]) == (MAY[1], MAY[1])
    told = found.told("assumed")
    assert f"{header[0]} tells months without days: leads count from the first moment" in told
    assert f"{header[1]} tells months without days: outcomes count from the last moment" in told


def test_an_outcome_of_a_day_counts_from_that_day_though_another_column_tells_months(
    tmp_path: Path,
) -> None:
    found = exported(tmp_path, "2024-05-03", "2024-05", ("Created", "Closed"))
    assert found.samples[0].order == at("2024-05-03")
    assert found.samples[0].meta[OUTCOME_AT] == MAY[1]
    assert CAME_BY not in found.samples[0].meta
    assert "Created tells months" not in found.told("assumed")


def test_nothing_became_of_a_lead_before_it_came_for_certain() -> None:
    plain = Sample("s", "application/json", "", 0, utc_now(), meta={CAME_BY: MAY[1]})
    items = [DatasetItem(plain, None, "train")]
    assert settled_of(items, np.array([MAY[0]]), np.zeros(1), 0).tolist() == [MAY[1]]


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-05", "2024-06"],
        ["2024/5", "2024/06"],
        ["05/2024", "6/2024"],
        ["05-2024", "06-2024"],
        ["May 2024", "June 2024"],
        ["May-2024", "Jun-2024"],
        ["Mai 2024", "Juni 2024"],
        ["mai 2024", "juin 2024"],
        ["mayo de 2024", "junio de 2024"],
        ["maggio 2024", "giugno 2024"],
        ["mei 2024", "juni 2024"],
        ["maio de 2024", "junho de 2024"],
        ["maj 2024", "czerwiec 2024"],
        ["maj 2024", "juni 2024"],
        ["květen 2024", "červen 2024"],
        ["2024. május", "2024. június"],
    ],
)
def test_months_are_read_in_many_languages(cells: list[str]) -> None:
    found = type_cells("Abschluss", cells)
    assert (found.kind, found.months) == ("date", True)
    assert found.values == ["2024-05-01", "2024-06-01"]
    column = DateColumn(name="Abschluss", age=True, hour=False)
    lead, odd = read_texts(Lead("1", {"Abschluss": cells[0]}), [column], Written.model_validate({}))
    assert lead.fields["Abschluss"] == "2024-05-01" and odd == ()


@pytest.mark.parametrize(
    "cells",
    [["Marketing 2024", "Marketing 2023"], ["13/2024", "14/2024"], ["May-24", "Jun-24"], ["5/24", "6/24"]],
)  # fmt: skip
def test_what_is_no_month_or_more_than_one_thing_is_no_date(cells: list[str]) -> None:
    assert type_cells("Campaign", cells).kind != "date"


def test_months_with_a_point_are_dates_where_the_name_says_so() -> None:
    cells = ["05.2024", "11.2024"]
    assert type_cells("Abschlussdatum", cells).values == ["2024-05-01", "2024-11-01"]
    assert type_cells("Umsatz", cells).kind == "number"


def test_a_month_beside_a_date_is_not_taken_for_when_a_lead_came(tmp_path: Path) -> None:
    rows = [[n, "2024-05", f"2024-05-{1 + n % 28:02}", n % 2] for n in range(40)]
    found = read(put(tmp_path / "e.csv", table(["id", "Period", "Entry", "converted"], rows)))
    assert {lead.at.day for lead in found.leads if lead.at} == set(range(1, 29))


def test_a_lead_of_a_month_is_lost_by_age_only_when_its_last_day_is_old_enough(
    tmp_path: Path,
) -> None:
    came = ["2024-01", "2024-02", "2024-03"]
    rows = [[n, came[n % 3], "Won" if n < 6 else ""] for n in range(60)]
    rows.append([60, "2024-05", ""])
    model = {"source": {"outcome": "Stage", "won": ["Won"], "lost_after_days": 90}}
    found = read(put(tmp_path / "e.csv", table(["id", "Created", "Stage"], rows)), model)
    lost = {
        lead.at.month
        for lead, label in zip(found.leads, found.labels)
        if label == "lost" and lead.at
    }
    assert lost == {1}, "on 1 May a lead of February may be 62 days old"


def test_months_with_a_point_are_months_where_the_column_is_called_so(tmp_path: Path) -> None:
    rows = [[n + 50, f"{n // 9 % 12 + 1:02}.{2023 + n // 108}", "Web", ("Won", "Lost")[n % 2]] for n in range(216)]  # fmt: skip
    found = read(put(tmp_path / "e.csv", table(["Nr", "Monat", "Quelle", "Status"], rows, ";")))
    assert [str(lead.at)[:7] for lead in found.leads[::9]] == [
        f"{2023 + n // 12}-{n % 12 + 1:02}" for n in range(24)
    ]
    other = read(put(tmp_path / "o.csv", table(["Nr", "Dicke", "Quelle", "Status"], rows, ";")))
    assert other.leads[0].at is None and "Dicke" in other.leads[0].fields
