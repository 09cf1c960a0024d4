"""`kit.yaml` as one model: what a project is about, where it runs, what mistakes cost.

The settings of the kit itself are its own `config.py`; reading the file and finding the folder is `project.py`'s work.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from kits.core.bundle import NAME_PATTERN
from kits.core.operating_point import Costs
from kits.core.section import Section


class Metric(Section):
    """What is to be reached."""

    name: str = Field("", description="one of the kit's metrics, see `kit list`")
    target: float | None = Field(
        None, description="the value to reach on the test split, in the metric's own unit"
    )


class Device(Section):
    """Where the bundle will run."""

    target: str = Field("cpu", description="what `kit compile` builds for: cpu, openvino, …")
    latency_limit_ms: float | None = Field(
        None, gt=0, description="longest time from frame to decision, milliseconds"
    )


class Gate(Section):
    """What a challenger must not do, beside losing in money."""

    max_new_escapes: int | None = Field(
        None,
        ge=0,
        description="defects of the test split that the champion catches and a challenger may"
        " let pass, a count; empty: only a rise beyond chance refuses it",
    )


class Split(Section):
    """Shares of the data by purpose; they sum to 1."""

    train: float = Field(0.7, gt=0, lt=1, description="share to learn from, 0 to 1")
    val: float = Field(0.15, gt=0, lt=1, description="share to choose thresholds on, 0 to 1")
    test: float = Field(0.15, gt=0, lt=1, description="share to judge on, 0 to 1")

    @model_validator(mode="after")
    def _whole(self) -> Split:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + val + test must be 1, not {total:g}")
        return self


class DataConfig(Section):
    """How imported data is grouped and split."""

    order: Literal["auto", "time", "random"] = Field(
        "auto",
        description="`time`: the oldest samples are learned from, the latest judged on; `random`: by lot;"
        " `auto`: by time where the kit's data has a place in time, else by lot, pictures in whole weeks or days where these are known",
    )
    split: Split = Field(Split(), description="shares; used where the data brings no split itself")
    seed: int = Field(0, ge=0, description="decides which group goes where; also seeds training")
    group_by: str = Field(
        "",
        description="regular expression on the file name, or with a `/` in it on the path; what it matches (its first group) "
        "belongs together and never stands in two splits",
    )

    @field_validator("group_by")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return value


class ProjectConfig(Section):
    """`kit.yaml`."""

    kit: str = Field(description="name of the kit, see `kit list`")
    name: str = Field(
        pattern=NAME_PATTERN,
        json_schema_extra={"expected": "1 to 32 of a-z, 0-9 and '-', which is not first or last"},
        description="1 to 32 of a-z, 0-9 and '-': names the bundles and the project at the hub",
    )
    problem: str = Field("", description="one or two sentences: what goes wrong, what it costs")
    metric: Metric = Field(Metric(), description="the goal")
    costs: Costs = Field(Costs(), description="what mistakes cost; thresholds come from it")
    device: Device = Field(Device(), description="where it runs")
    gate: Gate = Field(Gate(), description="what a challenger must not do, see `kit compare`")
    data: DataConfig = Field(DataConfig(), description="grouping and split")
    model: dict[str, JsonValue] = Field(
        default_factory=dict, description="the kit's own settings, see its page"
    )
