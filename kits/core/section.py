"""What each part of a configuration, of a file beside data and of a request is; no field is known here."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Frozen; an unknown key is an error, and so is a number that is infinite or none (`.inf`, `.nan`).

    Such a number passes every "0 or more", and makes a sum of money or a time to wait that nothing comes of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
