"""Replies in `kit predict`: what the bundle would have drafted, with records from a file in place of the firm's API.

The kit decides what may be said; here its draft is only asked for. Nothing is written into a mailbox, and no
address is called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from kits.core.correspondence import Correspondent, Lookup, Record
from kits.core.errors import DataError, UsageError
from kits.core.prediction import Draft, Prediction
from kits.core.runtime import Payload, Runtime
from kits.core.section import Section

_NO_SIGNS = re.compile(r"[\W_]+")
_SHORTEST = 4
_MAX_BYTES = 100 << 20


NO_DRAFT = "no draft: no page, template or record has an answer to it, or it is none to be answered"


class RecordRow(Section):
    """One record of the file."""

    kind: str = Field(description="kind of record, as in the templates: order")
    key: str = Field(description="its number")
    fields: dict[str, JsonValue] = Field(
        description="flat: dates as 2026-03-16, amounts as 79.90 EUR; customer_email says whose it is"
    )


@dataclass(frozen=True)
class Records:
    """Records by kind and number; a number may be asked for with letters or signs before it."""

    rows: Mapping[tuple[str, str], Mapping[str, JsonValue]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Records:
        """Those of a JSON file: a list of `{"kind", "key", "fields"}`.

        Raises:
            UsageError: it cannot be read.
            DataError: it holds something else.
        """
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise DataError("more records than 100 MB", where=str(path), fix="give fewer")
            content = path.read_bytes()
        except OSError as error:
            raise UsageError(
                error.strerror or str(error),
                where=str(path),
                fix="name a JSON file with the rows of the lookups",
            ) from error
        try:
            rows = TypeAdapter(list[RecordRow]).validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            raise DataError(
                f"no list of records: {first['msg']}",
                where=f"{path}: {'.'.join(str(step) for step in first['loc'])}",
                fix='[{"kind": "order", "key": "48012", "fields": {"customer_email": …}}, …]',
            ) from error
        return cls({(row.kind, _bare(row.key)): row.fields for row in rows})

    def fetch(self, lookups: Sequence[Lookup]) -> tuple[Record, ...]:
        """A record for each lookup, in order, empty where there is none."""
        return tuple(Record(lookup, self._fields(lookup)) for lookup in lookups)

    def _fields(self, lookup: Lookup) -> Mapping[str, JsonValue]:
        asked = _bare(lookup.key)
        for start in range(max(1, len(asked) - _SHORTEST + 1)):
            found = self.rows.get((lookup.kind, asked[start:]))
            # letters before a number may be the firm's own sign; digits are another number
            if found is not None and not any(c.isdigit() for c in asked[:start]):
                return found
        return {}


def drafts_replies(runtime: Runtime) -> bool:
    """Whether the bundle's samples are letters that may be answered."""
    return isinstance(runtime, Correspondent)


def with_draft(
    runtime: Runtime, payload: Payload, prediction: Prediction, records: Records | None = None
) -> Prediction:
    """The prediction with a reply, where the kit's samples may be answered and this one is."""
    draft = _draft(runtime, payload, prediction, records or Records())
    return prediction if draft is None else replace(prediction, draft=draft)


def _draft(
    runtime: Runtime, payload: Payload, prediction: Prediction, records: Records
) -> Draft | None:
    if prediction.draft is not None or not isinstance(runtime, Correspondent):
        return prediction.draft
    # without a file nobody was asked, which is another thing than "there is no such record"
    asked = runtime.lookups(payload, prediction) if records.rows else ()
    return runtime.draft(payload, prediction, records.fetch(asked))


def draft_lines(draft: Draft) -> list[str]:
    """A draft for a terminal: the text, then where each sentence is from, then what was left out and why."""
    sources = (f"{number}. {source}" for number, source in enumerate(draft.citations, start=1))
    return [
        f"subject: {draft.subject}",
        *(f"| {line}".rstrip() for line in draft.body.splitlines()),
        f"its sentences come from: {'  '.join(sources)}",
        *(f"left out: {reason}" for reason in draft.cut),
    ]


def _bare(key: str) -> str:
    return _NO_SIGNS.sub("", key).casefold()
