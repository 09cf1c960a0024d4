"""Settings of the dots kit."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Config(BaseModel):
    """`model` in kit.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gain: float = Field(12.0, description="steepness of the score")
    middle: float = Field(0.6, description="brightness, 0 to 1, that scores one half")
    fail: bool = Field(False, description="stop in the middle of the training")
