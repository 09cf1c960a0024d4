"""The `model` section of a predictive-maintenance project: one checked model, every field with its unit.

No defaults are hidden elsewhere. Costs, splits and the device target belong to the project, not to the kit;
what the columns of the data mean is said beside the data, in `machines.yaml`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from kits.core.section import Section
from kits.predictive_maintenance._signals.groups import GroupName

Approach = Literal["auto", "physics", "condition", "fault-class", "remaining-life"]


class ConditionConfig(Section):
    """How to learn normal running."""

    lags: int = Field(
        10,
        ge=1,
        le=60,
        description="readings side by side in one row of a table; fewer where it has more than 100 columns",
    )
    median: int = Field(3, ge=1, le=301, description="readings whose median is the condition index")
    explained: float = Field(
        0.9, gt=0.1, lt=1, description="share of the variance that the main components keep"
    )
    settle: int = Field(
        20,
        ge=0,
        description="readings after a change of regime, or a silence where there are regimes, that are not judged",
    )
    max_regimes: int = Field(
        6, ge=1, le=20, description="operating regimes looked for at most; 1: none"
    )
    regime_channels: tuple[str, ...] = Field(
        (), description="channels that tell the regime (speed, load, a set point); empty: found"
    )


class LifeConfig(Section):
    """How to learn remaining life."""

    window: int = Field(30, ge=2, le=500, description="readings whose course is looked at")
    cap: float = Field(
        0.0,
        ge=0,
        description="remaining life above this counts as this, in the data's unit: a healthy machine does not"
        " tell its age; 0: 0.63 × the median life",
    )
    confidence: float = Field(0.9, gt=0.5, lt=1, description="of the interval")
    trees: int = Field(300, ge=20, le=3000, description="trees of each model")
    depth: int = Field(4, ge=2, le=10, description="depth of each tree")
    network: Literal["auto", "never", "always"] = Field(
        "auto",
        description="whether a small network is tried beside the trees: `auto` where there is a GPU or it takes no"
        " more than two minutes, `always` however long it takes; it ships only where it wins",
    )
    lead: float = Field(
        0.0, ge=0, description="warning time maintenance needs, in the data's unit; 0: cap / 4"
    )


class FaultConfig(Section):
    """How to learn named faults."""

    trees: int = Field(400, ge=20, le=3000, description="trees of the boosted model")
    depth: int = Field(6, ge=2, le=10, description="depth of each tree")


class AlarmConfig(Section):
    """When a score becomes an alarm (terms of ISA-18.2)."""

    on_delay_s: float = Field(
        -1.0,
        ge=-1,
        description="the score stays up this long, seconds; -1: 10 readings, 3 cycles or captures",
    )
    off_delay_s: float = Field(
        -1.0,
        ge=-1,
        description="… and down this long to clear, seconds; -1: 30 readings, 3 cycles or captures",
    )
    deadband: float = Field(0.0, ge=0, lt=1, description="clears only this share below the level")


class Config(Section):
    """The kit's part of `kit.yaml`, under `model`."""

    approach: Approach = Field(
        "auto",
        description="`physics` needs no data but bearing numbers, speed and machine class; `condition` learns"
        " normal running; `fault-class` labelled conditions; `remaining-life` histories that end in"
        " failure; `auto` looks at the data",
    )
    false_alarms_per_month: float = Field(
        1.0, gt=0, le=1000, description="tolerated per machine, 30 days of running"
    )
    bearings: tuple[str, ...] = Field(
        (), description="numbers (`6205`), or `name=elements,ball mm,pitch mm,contact °`"
    )
    bearing_table: str = Field("", description="a CSV of your own bearings beside the packaged one")
    speed_rpm: float = Field(
        0.0, ge=0, description="shaft speed where the data does not say it; 0: unknown"
    )
    speed_channel: str = Field(
        "",
        description="channel with the shaft's speed in rpm, also while it changes; empty: the only one whose unit is"
        " rpm; `none`: no channel",
    )
    tacho_channel: str = Field(
        "",
        description="channel with a tacho's pulses; empty: the one whose name begins with tacho or keyphasor;"
        " `none`: no channel",
    )
    tacho_pulses: float = Field(1.0, gt=0, description="pulses of the tacho per turn of the shaft")
    speed_range_rpm: tuple[float, ...] = Field(
        (),
        description="slowest and fastest steady speed, `[1400, 1500]`: it is then found in the vibration where nothing"
        " says it, in windows of at least 100 turns; empty: it is not looked for",
    )
    machine_class: str = Field(
        "", description="ISO 20816-3 group and mounting, as `group2-rigid`; empty: no zones"
    )
    window: int = Field(
        0,
        ge=0,
        description="readings of one window of a waveform; 0: 4096, or a whole slow capture",
    )
    hop: int = Field(0, ge=0, description="readings from window to window; 0: no overlap")
    features: tuple[GroupName, ...] = Field(
        (),
        description="groups of features of waveforms, see docs: features; empty: by unit and speed",
    )
    envelope_bands: Literal["fixed", "kurtogram"] = Field(
        "fixed",
        description="where bearings are listened to: `fixed` three parts of the spectrum, `kurtogram` also the band"
        " in which impacts ring, found in the recordings",
    )
    gear_orders: tuple[float, ...] = Field(
        (), description="turns of the other shafts of a gearbox per turn of this one"
    )
    ignore: tuple[str, ...] = Field((), description="channels left out")
    mains_hz: float = Field(50.0, gt=0, description="frequency of the electric grid, Hz")
    condition: ConditionConfig = ConditionConfig()
    life: LifeConfig = LifeConfig()
    faults: FaultConfig = FaultConfig()
    alarm: AlarmConfig = AlarmConfig()

    @field_validator("speed_range_rpm")
    @classmethod
    def _two_speeds(cls, limits: tuple[float, ...]) -> tuple[float, ...]:
        if limits and not (len(limits) == 2 and 0 < limits[0] < limits[1]):
            raise ValueError("two speeds, the slower one first; for example [1400, 1500]")
        return limits
