"""Golden samples for a compiled bundle: FP32's references at the tolerance its models need.

The references stay those of FP32, so a device proves itself against the model that was judged,
whatever precision it runs. Choosing golden samples in the first place is `bundling.py`'s work.
"""

from __future__ import annotations

from kits.core.bundle import Bundle, GoldenSample
from kits.core.errors import BundleError
from kits.core.prediction import prediction_from_json
from kits.core.ready import ReadyBundle
from kits.toolchain import bundling


def loosen_golden(base: Bundle, ready: ReadyBundle) -> list[tuple[GoldenSample, bytes]]:
    """FP32's golden samples at twice the difference the shipped models show on this machine.

    Samples whose verdict would not hold within that tolerance are left out.

    Raises:
        BundleError: no golden sample holds, so that no device could prove anything.
    """
    differences = []
    for golden in base.golden.samples:
        want = prediction_from_json(golden.prediction)
        got = ready.predict_bytes(base.files[golden.path], golden.media_type)
        differences.append(abs(got.score - want.score) / max(1.0, abs(want.score)))
    floor = bundling.GOLDEN_TOLERANCE["fp32"]
    tolerance = max([floor, *(2 * d for d in differences)])
    kept = []
    for golden in base.golden.samples:
        want = prediction_from_json(golden.prediction)
        got = ready.predict_bytes(base.files[golden.path], golden.media_type)
        same = ready.decide(got).verdict == golden.verdict
        if same and bundling.verdict_holds(base.operating_point, want, tolerance):
            sample = golden.model_copy(update={"tolerance": tolerance})
            kept.append((sample, base.files[golden.path]))
    if base.golden.samples and not kept:
        raise BundleError(
            f"no golden sample keeps its verdict within {tolerance:.3g} of its score",
            fix="kit compile --precision fp32",
        )
    return kept
