"""Settings of the notes kit: what its labels are about."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """`model` in kit.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    labels: dict[str, str] = {}
