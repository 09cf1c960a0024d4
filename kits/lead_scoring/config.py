"""The kit's settings: the part `model` of a project's `kit.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    model_validator,
)

from kits.core.section import Names, Section
from kits.core.zones import Zone
from kits.lead_scoring._trial import TRIAL

MOST_PATTERNS = 6_000_000
"""Trees × 4^depth: what each column adds is kept for each pattern of conditions, 150 MB at this bound."""
Approach = Literal["auto", "logistic", "recent", "trees", "mean", "small"]
Headings = Literal["auto", "keep", "leave-out"]
Calibrator = Literal["auto", "none", "platt", "beta", "isotonic"]


def _alone(names: tuple[str, ...]) -> str | tuple[str, ...]:
    return names if len(names) > 1 else "".join(names)


OptOut = Annotated[Names, PlainSerializer(_alone)]
"""Columns in which a yes means that a person is not scored; one is written as a text, which versions without lists read."""


class _Section(Section):
    model_config = ConfigDict(defer_build=True)


class TableConfig(_Section):
    """What one file of a folder, or one sheet of a spreadsheet, is, where it is not found out."""

    file: str = Field(description="its name, or a pattern such as `activities_*.csv`")
    sheet: str = Field(
        "",
        description="title or pattern of the sheet that is meant, where the file is a spreadsheet; empty: each of its sheets",
    )
    role: Literal["leads", "accounts", "events", "history", "sales", "ignore"] = Field(
        description="`leads`: a row each lead; `accounts`: what is known of a firm, product or rep; `events`: what happened"
        " when; `history`: which field had which value from when; `sales`: who has a row is won; `ignore`: left out",
    )
    key: str = Field("", description="its column that names the lead or the account; empty: found")
    of: str = Field("", description="the leads' column with the same values; empty: found")
    at: str = Field("", description="its column with the time, of events and history; empty: found")


class SourceConfig(_Section):
    """Which column of the data means what; empty: found by its name and its cells."""

    id: str = Field("", description="the lead's own identifier")
    outcome: str = Field("", description="what became of the lead")
    won: tuple[str, ...] = Field(
        (),
        description="values of it that mean won; empty: known words. `*`: any cell that says something, `Auftrag*`: cells that begin so. Of a column of amounts a bound: `> 0`",
    )
    lost: tuple[str, ...] = Field(
        (),
        description="values of it that mean lost; empty: known words, or the amounts out of `won`'s bound; all others are open",
    )
    lost_after_days: int = Field(
        0,
        ge=0,
        description="days after which a lead that is still open counts as lost; 0: never, unless no cell means lost",
    )
    open_for_days: int = Field(
        0,
        ge=0,
        description="days for which a lead counts as open whatever it says, because its outcome is not final; 0: none",
    )
    decided_at: str = Field(
        "",
        description="when the score would have been asked for: nothing known later is learned from",
    )
    outcome_at: str = Field("", description="when the outcome was known")
    order: str = Field(
        "",
        description="a number that rises with time, where there is no date; `rows`: the order of the rows",
    )
    dates: Literal["auto", "day-first", "month-first"] = Field(
        "auto", description="how 1/2/2025 is read; auto: by the other dates of its column"
    )
    timezone: Zone = Field(
        "",
        description="time zone of times of day that name none, such as `Europe/Berlin`, and by which days and hours are"
        " counted; empty: UTC",
    )
    numbers: Literal["auto", "decimal-comma", "decimal-point"] = Field(
        "auto", description="how 1.200 is read; auto: by the other numbers of its column"
    )
    headings: Headings = Field(
        "auto",
        description="rows with one cell alone among the leads: `leave-out` as headings of groups, `keep` as leads; auto: left out"
        " where the cell is unlike the others of its column, else kept and told",
    )
    test_leads: Literal["auto", "keep", "leave-out"] = Field(
        "auto",
        description="leads with a test address (`test@…`, `example.com`), a test name, or an address at the firm's own domain:"
        " `leave-out` or `keep` them; auto: kept and told",
    )
    versions: Literal["auto", "keep", "newest"] = Field(
        "auto",
        description="versions of one quote by their ids (`Q7-A`, `Q7-B`, `Q7 v2`): `newest` leaves out all but the last of each,"
        " `keep` takes all for leads; auto: kept and told",
    )
    own_domains: Names = Field(
        (),
        description="domains of the firm's own addresses; empty: that of the leads' owners, where one is told",
    )
    group: str = Field(
        "",
        description="what must stay in one split: account, e-mail domain; `none`: nothing; empty: where leads are split by lot, the"
        " column that names who asked, if some ask again",
    )
    split: str = Field(
        "",
        description="the column whose cells say `train`, `val` or `test`; `none`: neither a column nor a file's name says it;"
        " empty: found",
    )
    tables: tuple[TableConfig, ...] = Field(
        (), description="what the files of a folder are; files not named here are found out"
    )
    mapping: Literal[
        "auto",
        "none",
        "hubspot",
        "salesforce",
        "pipedrive",
        "odoo",
        "zoho",
        "dynamics",
        "bitrix24",
        "kommo",
        "close",
        "capsule",
        "jobber",
        "activecampaign",
        "dolibarr",
    ] = Field("auto", description="whose names the columns have")


class ColumnsConfig(_Section):
    """Columns a person speaks for or against; a person's word is stronger than the court's."""

    exclude: tuple[str, ...] = Field((), description="never learned from")
    keep: tuple[str, ...] = Field((), description="learned from whatever the court says")
    numeric: tuple[str, ...] = Field(
        (), description="read as numbers, whatever else stands in some of their cells"
    )
    categorical: tuple[str, ...] = Field(
        (), description="read as choices, even if they are numbers"
    )
    protected: tuple[str, ...] = Field(
        (),
        description="never learned from nor named as a reason, and reported by group; known words are added",
    )
    opt_out: OptOut = Field(
        (),
        description="one column or a list: a yes in any of them means: this person is not scored",
    )
    actionable: tuple[str, ...] = Field(
        (), description="what the team can change or ask for: hints speak of these"
    )


class CourtConfig(_Section):
    """What becomes of columns that are suspected."""

    leaks: Literal["exclude", "warn"] = Field(
        "exclude", description="columns filled in after the outcome"
    )
    drift: Literal["auto", "exclude", "warn"] = Field(
        "auto", description="columns that tell the period; auto: out where inner folds gain by it"
    )


class TeamConfig(_Section):
    """What the team can do, and what a lead is worth."""

    per_month: int = Field(
        0, ge=0, description="leads the team can call in a month; 0: a tenth of them"
    )
    incoming_per_month: int = Field(
        0,
        ge=0,
        description="leads that come in a month; 0: as in the data, else as many as it holds in all",
    )
    value: float = Field(500.0, ge=0, description="margin of one lead won, money")
    contact: float = Field(20.0, ge=0, description="cost of working on one lead, money")
    warm_share: float = Field(
        0.3,
        gt=0,
        lt=1,
        description="share of leads, after the hot ones, that are called warm, 0 to 1",
    )
    exploration: float = Field(
        0.05,
        ge=0,
        le=0.5,
        description="share of calls that go to leads in random order: the only unbiased data to retrain on; the hub's hot"
        " list shows so many by lot (`leads.exploration` of hub.yaml may lower it)",
    )


class Config(_Section):
    """The kit's part of `kit.yaml`, under `model`."""

    source: SourceConfig = SourceConfig()
    columns: ColumnsConfig = ColumnsConfig()
    court: CourtConfig = CourtConfig()
    team: TeamConfig = TeamConfig()
    approach: Approach = Field(
        "auto", description="`auto` takes what rolling time folds favour; `small` is for few leads"
    )
    calibrator: Calibrator = Field(
        "auto",
        description="`auto` takes what the latest leads favour, and none where rank would be lost",
    )
    refit: bool = Field(
        True,
        description="learn once more from all leads after judging; figures stay those of leads not seen",
    )
    seasons: bool = Field(
        True,
        description="learn the time of year where more is won at one than at another, in each of two years or more",
    )
    week: bool = Field(
        True,
        description="learn the day and the hour at which leads come, where they tell who buys, earlier leads as later ones",
    )
    still_open: bool = Field(
        True,
        description="learn what it says of a lead that it stays open, where it is known how long outcomes take",
    )
    trees: int = Field(
        400,
        ge=10,
        le=5000,
        description="trees of the boosted model; inner folds of large tables grow fewer",
    )
    depth: int = Field(5, ge=2, le=6, description="depth of each")
    learning_rate: float = Field(0.03, gt=0, le=1, description="of the boosted model")
    folds: int = Field(4, ge=2, le=10, description="rolling time folds models are chosen by")
    language: str = Field("en", description="language of reasons: de, en, es, fr, it or nl")
    phrases: str = Field(
        "", description="file with the firm's own words for reasons (YAML); empty: the kit's"
    )

    @model_validator(mode="after")
    def _bounded(self) -> Config:
        if self.trees * 4**self.depth > MOST_PATTERNS:
            fits = MOST_PATTERNS // 4**self.depth
            raise ValueError(
                f"too many for what each column adds: at most {fits} trees of depth {self.depth}"
            )
        return self

    def located(self, root: Path) -> Config:
        """The same with relative paths taken from the project's folder."""
        if not self.phrases:
            return self
        return self.model_copy(update={"phrases": str(root / Path(self.phrases).expanduser())})

    def named(self) -> Mapping[str, str]:
        """Key → file whose content goes into the bundle."""
        return {"phrases": self.phrases} if self.phrases else {}

    def left_out(self, meta: Mapping[str, JsonValue]) -> str:
        """What a sample was taken for that is no lead to learn from; empty: it is one."""
        return str(meta.get(TRIAL, "")) if self.source.test_leads == "leave-out" else ""
