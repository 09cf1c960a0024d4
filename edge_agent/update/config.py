"""The section `update` of `agent.yaml`: how a new bundle takes over."""

from __future__ import annotations

from pydantic import Field

from kits.core.section import Section


class UpdateConfig(Section):
    """How a new bundle takes over."""

    poll_s: float = Field(30.0, gt=0, description="the hub is asked this often, seconds")
    first_bundle_wait_s: float = Field(
        120.0,
        ge=0,
        description="an enrolled device without any bundle begins a folder or video file after"
        " this at the latest, seconds; a live camera never waits: its safe side decides",
    )
    shadow_samples: int = Field(
        100, ge=0, description="samples judged by old and new beforehand; 0: no shadow"
    )
    shadow_max_s: float = Field(
        600.0, gt=0, description="after this, 20 samples in the shadow are enough, seconds"
    )
    max_disagreement: float = Field(
        0.5, ge=0, le=1, description="share of shadow samples with another verdict that refuses it"
    )
    probation_samples: int = Field(
        200, ge=0, description="samples judged on probation before a bundle is committed"
    )
    probation_min_s: float = Field(300.0, ge=0, description="shortest probation, seconds")
    probation_max_s: float = Field(
        3600.0, gt=0, description="after this, 20 samples on probation are enough, seconds"
    )
    max_latency_factor: float = Field(
        1.2,
        gt=1,
        description="p95 latency against the shadow's, unless the bundle declares a limit",
    )
    latency_slack_ms: float = Field(
        10.0,
        ge=0,
        description="added to that limit: on a fast model noise is no fault, milliseconds",
    )
    max_psi: float = Field(
        0.25, gt=0, description="change of the scores since the shadow, population stability index"
    )
    max_crashes: int = Field(
        3, ge=1, description="ends without a stop within crash_window_s that take a bundle back"
    )
    hang_s: float = Field(
        30.0, gt=0, description="a model that works on one sample longer ends the agent, seconds"
    )
    crash_window_s: float = Field(600.0, gt=0, description="time for those ends, seconds")

    @property
    def start_limit_s(self) -> float:
        """More time than this the agent does not ask for to start: if a bundle makes it hang, so
        many starts must fit into `crash_window_s` that the bundle goes back."""
        return self.crash_window_s / (self.max_crashes + 2)
