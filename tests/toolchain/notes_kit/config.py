"""Settings of the notes kit: none."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """`model` in kit.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
