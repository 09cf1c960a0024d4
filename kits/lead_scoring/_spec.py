"""What a bundle of this kit holds beside its models, as its `config`. Training writes it, the runtime reads it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kits.lead_scoring._features.spec import EncoderSpec
from kits.lead_scoring._features.usual import Usual
from kits.lead_scoring._models.spec import ModelSpec, Tried
from kits.lead_scoring._reasons.spec import ReasonsSpec
from kits.lead_scoring._roles import LearnedRoles
from kits.lead_scoring._written import Written
from kits.lead_scoring.config import OptOut, SourceConfig, TeamConfig

TREES_ROLE = "trees"
BACKTEST_FILE = "backtest.json"


class TrainedOn(BaseModel):
    """What the shipped models learned from."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    n: int = Field(ge=0, description="decided leads")
    won: int = Field(ge=0, description="of these, won")
    first: str = Field("", description="the oldest lead's moment by ISO 8601; empty: no clock")
    last: str = Field("", description="the latest lead's moment")


class LeadSpec(BaseModel):
    """What the runtime needs to know; the bundle's `config`."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    encoder: EncoderSpec = Field(description="what becomes of each column")
    model: ModelSpec = Field(description="the learned models, their calibration and interval")
    quantiles: tuple[float, ...] = Field(
        description="probabilities, without the time of year, of leads that no model had seen, at equal steps from 0 to 1"
    )
    base_rate: float = Field(ge=0, le=1, description="share of won among the leads learned from")
    reasons: ReasonsSpec = Field(description="what became of leads by their values, and the words")
    court: dict[str, JsonValue] = Field(
        default_factory=dict, description="verdicts on columns, as the court wrote them"
    )
    source: SourceConfig = Field(
        default_factory=lambda: SourceConfig.model_validate({}), description="columns' meaning"
    )
    written: Written = Field(
        default_factory=lambda: Written.model_validate({}),
        description="how the tables learned from write numbers and dates: so texts of leads are read",
    )
    roles: LearnedRoles = Field(
        default_factory=lambda: LearnedRoles.model_validate({}),
        description="what the columns of the tables learned from are for: so those of later tables are taken",
    )
    opt_out: OptOut = Field((), description="a yes in any of these: the person is not scored")
    team: TeamConfig = Field(
        default_factory=lambda: TeamConfig.model_validate({}),
        description="what the team can do, and what a lead is worth",
    )
    lost_after_days: float = Field(
        0,
        ge=0,
        description="days after which leads that nobody closed counted as lost; 0: none did",
    )
    protected: tuple[str, ...] = Field(
        (), description="columns that are never learned from, and reported by group"
    )
    trained_on: TrainedOn = Field(description="what the models learned from")
    usual: dict[str, Usual] = Field(
        default_factory=dict,
        description="what columns held in the latest of these leads: later leads are compared with them",
    )
    tried: tuple[Tried, ...] = Field((), description="models that were tried, the one taken first")
