"""The section `alarms` of `agent.yaml`: what becomes of alarms in time. Thresholds and delays are the bundle's."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kits.core.section import Section


class AlarmsConfig(Section):
    """Cases, shelving, floods, and what is recorded around an alarm.

    It counts for bundles whose operating point has an alarm rule.
    """

    open_at: Literal["warn", "alarm"] = Field(
        "alarm", description="level from which an asset's case is opened: warn or alarm"
    )
    close_after_h: float = Field(
        24.0,
        ge=0,
        description="a case whose asset has been normal for so long is closed; 0: only by a person, hours",
    )
    shelve_max_h: float = Field(
        24.0, gt=0, le=8760, description="longest time an asset may be shelved, hours"
    )
    flood_cases: int = Field(
        10,
        ge=1,
        description="more new cases than this within flood_window_s are a flood: one alert",
    )
    flood_window_s: float = Field(600.0, gt=0, description="time for those cases, seconds")
    before_s: float = Field(
        120.0, ge=0, description="raw signals kept from before an alarm's onset, seconds"
    )
    after_s: float = Field(
        30.0, ge=0, description="raw signals kept from after an alarm was raised, seconds"
    )
    rows_s: float = Field(
        60.0,
        ge=0,
        description="windows of an asset that change nothing share one row for so long, seconds",
    )
    audit_per_day: float = Field(
        2.0, ge=0, description="windows of an asset kept at random each day, for unbiased rates"
    )
    novel_per_day: int = Field(
        4, ge=0, description="windows of an asset kept each UTC day because its score is unusual"
    )
    unknown_per_day: int = Field(
        2,
        ge=0,
        description="windows of an asset kept each UTC day because it runs as never before: the first of a stretch",
    )
    max_assets: int = Field(
        1000, ge=1, description="assets watched at most; windows of further ones open no case"
    )
