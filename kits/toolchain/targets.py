"""What `kit compile` can make: the targets, and which precisions are tried or may be asked for on each.

Tables only; whether a precision loses too much is measured in `compile.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from kits.core.errors import UsageError

TARGETS: Mapping[str, str] = {
    "cpu": "cpu",
    "openvino": "openvino",
    "tensorrt": "tensorrt",
    "jetson-orin-nano": "tensorrt",
    "jetson-orin-nx": "tensorrt",
    "jetson-agx-orin": "tensorrt",
}
"""What the user names → which artefact the runtime asks for."""
CANDIDATES: Mapping[str, tuple[str, ...]] = {
    "cpu": ("int8",),
    "openvino": ("bf16",),
    "tensorrt": ("fp16",),
}
"""What `auto` tries beside FP32; INT8 on TensorRT only when asked for, see docs."""
PRECISIONS: Mapping[str, tuple[str, ...]] = {
    "cpu": ("auto", "fp32", "int8"),
    "openvino": ("auto", "fp32", "bf16"),
    "tensorrt": ("auto", "fp32", "fp16", "int8"),
}


def check_choice(target: str, precision: str) -> None:
    """Refuses what `kit compile` cannot make.

    Raises:
        UsageError: unknown target, or a precision that means nothing for it.
    """
    if target not in TARGETS:
        raise UsageError(f"no target {target!r}", fix="known: " + ", ".join(TARGETS))
    known = PRECISIONS[TARGETS[target]]
    if precision not in known:
        raise UsageError(
            f"no precision {precision!r} for {target}", fix="known: " + ", ".join(known)
        )
