"""What each part of a configuration, of a file beside data and of a request is; no field is known here."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Section(BaseModel):
    """Frozen; an unknown key is an error, and so is a number that is infinite or none (`.inf`, `.nan`).

    Such a number passes every "0 or more", and makes a sum of money or a time to wait that nothing comes of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def names_in(said: object) -> object:
    """Names of which one may stand alone, as a text; an empty text is none."""
    if isinstance(said, str):
        return (said,) if said else ()
    return said


Names = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(names_in, json_schema_input_type=str | tuple[str, ...]),
]
"""One name or a list of several."""
