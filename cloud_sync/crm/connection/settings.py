"""What a person says of a CRM connection: values and their bounds only. Secrets are in `connections.py`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from cloud_sync.effects.addresses import checked_url, parse_networks
from kits.core.errors import ConfigError
from kits.core.section import Names, Section

Kind = Literal["hubspot", "salesforce", "pipedrive", "odoo", "dynamics", "webhook"]
KINDS: tuple[Kind, ...] = ("hubspot", "salesforce", "pipedrive", "odoo", "dynamics", "webhook")
ID = "{id}"
"""Stands in `record_url` for a lead's id."""


class Fields(Section):
    """Names of the CRM's fields that scores are written to; empty: the kind's own default."""

    points: str = Field("", description="a number, 1 to 99")
    probability: str = Field("", description="a number, 0 to 1")
    percentile: str = Field("", description="a number, 0 to 100: better than so many of the leads")
    band: str = Field("", description="hot, warm or cold")
    reasons: str = Field("", description="a text of several lines")
    scored_at: str = Field("", description="a moment")


class Outcome(Section):
    """How the CRM says what became of a lead; empty: the kind's own default."""

    field: str = Field("", description="the field")
    won: tuple[str, ...] = Field((), description="its values that mean won")
    lost: tuple[str, ...] = Field((), description="its values that mean lost")
    at: str = Field("", description="the field that says when")


class CrmSettings(Section):
    """One connection, as `crm add` stores it."""

    kind: Kind = Field(description="which CRM; webhook: any program of yours")
    url: str = Field("", description="address of its API; empty: the kind's public one")
    object: str = Field("", description="what a lead is there; empty: the kind's own default")
    columns: tuple[str, ...] = Field(
        (), description="fields that are read; empty: those the bundle learned from"
    )
    scheme: str = Field("", description="how its messages are signed; empty: the kind's own way")
    fields: Fields = Fields()
    outcome: Outcome = Outcome()
    opt_out: Names = Field(
        (), description="one field or a list: a yes in any of them means: this person is not scored"
    )
    persons: Names = Field(
        (),
        description="fields with a lead's e-mail addresses and names, read where the project leaves out test leads"
        " (`test_leads: leave-out`), to tell them, and not kept; empty: the kind's own",
    )
    min_change: int = Field(
        3, ge=1, le=50, description="a score that moved by fewer points is not written"
    )
    complete_after_min: float = Field(
        0, ge=0, le=1440,
        description="minutes after which a new lead is complete: what programs fill in until then (enrichment, a form's second page)"
        " is learned from too; 0: it is as it was scored first",
    )  # fmt: skip
    write: bool = Field(True, description="scores are written back; false: only shown here")
    rate_per_10s: float = Field(
        0, ge=0, description="requests in ten seconds; 0: the kind's own limit"
    )
    leave_of_day: float = Field(
        0.05, ge=0, le=0.95,
        description="share of the requests that the CRM allows in a day which is left to your other programs",
    )  # fmt: skip
    poll_s: float = Field(
        30, ge=1, le=86_400, description="asks so often for changes where it is asked, seconds"
    )
    sweep_h: float = Field(
        24, ge=0, le=744,
        description="all records are listed so often, hours, for what no message told; 0: never, nor at first",
    )  # fmt: skip
    timeout_s: float = Field(15, gt=0, le=120, description="it must answer in this time, seconds")
    allow: tuple[str, ...] = Field(
        (),
        description="networks of your own that may be reached (CIDR); all other private ones are refused",
    )
    record_url: str = Field(
        "",
        description="address of a lead's page in the CRM, https, {id} for its id; empty: the kind's own, if it has one",
    )
    options: dict[str, str] = Field(
        default_factory=dict, description="what only this kind needs, see docs/reference/crm.md"
    )

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        return value and _checked(value).rstrip("/")

    @field_validator("record_url")
    @classmethod
    def _record_url(cls, value: str) -> str:
        scheme, _, rest = value.partition("://")
        if value and (scheme != "https" or ID not in rest.partition("/")[2]):
            raise ValueError(f"an address that begins with https:// and has {ID} after the host")
        # pages of one address tell their records apart after a #, which is no part of an address to call
        if value:
            _checked(value.replace(ID, "1").replace("#", "/"))
        return value

    @field_validator("allow")
    @classmethod
    def _allow(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        parse_networks(value)
        return value


def _checked(url: str) -> str:
    try:
        return checked_url(url).geturl()
    except ConfigError as error:
        raise ValueError(error.what) from error
