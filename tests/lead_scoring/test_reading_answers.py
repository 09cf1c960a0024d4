"""What APIs answer, saved as it came: where its rows are, and fields that are lists of objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kits.lead_scoring._reading.json_answers import Object, unwrapped
from tests.lead_scoring.lead_files import put, read


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: {"@odata.context": "x", "value": rows},
        lambda rows: {"_page": 1, "_links": {}, "_embedded": {"leads": rows}},
        lambda rows: {"orders": rows},
        lambda rows: [{"value": rows[:20]}, {"value": rows[20:]}],
        lambda rows: {"total": 40, "list": rows},
        lambda rows: {
            "success": True,
            "entities": rows,
            "additional": None,
            "pagination": {"next": 1},
        },
        lambda rows: {
            "data": {
                "deals": {
                    "edges": [{"cursor": "x", "node": row} for row in rows],
                    "pageInfo": {"hasNextPage": False},
                }
            }
        },
        lambda rows: {
            "data": {
                "boards": [
                    {"id": 7, "name": "Deals", "items_page": {"cursor": None, "items": rows}}
                ]
            },
            "account_id": 5,
        },
        lambda rows: [
            {"data": {"boards": [{"items_page": {"items": half}}]}}
            for half in (rows[:20], rows[20:])
        ],
        lambda rows: {
            "items": [{"data": row, "meta": {"type": "deal"}} for row in rows],
            "meta": {},
        },
        lambda rows: {
            "status": 0,
            "message": "OK",
            "data": {"deals": [{"deal": row} for row in rows], "page": 1},
        },
    ],
)
def test_answers_of_apis_hold_their_rows(
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


@pytest.mark.parametrize(
    "lead",
    [
        {"id": 5, "source": "fair", "products": [{"sku": "a"}, {"sku": "b"}]},
        {"source": "fair", "parts": [{"sku": "a"}, {"sku": "b"}]},
        {"status": "new", "parts": [{"sku": "a"}, {"sku": "b"}]},
        {"node": {"kind": "a"}, "source": "fair"},
        {"id": 5, "source": "fair", "orders": [{"sku": "a"}, {"sku": "b"}]},
    ],
)
def test_a_lead_that_has_a_list_of_things_is_a_lead(lead: Object) -> None:
    assert list(unwrapped(lead)) == [lead]
    assert list(unwrapped([lead, lead])) == [lead, lead]


def test_fields_of_monday_are_columns_by_their_titles(tmp_path: Path) -> None:
    rows = [
        {"id": 900 + n, "group": {"title": ("Won", "Lost")[n % 2]}, "column_values": [
            {"id": "c1", "column": {"title": "Source"}, "text": ("fair", "web")[n % 2]},
            {"id": "c2", "column": {"title": "Staff"}, "text": None},
        ]}
        for n in range(30)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", rows))
    assert found.column("column_values.Source")[:2] == ["fair", "web"]
    assert not found.told("lists-of-objects") and found.labels[:2] == ["won", "lost"]


@pytest.mark.parametrize(
    ("ids", "taken"),
    [
        ({"id": lambda n: 70 + 3 * n, "contact_id": lambda n: 500 + n}, "id"),
        ({"id": lambda n: 70 + 3 * n, "lead_id": lambda n: 500 + n // 2}, "id"),
        ({"id": lambda n: 70 + 3 * n, "lead_id": lambda n: 500 + n}, "lead_id"),
        # the place of each row in its file is none
        ({"id": lambda n: n + 1, "contact_id": lambda n: 500 + 2 * n}, "contact_id"),
        ({"id": lambda n: 70 + n // 2, "lead_id": lambda n: 500 + n}, "lead_id"),
    ],
)
def test_a_records_own_id_comes_before_those_of_its_contact(
    tmp_path: Path, ids: dict[str, Callable[[int], int]], taken: str
) -> None:
    rows = [
        {**{name: of(n) for name, of in ids.items()}, "status": ("won", "lost")[n % 2],
         "created_at": 1_700_000_000 + 86_400 * n, "staff": n % 7}
        for n in range(60)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", rows))
    assert f"id={taken}," in found.told("columns")
