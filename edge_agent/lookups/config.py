"""The part `source.lookups` of `agent.yaml`: where the firm's records are, and what of them is used. Data only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from kits.core.addresses import is_safe
from kits.core.section import Section

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
HeaderText = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=500)]


class FieldConfig(Section):
    """One field of a record."""

    path: str = Field(
        min_length=1,
        max_length=200,
        description="where it is in the answer, as total.amount or items.0.name",
    )
    type: Literal["text", "date", "amount", "whole", "email"] = Field(
        "text", description="what it must be; another value counts as absent"
    )
    currency: str = Field(
        "", max_length=200, description="of an amount: ISO 4217 code, or the path of one"
    )


class LookupConfig(Section):
    """A kind of record and the API that tells it."""

    kind: Name = Field(description="kind of record, as in the templates: order")
    url: str = Field(
        max_length=2000, description="address with {key} where the record's number goes"
    )
    secret_env: str = Field(
        "", description="environment variable with the API's secret; empty: none"
    )
    secret_header: HeaderText = Field("Authorization", description="header it is sent in")
    secret_prefix: HeaderText = Field("Bearer ", description="before it")
    headers: dict[str, HeaderText] = Field(
        default_factory=dict, repr=False, description="further headers"
    )
    fields: dict[Name, FieldConfig] = Field(
        min_length=1,
        description="fields that are used; `number` and `customer_email` are compared with the mail",
    )
    timeout_s: float = Field(5.0, gt=0, le=60, description="for one answer, seconds")
    max_bytes: int = Field(65_536, ge=256, le=1 << 22, description="longest answer, bytes")
    cache_s: float = Field(
        60.0, ge=0, le=86_400, description="an answer is used again for, seconds"
    )
    per_minute: int = Field(60, ge=1, le=6_000, description="questions a minute at most")
    pause_s: float = Field(
        60.0, gt=0, le=3_600, description="not asked for so long after three failures, seconds"
    )
    ca_file: Path | None = Field(None, description="PEM file of an authority of the firm's own")
    insecure: bool = Field(False, description="allow http:// beyond this machine")

    @model_validator(mode="after")
    def _usable_url(self) -> LookupConfig:
        if self.url.count("{key}") != 1 or "{key}" in self.url.split("//", 1)[-1].split("/", 1)[0]:
            raise ValueError("the url needs {key} once, behind the host")
        if not self.url.startswith(("http://", "https://")):
            raise ValueError("the url must begin with https:// or http://")
        if not self.insecure and not is_safe(self.url):
            raise ValueError("http:// would show the secret; insecure: true allows it")
        return self
