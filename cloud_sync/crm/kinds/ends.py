"""How records end where people said nothing else: the values that are usual, and the fields by which a CRM itself says it.

Stages and statuses are called as each firm likes, and have numbers in HubSpot's further pipelines; whether a record is won
or closed the CRM knows of each of them. That counts for the part, won or lost, of which nobody named values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import JsonValue

from cloud_sync.crm.client.shown import is_yes
from cloud_sync.crm.connection.settings import Outcome


@dataclass(frozen=True, slots=True)
class Ends:
    """Of one kind of object.

    Attributes:
        usual: the outcome by default.
        is_won, is_closed: fields that say yes where it was won, and where it is closed, won or not; empty: there is none.
    """

    usual: Outcome
    is_won: str = ""
    is_closed: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """To be read."""
        return tuple(filter(None, (self.is_won, self.is_closed)))

    def among(self, there: Collection[str]) -> Ends:
        """With the fields only that a CRM has."""
        return replace(
            self,
            is_won=self.is_won if self.is_won in there else "",
            is_closed=self.is_closed if self.is_closed in there else "",
        )

    def of(self, said: Mapping[str, JsonValue], outcome: Outcome) -> Literal["won", "lost", ""]:
        """How a record ended by these fields. `outcome`: of the settings; where that names another field, it alone counts."""
        if outcome.field != self.usual.field:
            return ""
        if self.is_won and is_yes(said.get(self.is_won)):
            return "won" if outcome.won == self.usual.won else ""
        closed = bool(self.is_won and self.is_closed) and is_yes(said.get(self.is_closed))
        return "lost" if closed and outcome.lost == self.usual.lost else ""


NONE: Final = Ends(Outcome())
DEALS: Final = Ends(
    Outcome(field="dealstage", won=("closedwon",), lost=("closedlost",), at="closedate"),
    "hs_is_closed_won", "hs_is_closed",
)  # fmt: skip
"""HubSpot's."""
LEADS: Final = Ends(
    Outcome(
        field="Status", won=("Closed - Converted", "Qualified"),
        lost=("Closed - Not Converted", "Unqualified"), at="ConvertedDate",
    ),
    "IsConverted",
)  # fmt: skip
"""Salesforce's, as the opportunities."""
OPPORTUNITIES: Final = Ends(
    Outcome(field="StageName", won=("Closed Won",), lost=("Closed Lost",), at="CloseDate"),
    "IsWon", "IsClosed",
)  # fmt: skip
