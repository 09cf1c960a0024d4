"""What the columns of a firm's tables are for: found when they are read, noted with each lead, kept in the bundle.

A later table of few leads tells less than the many that a bundle learned from; what these told is used for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue

if TYPE_CHECKING:  # what scores leads needs no datasets
    from kits.core.dataset import DatasetItem

ROLES = "roles"
"""In a sample's `meta`: the columns of its table by what they are for."""


class LearnedRoles(BaseModel):
    """Columns by what they are for; empty where there is none, or nothing told it."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    id: str = Field("", description="the lead's identifier")
    decided_at: str = Field("", description="the moment at which a lead is scored")
    outcome: tuple[str, ...] = Field((), description="what became of the lead")
    says: tuple[tuple[str, Literal["won", "lost", "open"]], ...] = Field(
        (),
        description="what its cells mean, in lower case; empty: that several columns tell it, or it is no word",
    )
    outcome_at: tuple[str, ...] = Field((), description="when that was known")

    customers: tuple[str, ...] = Field((), description="who asked, of whom some ask again")

    @property
    def mark(self) -> JsonValue:
        """As it stands in `meta`; empty: nothing to note."""
        return cast(JsonValue, self.model_dump(mode="json", exclude_defaults=True))


def roles_of(items: Iterable[DatasetItem]) -> LearnedRoles:
    """Those of most leads of a version; leads that no table told of do not count."""
    marks = (item.sample.meta.get(ROLES) for item in items)
    noted = Counter(LearnedRoles.model_validate(mark) for mark in marks if mark)
    return noted.most_common(1)[0][0] if noted else LearnedRoles.model_validate({})
