"""Tables in JSON whose rows are lists of cells, and values in what a program puts around them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kits.core.answers.wrapping import Object, unwrapped
from kits.core.errors import DataError
from kits.lead_scoring._lead import lead_from_json
from tests.lead_scoring.reading.lead_files import put, read, table

_HEADER = ["Date", "Staff", "Status"]
_GRID = [
    [f"2025-01-{n % 28 + 1:02}", n % 7, *(["Won"], ["Lost"], [])[n % 3]] for n in range(60)
]  # fmt: skip
"""An open one ends before its empty cell, as Google Sheets has it."""


@pytest.mark.parametrize(
    "answer",
    [
        {"range": "A1:C61", "majorDimension": "ROWS", "values": [_HEADER, *_GRID]},
        {"columns": _HEADER, "index": list(range(60)), "data": _GRID},
        {"cols": [{"name": name, "base_type": "type/Text"} for name in _HEADER], "rows": _GRID},
        [_HEADER, *_GRID],
    ],
)
def test_rows_that_are_lists_of_cells_are_leads(tmp_path: Path, answer: object) -> None:
    found = read(put(tmp_path / "a.json", answer))
    assert sorted(found.labels) == [""] * 20 + ["lost"] * 20 + ["won"] * 20
    assert "decided_at=Date" in found.told("columns") and len(found.column("Staff")) == 60


def test_columns_beside_each_other_are_a_table() -> None:
    answer: Object = {"majorDimension": "COLUMNS", "values": [["Firm", "A", "B"], ["Status", "Won"]]}  # fmt: skip
    assert list(unwrapped(answer)) == [
        {"Firm": "A", "Status": "Won"},
        {"Firm": "B", "Status": None},
    ]


def test_rows_of_smartsheet_have_the_titles_of_their_columns(tmp_path: Path) -> None:
    columns = [{"id": 11, "title": "Status"}, {"id": 12, "title": "Staff"}]
    rows = [
        {"id": 900 + n, "createdAt": f"2025-01-{n % 28 + 1:02}T10:00:00Z", "cells": [
            {"columnId": 12, "value": n % 7}, {"columnId": 11, "value": ("Won", "Lost")[n % 2], "displayValue": "x"},
        ]}
        for n in range(30)
    ]  # fmt: skip
    sheet = {"id": 5, "name": "Leads", "totalRowCount": 30, "columns": columns, "rows": rows}
    found = read(put(tmp_path / "a.json", sheet))
    assert found.labels[:2] == ["won", "lost"] and found.column("Staff")[:2] == [0.0, 1.0]


@pytest.mark.parametrize(
    "lead",
    [
        {"id": 5, "status": "won", "corners": [["a", "b"], ["c", "d"]]},
        {"status": "won", "values": [["a", "b"], ["c", "d"]]},
        {"values": [[1, 2], [3, 4]]},
        {"values": [["a", "a"], ["c", "d"]]},
        {"values": [["a", "b"], ["c", "d", "e"]]},
        {"id": 5, "columns": [{"id": 1, "title": "A"}], "rows": [{"id": 1, "sku": "a"}]},
    ],
)
def test_a_lead_that_has_lists_of_lists_is_a_lead(lead: Object) -> None:
    assert list(unwrapped(lead)) == [lead]


@pytest.mark.parametrize(
    ("status", "at"),
    [
        (lambda word: {"id": 4, "value": word, "color": "red"}, lambda day: f"2025-01-{day:02}"),
        (lambda word: {"stringValue": word}, lambda day: {"timestampValue": f"2025-01-{day:02}T00:00:00Z"}),
        (lambda word: word, lambda day: {"$date": f"2025-01-{day:02}T00:00:00.000Z"}),
        (lambda word: word, lambda day: {"$date": {"$numberLong": str(1_735_689_600_000 + (day - 1) * 86_400_000)}}),
        (lambda word: word, lambda day: f"/Date({1_735_689_600_000 + (day - 1) * 86_400_000})/"),
        (lambda word: word, lambda day: f"/Date({1_735_689_600_000 + (day - 1) * 86_400_000}+0200)/"),
    ],
)  # fmt: skip
def test_values_are_read_in_what_a_program_puts_around_them(
    tmp_path: Path, status: object, at: object
) -> None:
    assert callable(status) and callable(at)
    rows = [
        {"id": 900 + n, "created": at(n % 28 + 1), "status": status(("Won", "Lost")[n % 2])} for n in range(60)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", rows))
    assert sorted(found.labels) == ["lost"] * 30 + ["won"] * 30
    assert "decided_at=created" in found.told("columns")
    moment = found.leads[0].at
    assert moment is not None and moment.isoformat()[:10] == "2025-01-01"


def test_a_date_that_no_calendar_has_is_a_text(tmp_path: Path) -> None:
    rows = [{"id": 900 + n, "status": "won", "kind": f"/Date({10**17})/"} for n in range(30)]
    assert read(put(tmp_path / "a.json", rows)).column("kind")[0] == f"/Date({10**17})/"


def test_choices_of_podio_are_called_by_their_texts(tmp_path: Path) -> None:
    def fields(n: int) -> list[dict[str, object]]:
        many = [{"value": {"id": 1, "text": "A"}}, {"value": {"id": 2, "text": "B"}}]
        return [
            {"field_id": 1, "label": "Status", "type": "category", "values": [{"value": {"id": 3, "text": ("Won", "Lost")[n % 2]}}]},
            {"field_id": 2, "label": "Wants", "type": "category", "values": many[: 1 + n % 2]},
            {"field_id": 3, "label": "Asked", "type": "date", "values": [{"start": f"2025-01-{n + 1:02} 10:00:00", "start_date": "x"}]},
        ]  # fmt: skip

    rows = [{"item_id": 900 + n, "fields": fields(n)} for n in range(28)]
    found = read(put(tmp_path / "a.json", {"total": 28, "filtered": 28, "items": rows}))
    assert found.labels[:2] == ["won", "lost"] and found.column("Wants")[:2] == ["A", "A;B"]
    assert "decided_at=Asked" in found.told("columns")


def test_json_in_cells_is_read_entry_by_entry(tmp_path: Path) -> None:
    rows = [
        [
            f"s{n}",
            json.dumps({"browser": "Firefox" if n % 2 else "Safari", "id": n}),
            json.dumps({"pageviews": str(n), "revenue": 1.5 * n} if n % 3 else {"pageviews": "1"}),
            "" if n % 4 else '{"utm": {"medium": "cpc"}}',
            '{"half": 1' if n == 5 else "{}",
            "yes" if n % 5 else "no",
        ]
        for n in range(40)
    ]
    header = ["session", "device", "totals", "traffic", "broken", "converted"]
    found = read(put(tmp_path / "e.csv", table(header, rows)))
    assert found.column("device.browser")[:2] == ["Safari", "Firefox"]
    assert found.column("totals.revenue")[:3] == [None, 1.5, 3.0]
    assert found.column("traffic.utm.medium")[:2] == ["cpc", None]
    assert not found.column("device")[0] and found.column("broken")[5] == '{"half": 1'
    assert found.told("json-cells").startswith(
        "e.csv has JSON in the cells of device, totals, traffic"
    )


def test_a_lead_of_a_program_has_the_same_columns_as_one_of_a_file(tmp_path: Path) -> None:
    fields = {
        "device": {"browser": "Firefox", "screen": {"width": 390}},
        "tags": ["vip", "web"],
        "custom": [{"name": "Size", "value": "S"}],
        "source": {"id": 3, "value": "Fair", "color": "red"},
    }
    rows = [{**fields, "id": n, "converted": "yes" if n % 2 else "no"} for n in range(30)]
    found = read(put(tmp_path / "e.json", rows)).leads[0].fields
    sent = lead_from_json({"fields": fields}).fields
    assert sent == {name: found[name] for name in sent} and len(sent) == 5
    deep: dict[str, object] = {"x": 1}
    for _ in range(9):
        deep = {"in": deep}
    with pytest.raises(DataError, match="not a text") as told:
        lead_from_json({"fields": deep})
    assert told.value.fix
