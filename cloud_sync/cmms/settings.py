"""The section `cmms` of `hub.yaml`: the maintenance system that gets work orders and answers. Values only.

Secrets are not in the file: it names the environment variables that hold them.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from cloud_sync.effects.settings import Guarded
from kits.core.section import Section

TOLD = frozenset({"opened", "escalated", "returned", "closed"})
"""The steps of a case that a CMMS hears of; only the first two make a work order."""


class OdooConfig(Section):
    """Odoo's maintenance requests."""

    api: Literal["json2", "jsonrpc"] = Field(
        "json2", description="json2: Odoo 19 and later; jsonrpc: earlier ones"
    )
    database: str = Field("", description="its database; json2: only where it serves several")
    login: str = Field("", description="the user whose API key it is; jsonrpc only")
    model: str = Field("maintenance.request", description="what a work order is")
    reference_field: str = Field(
        "", description="a text field for the case's id; empty: it stands in the title"
    )
    cause_field: str = Field(
        "", description="the field with the cause code; empty: none comes back"
    )
    acknowledged_stages: tuple[str, ...] = Field(
        ("In Progress",), description="names of stages that mean: somebody has taken it on"
    )


class ErpnextConfig(Section):
    """A DocType of ERPNext; the fields are named as in its form's API names."""

    doctype: str = Field("Issue", description="what a work order is")
    subject_field: str = Field("subject", description="gets the title")
    text_field: str = Field("description", description="gets the details")
    reference_field: str = Field(
        "custom_kitwright_case", description="a custom text field, unique, for the case's id"
    )
    asset_field: str = Field("", description="gets the asset's name; empty: it is in the title")
    status_field: str = Field("status", description="where the state of the work stands")
    cause_field: str = Field(
        "", description="the field with the cause code; empty: none comes back"
    )
    acknowledged: tuple[str, ...] = Field(
        ("Replied", "On Hold"), description="states that mean: somebody has taken it on"
    )
    done: tuple[str, ...] = Field(
        ("Resolved", "Closed"), description="states that mean: it is done"
    )
    extra: dict[str, str] = Field(
        default_factory=dict, description="further fields and their values, where it demands some"
    )


class CmmsConfig(Guarded):
    """Work orders in the firm's own maintenance system."""

    kind: Literal["none", "odoo", "erpnext", "webhook"] = Field(
        "none", description="which one; webhook: a program of yours"
    )
    url: str = Field("", description="its address, https://…; of a webhook: where cases are posted")
    key_env: str = Field(
        "KITWRIGHT_CMMS_KEY",
        description="environment variable that holds Odoo's API key, ERPNext's KEY:SECRET, or the"
        " webhook's whsec_…",
    )
    inbound_secret_env: str = Field(
        "KITWRIGHT_CMMS_SECRET",
        description="environment variable that holds the secret of messages to /v1/cmms/NAME,"
        " whsec_…; not set: none are taken",
    )
    from_level: Literal["warn", "alarm"] = Field(
        "alarm", description="a case gets a work order when it reaches this level"
    )
    causes: dict[str, str] = Field(
        default_factory=dict,
        description="cause code of the CMMS → label; normal: a false alarm; a code that is not here"
        " closes without a label and raises an alert",
    )
    poll_s: float = Field(
        60, ge=0, le=86_400, description="asks so often what became of orders, seconds; 0: never"
    )
    timeout_s: float = Field(10, gt=0, le=60, description="it must answer in this time")
    odoo: OdooConfig = OdooConfig()
    erpnext: ErpnextConfig = ErpnextConfig()

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must be https://HOST (or http:// in your own network)")
        if parts.username or parts.password:
            raise ValueError("no secret belongs here: name its variable in key_env")
        return value.rstrip("/")

    @field_validator("causes")
    @classmethod
    def _causes(cls, value: dict[str, str]) -> dict[str, str]:
        if any(not label or len(label) > 64 for label in value.values()):
            raise ValueError("each code needs a label of 1 to 64 characters")
        return value

    @model_validator(mode="after")
    def _has_url(self) -> CmmsConfig:
        if self.kind != "none" and not self.url:
            raise ValueError(f"cmms.kind: {self.kind} needs cmms.url")
        return self

    @property
    def target(self) -> str:
        """Its name as a receiver of effects and in addresses; empty when there is none."""
        return {"none": "", "webhook": "cmms"}.get(self.kind, self.kind)
