"""What APIs answer, saved as it came: where its rows are, and fields that are lists of objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lead_scoring.lead_files import put, read


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: {"@odata.context": "x", "value": rows},
        lambda rows: {"_page": 1, "_links": {}, "_embedded": {"leads": rows}},
        lambda rows: {"orders": rows},
        lambda rows: [{"value": rows[:20]}, {"value": rows[20:]}],
    ],
)
def test_answers_of_odata_hal_and_shops_hold_their_rows(
    tmp_path: Path, wrap: Callable[[list[dict[str, object]]], object]
) -> None:
    rows: list[dict[str, object]] = [
        {"id": 900 + 7 * n, "created_at": 1_700_000_000 + 86_400 * n, "status": ("won", "lost")[n % 2]}
        for n in range(40)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", wrap(rows)))
    assert found.labels.count("won") == 20 and not found.told("lists-of-objects")
    assert "id=id, decided_at=created_at" in found.told("columns")


def test_fields_of_kommo_are_columns_with_all_their_values(tmp_path: Path) -> None:
    def fields(n: int) -> list[dict[str, object]]:
        many = [{"value": "A"}, {"value": "B"}] if n % 2 else [{"value": "A", "enum_id": 3}]
        return [
            {"field_id": 1, "field_name": "Interest", "values": many},
            {"field_id": 2, "field_name": "Staff", "values": [{"value": str(n % 7)}]},
        ]

    rows = [{"id": 900 + n, "status": "won", "custom_fields_values": fields(n)} for n in range(30)]
    found = read(put(tmp_path / "a.json", {"_embedded": {"leads": rows}}))
    assert found.column("Interest")[:2] == ["A", "A;B"] and found.column("Staff")[1] == 1.0
