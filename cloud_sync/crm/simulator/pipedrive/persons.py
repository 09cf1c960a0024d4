"""Persons beside deals and leads of the pretended Pipedrive: which fields they have, and what an export of deals shows of them.

Each follows from what the record of its deal says, so that nothing more is kept.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.simulator.values import Fields
from cloud_sync.crm.simulator.world import Value

PERSON: Final = "person_id"
"""Where deals and leads have the number of their person."""
JOB: Final = "10b" + 37 * "0"
LABELS: Final = ("Partner", "Press", "Supplier")
_NUMBERS: Final = 1_000_000


def person_id(columns: Mapping[str, Value]) -> int:
    """The number of who wrote a lead; the same for the same address."""
    return 1 + zlib.crc32(str(columns.get("email", "")).encode()) % _NUMBERS


def label_of(number: int) -> int:
    """The number of a person's label, from 1."""
    return 1 + number % len(LABELS)


def persons(rows: Iterable[Mapping[str, JsonValue]], keys: Mapping[str, str]) -> dict[str, Fields]:
    """Number → person as API v2 shows it.

    Args:
        rows: fields of deals or leads.
        keys: column of the made-up world → its field there.
    """
    found: dict[str, Fields] = {}
    for row in rows:
        number = row.get(PERSON)
        if not isinstance(number, int):
            continue
        said = {name: row.get(key) or "" for name, key in keys.items()}
        found[str(number)] = {
            "id": number, "name": f"{said['first_name']} {said['last_name']}".strip(), "is_deleted": False,
            "emails": [{"value": said["email"], "primary": True, "label": "work"}],
            "label_ids": [label_of(number)], "custom_fields": {JOB: said["jobtitle"]},
        }  # fmt: skip
    return found


COLUMNS: Final = ("first_name", "last_name", "email", "jobtitle")
"""Of the made-up world, that say who a person is."""


def fields() -> list[Fields]:
    """Fields of persons as API v2 shows them."""
    labels: list[JsonValue] = [{"id": n, "label": said} for n, said in enumerate(LABELS, 1)]
    rows: tuple[tuple[str, str, str, list[JsonValue]], ...] = (
        ("name", "Name", "varchar", []), ("emails", "Email", "varchar", []), ("label_ids", "Labels", "set", labels),
        (JOB, "Job title", "varchar", []),
    )  # fmt: skip
    return [
        {
            "field_code": code, "field_name": name, "field_type": kind, "options": choices or None,
            "subfields": None, "is_custom_field": code == JOB, "is_optional_response_field": False,
        }
        for code, name, kind, choices in rows
    ]  # fmt: skip


def exported(row: Mapping[str, JsonValue], job: JsonValue) -> Fields:
    """Columns of a record's person, as an export has them. `job`: the person's."""
    number = row.get(PERSON)
    label = LABELS[label_of(number) - 1] if isinstance(number, int) else ""
    return {"Person - Labels": label, "Person - Job title": job if label else ""}
