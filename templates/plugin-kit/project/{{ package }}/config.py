"""The kit's part of `kit.yaml`, under `model`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Config(BaseModel):
    """Settings of training."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    smallest_spread: float = Field(
        1e-6, gt=0, description="the spread is taken to be at least this, in the number's unit"
    )
