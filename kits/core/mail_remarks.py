"""Remarks: what is told of a decided mail beside its decision, in `DecisionBody.meta` and so in a sample's `meta`.

The names and types, writing and reading of them. It decides nothing. Other kits put other things into `meta`, and a
mail's source may too: all that is no remark passes untouched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from kits.core.events import JsonObject


class ErasedRemark(BaseModel):
    """What is left of a mail of which the hub erased the text."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, defer_build=True)

    at: str = Field(description="when, ISO 8601 with an offset")
    digest: str = Field(description="SHA-256 of its bytes, hexadecimal; empty: the hub had none")


class MailRemarks(BaseModel):
    """A name that is not set is not written."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    who: str = Field(
        "", description="keyed digest by which the device knows the correspondent: no other can make it"
    )  # fmt: skip
    gate: Literal["", "closed"] = Field(
        "", description="closed: the bundle would have acted, and its gate sent the mail to a person"
    )  # fmt: skip
    audit: bool = Field(
        False, description="the bundle would have acted, and the mail was drawn at random for a person"
    )  # fmt: skip
    would: str = Field(
        "", description="what the mailbox would have done, in words; in a dry run only"
    )
    suggested: str = Field(
        "", description="label that a language model suggests to a person; it decides nothing"
    )
    suggested_by: str = Field("", description="name of that model")
    erased: ErasedRemark | None = Field(None, description="written by the hub only")


def write_remarks(meta: Mapping[str, JsonValue], remarks: MailRemarks) -> JsonObject:
    """`meta` with the remarks that are set; they replace what stood there by their names."""
    return {**meta, **remarks.model_dump(mode="json", exclude_unset=True)}


def read_remarks(meta: Mapping[str, JsonValue]) -> MailRemarks:
    """The remarks in a `meta` from anywhere; one of another type than it should have counts as not there."""
    found = {name: meta[name] for name in MailRemarks.model_fields if name in meta}
    try:
        return MailRemarks.model_validate(found)
    except ValidationError as error:
        odd = {fault["loc"][0] for fault in error.errors(include_url=False)}
        return MailRemarks.model_validate({k: v for k, v in found.items() if k not in odd})
