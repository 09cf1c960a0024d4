"""`machines.yaml`: what a person states about a folder of machine data, instead of a guess.

One checked model, every key optional. It says what columns mean and how to cut; it reads no data
and takes no decision of its own.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, field_validator, model_validator

from kits.core.section import Section
from kits.core.settings import read_beside
from kits.core.window import MAX_NAME
from kits.core.zones import known_zone
from kits.predictive_maintenance._reading.formats.table import Column, short_name

NAMES = ("machines.yaml", "machines.yml")
_T = TypeVar("_T", str, float)


class TimeColumn(Section):
    """When a row was recorded."""

    column: str = Field("", description="column with the time; empty: found by its name")
    format: str = Field(
        "",
        description="strptime format (`%d.%m.%Y %H:%M:%S`), or `s`, `ms`, `us`, `ns` for numbers "
        "since 1970; empty: found out",
    )
    timezone: str = Field(
        "UTC", description="time zone of times that name none, such as `Europe/Berlin`"
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        return known_zone(name)


class Labels(Section):
    """What is known of faults."""

    columns: tuple[str, ...] = Field(
        (), description="columns that state a fault; several are joined, the first that tells one"
    )
    normal: tuple[str | float, ...] | dict[str, tuple[str | float, ...]] = Field(
        (),
        description="values that mean: nothing wrong, for all label columns or by column; empty: 0, "
        "normal, ok, healthy and the like",
    )
    file: str = Field(
        "", description="file with the times of faults: .json (file → windows) or .csv (start, end)"
    )
    before_h: float | None = Field(
        None,
        gt=0,
        description="what is stated are stops of the machine: a fault counts as there for so many hours before each, and the"
        " stop itself is left out; empty: it is stated since when a fault was there",
    )


class Life(Section):
    """Runs to failure."""

    unit: str = Field("", description="column that names the unit (engine, bearing)")
    cycle: str = Field("", description="column that counts its cycles")
    ends_in_failure: bool = Field(
        True, description="false: the recordings end while the unit still works"
    )
    interval_h: float | None = Field(
        None, gt=0, description="hours between two captures of one unit; empty: from names or times"
    )


class Learn(Section):
    """How much of each recording, or of rows of parts that have times, may be learnt from: it is cut in time."""

    rows: int | None = Field(None, ge=2, description="readings from the start")
    share: float | None = Field(None, gt=0, lt=1, description="share of the recording, 0 to 1")
    calibrate: float = Field(
        0.375, gt=0, lt=1, description="share of the learnt part that thresholds are chosen on"
    )
    by: Literal["time", "lot"] = Field(
        "time",
        description="how rows of parts that have times are split: the latest judge, or by lot",
    )


class LeftOut(Section):
    """A stretch of time that nothing is learnt from and nothing is judged on."""

    machine: str = Field("", description="as its recordings are called; empty: all machines")
    start: datetime | None = Field(
        None,
        description="its beginning, such as `2024-05-03 14:00`, in the zone of `time.timezone` unless it states one; a day "
        "alone is its midnight; empty: from the first reading on",
    )
    end: datetime | None = Field(
        None, description="its end, which is not part of it; empty: to the last reading"
    )
    reason: str = Field("", description="why, as the import repeats it")

    @model_validator(mode="after")
    def _is_a_stretch(self) -> LeftOut:
        if self.start is None and self.end is None:
            raise ValueError("state start, end or both")
        if self.start is not None and self.end is not None:
            alike = (self.start.tzinfo is None) == (self.end.tzinfo is None)
            if alike and self.end <= self.start:
                raise ValueError("end is not after start")
        return self


class Sidecar(Section):
    """The whole of `machines.yaml`."""

    format: Literal["", "table", "snapshots", "captures", "windows"] = Field(
        "", description="what the folder is; empty: found out"
    )
    sheet: str = Field(
        "", description="title or pattern of the sheet to read of spreadsheets; empty: found out"
    )
    asset: str = Field(
        "", description="`file`, `folder`, or the column that names the machine; empty: found out"
    )
    group: tuple[str, ...] = Field(
        (), description="columns that together name one physical unit; it stays in one split"
    )
    time: TimeColumn = Field(TimeColumn(), description="when a row was recorded")
    rate_hz: float | None = Field(None, gt=0, description="readings per second")
    duration_s: float | None = Field(
        None, gt=0, description="seconds one row lasts, where a file per sensor has a row per cycle"
    )
    labels: Labels = Field(Labels(), description="what is known of faults")
    leave_out: tuple[LeftOut, ...] = Field(
        (), description="stretches of time that nothing is learnt from and nothing is judged on"
    )
    ignore: tuple[str, ...] = Field((), description="columns that are left out")
    keep: tuple[str, ...] = Field(
        (), description="columns that look as if they give the answer away, but are known before"
    )
    names: dict[str, str] = Field(
        {},
        description="channel → what it is called in the model, so that tags of several machines are one channel; `*` and"
        " `?` stand for signs. All other keys name channels as the files do",
    )
    units: dict[str, str] = Field({}, description="channel → physical unit")
    scale: dict[str, float] = Field(
        {}, description="channel → factor from the file's number to the unit; `*` for all others"
    )
    speed: str | float = Field(
        "",
        description="column with the shaft's speed in rpm, or the speed itself; a speed that changes stays a channel in"
        " rpm and is followed",
    )
    mains_hz: float | None = Field(None, gt=0, description="frequency of the mains, 50 or 60")
    life: Life = Field(Life(), description="runs to failure")
    learn: Learn = Field(
        Learn(), description="how much of each recording, and of rows of parts, may be learnt from"
    )

    @field_validator("names")
    @classmethod
    def _each_a_name(cls, stated: dict[str, str]) -> dict[str, str]:
        if any(not name.strip() or len(name) > MAX_NAME for name in stated.values()):
            raise ValueError(f"a name has 1 to {MAX_NAME} signs")
        return {short_name(name): value.strip() for name, value in stated.items()}

    @field_validator("units", "scale")
    @classmethod
    def _as_channels_are_called(cls, stated: dict[str, _T]) -> dict[str, _T]:
        return {short_name(name): value for name, value in stated.items()}


def unit_of(column: Column, sidecar: Sidecar, otherwise: str = "") -> str:
    """The unit of a channel: stated, of its header, that of a stated speed, or what holds for its file."""
    told = column.unit or ("rpm" if column.name == sidecar.speed else otherwise)
    return sidecar.units.get(column.name, told)


def normal_values(labels: Labels, column: str) -> tuple[str | float, ...]:
    """The stated normal values of one label column; empty when none are stated."""
    if isinstance(labels.normal, dict):
        return next((v for n, v in labels.normal.items() if n.lower() == column.lower()), ())
    return labels.normal


def load_sidecar(path: Path) -> Sidecar:
    """What is stated beside the data; an empty statement when there is no `machines.yaml`.

    Args:
        path: the folder, or one file in it.

    Raises:
        ConfigError: not YAML, an unknown key, or a value of the wrong kind.
    """
    return read_beside(path, NAMES, Sidecar)
