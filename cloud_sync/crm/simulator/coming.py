"""Leads from a file instead of made-up ones: what a pretended CRM will hold, each with what will become of it.

One JSON object a line: `{"id": "17", "fields": {…}, "outcome": "won", "after_outcome": {…}}`. Columns keep their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from cloud_sync.crm.simulator.world import Value
from kits.core.complaints import plain
from kits.core.errors import DataError
from kits.core.section import Section

MAX_RECORDS = 1_000_000
MAX_LINE_BYTES = 256 << 10


class Coming(Section):
    """A lead that will come."""

    id: str = Field("", max_length=80, description="kept where the CRM has ids of this form")
    fields: dict[str, Value] = Field(description="as it comes, by the names the CRM shall have")
    outcome: Literal["won", "lost"] = Field(description="what will become of it")
    after_outcome: dict[str, Value] = Field(
        default_factory=dict, description="fields that sales fill in then"
    )


def read_coming(path: Path) -> Iterator[Coming]:
    """Leads in the order of the file, one at a time.

    Raises:
        DataError: there is no such file, or a line is no lead.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                where = f"{path}, line {number}"
                if number > MAX_RECORDS or len(line) > MAX_LINE_BYTES:
                    raise DataError(
                        "too much for a pretended CRM",
                        where=where,
                        fix=f"at most {MAX_RECORDS} lines of {MAX_LINE_BYTES} bytes",
                    )
                if line.strip():
                    yield _lead(line, where)
    except OSError as error:
        raise DataError(error.strerror or "cannot be read", where=str(path)) from error


def _lead(line: bytes, where: str) -> Coming:
    try:
        return Coming.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise DataError(
            f"not a lead: {place} {plain(fault)}".replace(":  ", ": "),
            where=where,
            fix='{"id": "17", "fields": {"country": "DE"}, "outcome": "won"}',
        ) from None
