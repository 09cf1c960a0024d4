"""The section `engine` of `agent.yaml`: what executes the model."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from kits.core.section import Section

_GOLDEN_S = 900.0
Provider = Literal["tensorrt", "cuda", "openvino", "openvino-fp32", "cpu"]
"""What may execute a model, best first."""


class EngineConfig(Section):
    """What executes the model."""

    providers: tuple[Provider, ...] = Field(
        get_args(Provider),
        min_length=1,
        description="in order of preference; openvino computes in what the processor does fastest,"
        " openvino-fp32 in FP32",
    )
    threads: int = Field(0, ge=0, le=256, description="CPU threads; 0: the runtime's choice")
    workspace_bytes: int = Field(1 << 30, gt=0, description="TensorRT's build memory, bytes")
    build_timeout_s: float = Field(3600.0, gt=0, description="longest engine build, seconds")
    build_memory_bytes: int = Field(
        4 << 30, gt=0, description="resident memory of an engine build at most, bytes"
    )
    build_retry_s: float = Field(
        86_400.0, ge=0, description="a failed engine build is not tried again before, seconds"
    )
    cache_bytes: int = Field(
        2 << 30, gt=0, description="engines kept on disk; the least recently used go, bytes"
    )

    @property
    def load_limit_s(self) -> float:
        """A bundle that is not ready after this hangs: two builds, as one may compute something
        else than it should, and the golden samples on every rung."""
        return 2 * self.build_timeout_s + _GOLDEN_S
