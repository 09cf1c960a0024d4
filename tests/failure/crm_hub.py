"""A hub's server with its loops for leads, as a process of its own that is killed; also `python -m tests.failure.crm_hub DIR`.

Composed as `cloud-sync serve` does, but for the bundle's runtime, which is a rule that a test can compute too, and for
time: leases and pauses of minutes are seconds, because an hour passes in some of them.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import uvicorn
from pydantic import JsonValue

from cloud_sync.app import create_app
from cloud_sync.background import start_leads
from cloud_sync.config import load
from cloud_sync.crm.client import breaker
from cloud_sync.crm.inbound import sweeps
from cloud_sync.crm.outbound import writing
from cloud_sync.crm.scoring import claiming
from cloud_sync.crm.scoring.models import LeadModels
from kits.core.bundle import Bundle
from kits.core.ready import ReadyBundle
from kits.core.runtime import Payload
from tests.cloud_sync.crm.lead_builders import Rule

COLUMN = "hs_analytics_num_visits"


def points_of(visits: float) -> int:
    """What the rule says of a lead: one visit more is another score."""
    return int(visits) * 37 % 97 + 1


@dataclass
class ByVisits(Rule):
    """The points of a lead follow from one of its columns."""

    @property
    def columns(self) -> tuple[str, ...]:
        return (COLUMN,)

    def decode(self, content: bytes, media_type: str) -> Payload:
        told = super().decode(content, media_type)
        assert isinstance(told, dict)
        fields = told["fields"]
        if isinstance(fields, dict) and COLUMN in fields:
            size: JsonValue = points_of(float(str(fields[COLUMN])))
            return {**told, "fields": {"size": size}}
        return told


def make_by_visits(bundle: Bundle) -> ReadyBundle:
    """In place of `make_ready`."""
    return ReadyBundle(bundle, ByVisits())


def main(folder: Path) -> None:
    """Serves until it is killed."""
    claiming.LEASE = writing.LEASE = sweeps.LEASE = timedelta(seconds=3)
    breaker.FIRST_S, breaker.MAX_S, breaker.TRIAL = 0.3, 1.0, timedelta(seconds=2)
    config = load(folder)
    app = create_app(config)
    hub, models = app.state.hub, LeadModels(app.state.hub, make=make_by_visits)
    with ExitStack() as parts:
        start_leads(hub, parts, models)
        uvicorn.run(
            app, host=config.listen.host, port=config.listen.port, lifespan="off", log_level="error",
        )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
