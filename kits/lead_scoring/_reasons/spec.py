"""What reasons are made of: how often leads bought by each column's values, and the wording. Part of the bundle.

Values only, learned in `_learning/rates.py`. The explainer reads them; nothing here is computed.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kits.core.zones import Zone

SUBJECTS = (
    "value", "named", "yes", "no", "over", "up_to", "between", "days_over", "days_up_to", "days_between",
    "days_same", "ahead_over", "ahead_up_to", "ahead_between", "one_of", "area", "given", "missing", "new", "rare", "hint",
    "season", "came_day", "came_working", "came_weekend", "open_day", "open_days",
)  # fmt: skip
"""What may be so of a lead in a column; each language has words for all."""
NEWER = frozenset(
    ("area", "days_same", "ahead_over", "ahead_up_to", "ahead_between", "content_for", "content_against", "season", "came_day", "came_working", "came_weekend", "open_day", "open_days")
)  # fmt: skip
"""Of these older bundles have no words: there it is only said that the column is filled in."""
LINES = (
    "share", "few", "with_rest_for", "with_rest_against", "same_for", "same_against", "few_with_rest_for",
    "few_with_rest_against", "never_for", "never_against", "content_for", "content_against", "change", "ask",
)  # fmt: skip
"""Whole lines: reasons, and the two kinds of hints."""

Kind = Literal["number", "choice", "many", "days", "given", "season", "week", "open"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Tally(_Part):
    """Decided leads, and how many of them were won."""

    n: int = Field(0, ge=0, description="decided leads")
    won: int = Field(0, ge=0, description="of these, won")

    @property
    def share(self) -> float:
        """Won among them, 0 to 1; 0 where there are none."""
        return self.won / self.n if self.n else 0.0


class Bin(Tally):
    """Leads whose number lies between two cuts."""

    only: float | None = Field(None, description="the one number in it; None: several")


class ColumnReasons(_Part):
    """One column: what became of leads by its values, and how it is spoken of."""

    kind: Kind = Field(
        description="how values are told apart; `many`: several choices at once; `days`: days before the decision; "
        "`given`: only whether there is one; `season`: the time of year at which the lead is decided on; `week`: the time of the week; `open`: the days for which it "
        "has been open"
    )
    label: str = Field(description="the column's name for people")
    cuts: tuple[float, ...] = Field((), description="upper ends of all bins but the last, rising")
    bins: tuple[Bin, ...] = Field(
        (),
        description="leads by number or days: one more than cuts; of `open` those that were still open at the cut before, or of no age",
    )
    choices: dict[str, Tally] = Field(
        default_factory=dict,
        description="leads by choice, in lower case; of `many` a lead counts for each of its choices, of `season` for the three "
        "months that it came in, by each month's number, of `week` for its day, or for its hours of a working day or a weekend",
    )
    words: dict[str, Tally] = Field(
        default_factory=dict,
        description="of `choice`: leads by the words of their choices that the model looks at; of `given`: by those of their texts",
    )
    rest: Tally = Field(default_factory=Tally, description="leads of choices too rare to be listed")
    given: Tally = Field(default_factory=Tally, description="leads with any value")
    missing: Tally = Field(default_factory=Tally, description="leads without a value")
    flag: bool = Field(False, description="its choices are yes and no")
    commas: bool = Field(False, description="of `many`: commas and line ends join choices, too")
    slashes: bool = Field(False, description="of `many`: slashes and plus signs join choices, too")
    names: dict[str, str] = Field(default_factory=dict, description="choices by the firm's names")
    spelt: dict[str, str] = Field(
        default_factory=dict,
        description="choices as they are spelt, where that is not in lower case",
    )
    templates: dict[str, str] = Field(
        default_factory=dict, description="its own wording by situation"
    )
    unit: str = Field("", description="word after its numbers")
    divide_by: float = Field(1.0, gt=0, description="numbers are divided by this when shown")
    actionable: bool = Field(False, description="the team can change it, or ask for it")
    hours: bool = Field(False, description="of `week`: hours are told, not days alone")
    zone: Zone = Field("", description="of `week`: by whose clock; empty: UTC")
    peak: int = Field(1, ge=1, le=12, description="of `season`: the best month")


class Wording(_Part):
    """One language's words for reasons."""

    language: str = Field("en", description="ISO 639-1 code")
    decimal: str = Field(".", description="decimal point")
    thousands: str = Field(",", description="between thousands")
    months: tuple[str, ...] = Field((), description="names of the twelve months")
    days: tuple[str, ...] = Field((), description="names of the seven days, from Monday on")
    subjects: dict[str, str] = Field(description="situation → what is so, with {label}, {value} …")
    lines: dict[str, str] = Field(description="kind of line → the whole line, with {subject} …")

    @model_validator(mode="after")
    def _complete(self) -> Wording:
        absent = {*SUBJECTS, *LINES} - {*self.subjects, *self.lines} - NEWER
        if absent:
            raise ValueError(f"there are no words for {sorted(absent)[0]}")
        return self


class ReasonsSpec(_Part):
    """All that the explainer needs; in the bundle's config."""

    base: Tally = Field(default_factory=Tally, description="all decided leads that were counted")
    columns: dict[str, ColumnReasons] = Field(
        default_factory=dict, description="columns that may be named as a reason"
    )
    wording: Wording = Field(description="the words")
