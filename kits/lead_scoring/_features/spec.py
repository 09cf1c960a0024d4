"""What each column of leads becomes: the part of a bundle that says how a lead is turned into numbers.

Values only: learned by `_learning/encoding.py`, applied by `encoder.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from kits.core.zones import Zone

_WORDS_TOLD = 200


class _Column(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: str = Field(description="the column of the leads")


class NumberColumn(_Column):
    """A number as it is; one that is missing stays so."""

    kind: Literal["number"] = "number"
    units: tuple[str, ...] = Field(
        (),
        description="what its numbers are in, where the tables told it: `EUR`, `%`; a krone may be that of three countries",
    )


class TruthColumn(_Column):
    """Yes is 1, no is 0."""

    kind: Literal["truth"] = "truth"


class ChoiceColumn(_Column):
    """One of several values: a column of its own for each frequent one, for frequent words of values, and how values did in the past."""

    kind: Literal["choice"] = "choice"
    values: tuple[str, ...] = Field(
        description="frequent ones, in lower case; empty text: nothing given"
    )
    rare: tuple[str, ...] = Field(
        (),
        description="digests of the others that were met: a bundle names nobody; a value among neither is new",
    )
    all_met: bool = Field(True, description="whether `values` and `rare` are all that were met")
    words: tuple[str, ...] = Field(
        (), description="frequent words of values, in lower case, where many values are rare"
    )
    rates: dict[str, float] = Field(
        default_factory=dict,
        description="value → its smoothed log-odds of won less the average's; empty: not used",
    )


class DateColumn(_Column):
    """A moment: days before the decision, month, weekday, hour."""

    kind: Literal["date"] = "date"
    age: bool = Field(description="days before the decision, where its moment is known")
    hour: bool = Field(description="the hour, where dates have one")
    zone: Zone = Field("", description="by whose clock; empty: UTC")


class ManyColumn(_Column):
    """Several choices at once: a column for each frequent one, and how many there are."""

    kind: Literal["many"] = "many"
    values: tuple[str, ...] = Field(description="frequent ones, in lower case")
    commas: bool = Field(False, description="commas and line ends join them, too, not `;` alone")
    slashes: bool = Field(False, description="slashes and plus signs join them, too, not `;` alone")


class TextColumn(_Column):
    """A text: whether it holds a word, for each of the most frequent ones, how many words it has, and how its words did in the past."""

    kind: Literal["text"] = "text"
    words: tuple[str, ...] = Field(description="frequent ones, in lower case")
    rates: dict[str, float] = Field(
        default_factory=dict,
        description="word → its smoothed log-odds of won less the average's, which are summed; empty: not used",
    )


Column: TypeAlias = Annotated[
    NumberColumn | TruthColumn | ChoiceColumn | DateColumn | ManyColumn | TextColumn,
    Field(discriminator="kind"),
]


class Week(BaseModel):
    """The time of the week at which a lead came: smoothed log-odds of won, less the average's."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    days: tuple[float, ...] = Field(description="of the seven days, from Monday on")
    parts: tuple[float, ...] = Field(
        (),
        description="of each four hours of working days, then of weekends; empty: days alone tell something",
    )
    zone: Zone = Field("", description="by whose clock days and hours count; empty: UTC")

    @property
    def hours(self) -> bool:
        """Whether hours tell something."""
        return bool(self.parts)


class EncoderSpec(BaseModel):
    """All columns a model sees, in the order of the matrix."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    columns: tuple[Column, ...] = Field(description="columns of leads and what becomes of each")
    week: Week | None = Field(None, description="behind the columns; None: it tells nothing")
    typical: tuple[float | None, ...] = Field(
        (),
        description="for each column of the matrix what stands for a missing one where no lead lacked it: the mean of noughts "
        "and ones, else the median; None: leads lacked it, and that was learned; empty: a missing one stays so",
    )


def words_of_choices(spec: EncoderSpec) -> dict[str, tuple[str, ...]]:
    """Column of choices → words of theirs that a model looks at."""
    return {c.name: c.words for c in spec.columns if isinstance(c, ChoiceColumn) and c.words}


def words_of_texts(spec: EncoderSpec) -> dict[str, tuple[str, ...]]:
    """Column → words of its texts that a model looks at, the most frequent first; so many that a reason finds one."""
    texts = (c for c in spec.columns if isinstance(c, TextColumn))
    return {c.name: tuple(c.rates or c.words)[:_WORDS_TOLD] for c in texts}
