"""How a firm writes numbers and dates: what the texts `1.200` and `03.04.2025` mean to it.

Found when its tables are read, noted with each lead, kept in the bundle, and used for texts that come later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kits.lead_scoring.config import SourceConfig

if TYPE_CHECKING:  # what scores leads needs no datasets
    from kits.core.dataset import DatasetItem

WRITTEN = "written"
"""In a sample's `meta`: how the table it came from writes numbers and dates, where that is not by a point and ISO 8601."""
_COMMA = "comma"
_ORDERS = ("day-first", "month-first", "year-first")


class Written(BaseModel):
    """How numbers and dates are written."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    commas: bool = Field(False, description="the decimal sign is the comma: `1.200` is 1200")
    dates: Literal["", "day-first", "month-first", "year-first"] = Field(
        "",
        description="how `03.04.2025`, `3/4/2025` and `25/04/03` are read; empty: nothing told it",
    )

    timezone: str = Field(
        "", description="zone of times in tables that name none, where a person stated it"
    )

    @property
    def mark(self) -> str:
        """In a few letters; empty: nothing to note."""
        return " ".join(filter(None, (_COMMA if self.commas else "", self.dates, self.timezone)))


def written_from(mark: JsonValue) -> Written | None:
    """The opposite of `mark`; None where nothing is noted."""
    parts = mark.split() if isinstance(mark, str) else []
    dates = next((part for part in parts if part in _ORDERS), "")
    zone = next((part for part in parts if part != _COMMA and part not in _ORDERS), "")
    found = Written.model_validate({"commas": _COMMA in parts, "dates": dates, "timezone": zone})
    return found if found.mark else None


def written_of(items: Iterable[DatasetItem], source: SourceConfig) -> Written:
    """How most tables of a version are written; what a person states comes first."""
    marks = (item.sample.meta.get(WRITTEN) for item in items)
    noted = Counter(found for mark in marks if (found := written_from(mark)) is not None)
    return stated(noted.most_common(1)[0][0] if noted else Written(), source)


def stated(found: Written, source: SourceConfig) -> Written:
    """What was found, but for what a person states."""
    more: dict[str, object] = {}
    if source.numbers != "auto":
        more["commas"] = source.numbers == "decimal-comma"
    if source.dates != "auto":
        more["dates"] = source.dates
    if source.timezone:
        more["timezone"] = source.timezone
    return found.model_copy(update=more)
