"""The section `actions` of `agent.yaml`: what is done for a verdict, one model per kind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from kits.core.operating_point import Verdict
from kits.core.section import Section


class _ActionBase(Section):
    name: str = Field(min_length=1, max_length=40, description="name in events and metrics")
    verdicts: tuple[Verdict, ...] = Field(
        ("act",), description="verdicts it is for: act, review, pass"
    )
    timeout_ms: int = Field(200, gt=0, le=60_000, description="given up after, milliseconds")


class SimulatedActionConfig(_ActionBase):
    """Writes what it would do to a file; for trials and tests."""

    kind: Literal["simulated"] = "simulated"
    path: Path | None = Field(None, description="JSON lines; empty: actions.jsonl in state_dir")


class MqttActionConfig(_ActionBase):
    """Publishes a message to a broker in the plant."""

    kind: Literal["mqtt"] = "mqtt"
    host: str = Field(description="broker")
    port: int = Field(1883, gt=0, lt=65_536, description="broker's port")
    topic: str = Field(min_length=1, description="topic of the message")
    username: str = Field("", description="empty: none")
    password: str = Field("", repr=False, description="empty: none")
    retain: bool = Field(False, description="whether the broker keeps the last message")


class HttpActionConfig(_ActionBase):
    """Calls an address (a PLC gateway, a light, a message service)."""

    kind: Literal["http"] = "http"
    url: str = Field(
        pattern="^https?://",
        json_schema_extra={"expected": "an address that begins with http:// or https://"},
        description="address to call",
    )
    method: Literal["POST", "PUT"] = Field("POST", description="HTTP method")
    headers: dict[str, str] = Field(default_factory=dict, repr=False, description="extra headers")


ActionConfig = Annotated[
    SimulatedActionConfig | MqttActionConfig | HttpActionConfig, Field(discriminator="kind")
]
ACTIONS = (SimulatedActionConfig, MqttActionConfig, HttpActionConfig)
"""One per `kind`."""
