"""What every section of `agent.yaml` is: frozen, and an unknown key is an error."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One section; `config.py` puts them together."""

    model_config = ConfigDict(extra="forbid", frozen=True)
