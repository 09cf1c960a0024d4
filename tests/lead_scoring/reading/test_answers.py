"""What APIs answer, saved as it came: where its rows are, and fields that are lists of objects."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import JsonValue

from kits.core.answers.wrapping import Object, unwrapped
from kits.core.errors import DataError
from tests.lead_scoring.reading.lead_files import put, read


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
    ("indent", "between"), [(2, "\n"), (2, ""), (None, "\n"), (None, ",\n"), (1, "\r\n\r\n")]
)
def test_pages_that_were_saved_one_below_the_other_are_all_read(
    tmp_path: Path, indent: int | None, between: str
) -> None:
    rows = [{"id": 900 + 7 * n, "status": ("won", "lost")[n % 2]} for n in range(40)]
    pages = [{"results": rows[:25], "paging": {"next": "x"}}, {"results": rows[25:]}]
    text = between.join(json.dumps(page, indent=indent) for page in pages)
    assert len(read(put(tmp_path / "a.json", "\n" + text + "\n")).leads) == 40


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"id": 1}\n{"id": 2\n{"id": 3}', "a.json, line 2"),
        ('{\n "id": 1\n}\n{\n "id": ', "a.json, line 1"),
        ('{"id": 1}\n7 {', "a.json, line 2"),
    ],
)
def test_a_page_that_was_cut_off_is_told_with_its_line(
    tmp_path: Path, text: str, where: str
) -> None:
    with pytest.raises(DataError, match="not JSON") as told:
        read(put(tmp_path / "a.json", text))
    assert told.value.where == where


def test_errors_of_an_answer_are_no_leads() -> None:
    refused: Object = {"errors": [{"message": "no"}, {"message": "no"}], "data": None}
    assert list(unwrapped(refused)) == [refused]


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


def test_answers_to_a_form_are_columns_by_their_questions(tmp_path: Path) -> None:
    """Typeform's, with the names that a firm gave its questions, and Calendly's."""

    def answers(n: int) -> list[dict[str, object]]:
        return [
            {
                "field": {"id": "h1", "type": "number", "ref": "staff"},
                "type": "number",
                "number": n % 7,
            },
            {
                "field": {"id": "h2", "ref": "source"},
                "type": "choice",
                "choice": {"id": "c", "label": ("fair", "web")[n % 2]},
            },
            {
                "field": {"id": "h3", "ref": "wants"},
                "type": "choices",
                "choices": {"labels": ["A", "B"][: 1 + n % 2]},
            },
        ]

    rows = [
        {"token": f"t{n}", "submitted_at": f"2025-01-{n % 28 + 1:02}T10:00:00Z", "answers": answers(n),
         "hidden": {"outcome": ("won", "lost")[n % 2]},
         "questions_and_answers": [{"question": "Budget", "answer": str(n % 9), "position": 0}]}
        for n in range(30)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", {"total_items": 30, "page_count": 1, "items": rows}))
    assert found.column("answers.staff")[:2] == [0.0, 1.0]
    assert found.column("answers.source")[:2] == ["fair", "web"]
    assert found.column("answers.wants")[:2] == ["A", "A;B"]
    assert found.column("questions_and_answers.Budget")[3] == 3.0
    assert not found.told("lists-of-objects")


def test_fields_of_notion_are_columns_by_their_names(tmp_path: Path) -> None:
    def fields(n: int) -> dict[str, object]:
        tags = [{"id": "1", "name": "a", "color": "red"}, {"id": "2", "name": "b", "color": "red"}]
        return {
            "Name": {"id": "title", "type": "title", "title": [{"plain_text": "Acme "}, {"plain_text": str(n)}]},
            "Status": {"id": "a", "type": "status", "status": {"id": "s", "name": ("Won", "Lost")[n % 2], "color": "x"}},
            "Source": {"id": "b", "type": "select", "select": {"name": "fair"} if n else None},
            "Staff": {"id": "c", "type": "number", "number": n % 7},
            "Asked": {"id": "e", "type": "date", "date": {"start": f"2025-01-{n + 1:02}", "end": None}},
            "Tags": {"id": "f", "type": "multi_select", "multi_select": tags[: n % 3]},
        }  # fmt: skip

    rows = [{"object": "page", "id": f"p{n}", "properties": fields(n)} for n in range(20)]
    found = read(put(tmp_path / "a.json", {"object": "list", "results": rows, "has_more": False}))
    assert found.labels[:2] == ["won", "lost"] and found.column("Staff")[3] == 3.0
    assert found.column("Source")[:2] == [None, "fair"]
    assert found.column("Tags")[:3] == [None, "a", "a;b"]
    assert not found.told("lists-of-objects") and not found.told("no-id")


def test_tags_are_choices_and_other_things_are_told(tmp_path: Path) -> None:
    rows = [
        {"id": 900 + n, "status": "won", "tags": [{"id": 1, "name": "vip"}, {"id": 2, "name": "eu"}][: 1 + n % 2],
         "calls": [{"at": 1, "name": "x", "minutes": 3}, {"at": 2, "name": "y", "minutes": 5}]}
        for n in range(30)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", rows))
    assert found.column("tags")[:2] == ["vip", "vip;eu"]
    assert "calls" in found.told("lists-of-objects") and "tags" not in found.told(
        "lists-of-objects"
    )


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


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("CUSTOMFIELDS.Staff", lambda n: {"CUSTOMFIELDS": [{"FIELD_NAME": "Staff", "FIELD_VALUE": n}]}),
        ("customFields.f1", lambda n: {"customFields": [{"id": "f1", "fieldValue": n}]}),
        ("custom_fields.5", lambda n: {"custom_fields": [{"id": 5, "content": n}]}),
        ("deal_fields.Staff", lambda n: {"deal_fields": [{"deal_field": {"id": "x", "name": "Staff"}, "value": n}]}),
        ("Staff", lambda n: {"custom_fields": [{"gid": "9", "name": "Staff", "type": "number", "display_value": str(n)}]}),
        ("customAttributes.77", lambda n: {"customAttributes": [{"attributeDefinitionId": "77", "numberValue": str(n)}]}),
        ("user_column_data.Staff", lambda n: {"user_column_data": [{"column_name": "Staff", "string_value": str(n), "column_id": "S"}]}),
        ("customFieldItems.f1", lambda n: {"customFieldItems": [{"id": "x", "value": {"number": str(n)}, "idCustomField": "f1"}]}),
        ("answers.3", lambda n: {"answers": [{"questionId": 3, "answerDetails": {"textQuestionAnswer": {"answer": str(n)}}}]}),
        ("answers.Staff", lambda n: {"answers": {"3": {"text": "Hello"}, "4": {"name": "s", "text": "Staff", "answer": str(n)}}}),
        ("values.staff", lambda n: {"values": {"staff": [{"active_from": "x", "active_until": None, "value": n, "attribute_type": "number"}]}}),
    ],
)  # fmt: skip
def test_a_firms_own_fields_are_columns_however_a_program_lists_them(
    tmp_path: Path, name: str, fields: Callable[[int], dict[str, object]]
) -> None:
    rows = [
        {"id": 900 + n, "status": ("won", "lost")[n % 2], **fields(n % 7)} for n in range(30)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", rows))
    assert found.column(name)[:3] == [0.0, 1.0, 2.0]
    assert not found.told("lists-of-objects")


def test_choices_are_called_by_their_names_where_an_answer_tells_them(tmp_path: Path) -> None:
    """ClickUp's, whose values are the places of its options."""
    options = [{"id": "a", "name": "fair", "orderindex": 0}, {"id": "b", "name": "web", "orderindex": 1}]  # fmt: skip
    rows = [
        {"id": 900 + n, "status": ("won", "lost")[n % 2], "custom_fields": [
            {"id": "f", "name": "Source", "type_config": {"options": options}, "value": n % 2},
            {"id": "g", "name": "Wants", "type_config": {"options": options}, "value": ["a", "b"][: 1 + n % 2]},
            {"id": "h", "name": "Asked", "value": [{"value": "x"}, {"value": "y"}]},
        ]}
        for n in range(30)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", rows))
    assert found.column("Source")[:2] == ["fair", "web"]
    assert found.column("Wants")[:2] == ["fair", "fair;web"]
    assert found.column("Asked")[0] == "x;y" and not found.told("lists-of-objects")


def test_of_a_field_with_its_past_what_it_holds_now_counts(tmp_path: Path) -> None:
    """Attio's."""

    def held(until: str | None, title: str) -> dict[str, object]:
        return {
            "active_from": "2025-01-01T00:00:00Z", "active_until": until, "attribute_type": "status",
            "status": {"id": {"status_id": "s"}, "title": title},
        }  # fmt: skip

    rows = [
        {"id": {"record_id": f"r{n}"}, "values": {"stage": [
            held("2025-02-01T00:00:00Z", "Proposal"), held(None, ("Won 🎉", "Lost")[n % 2]),
        ]}}
        for n in range(30)
    ]  # fmt: skip
    assert read(put(tmp_path / "a.json", rows)).labels[:2] == ["won", "lost"]


@pytest.mark.parametrize(
    ("name", "around"),
    [
        ("content", {"totalPages": 1, "first": True}),
        ("content", {"responseCode": 200, "limit-left": 90}),
        ("submissions", {"hasMore": False, "questions": [{"id": "q1"}, {"id": "q2"}]}),
        ("issues", {"expand": "names", "startAt": 0, "maxResults": 50, "total": 3}),
    ],
)
def test_rows_are_found_where_the_answer_says_how_many(name: str, around: Object) -> None:
    rows: list[JsonValue] = [{"id": n, "status": "won"} for n in range(3)]
    assert list(unwrapped({name: rows, **around})) == rows


@pytest.mark.parametrize("name", ["content", "submissions"])
def test_a_lead_that_has_notes_or_forms_is_a_lead(name: str) -> None:
    lead: Object = {"subject": "x", name: [{"text": "a"}, {"text": "b"}]}
    assert list(unwrapped(lead)) == [lead]


@pytest.mark.parametrize(
    "note", [{"content": "called", "created_at": "2025-01-01"}, {"text": "called"}, {"value": "a.pdf"}]
)  # fmt: skip
def test_things_with_numbers_of_their_own_are_no_fields(
    tmp_path: Path, note: dict[str, str]
) -> None:
    rows = [
        {"id": 900 + n, "status": ("won", "lost")[n % 2], "notes": [{"id": 7000 + 2 * n + i, **note} for i in range(2)]}
        for n in range(30)
    ]  # fmt: skip
    found = read(put(tmp_path / "a.json", rows))
    assert "notes" in found.told("lists-of-objects") and len(found.leads[0].fields) < 5
