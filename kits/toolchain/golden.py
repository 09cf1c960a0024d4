"""Golden samples: inputs with reference outputs by which a device proves that it computes what was judged.

They are chosen once, with the FP32 models, and their references stay those of FP32 whatever precision
a device runs. The tolerance says how far another precision may be off; only samples whose verdict holds
within it are taken, so that a device can test score and verdict. Packing them is `bundling.py`'s work.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from kits.core.bundle import (
    Bundle,
    GoldenSample,
)
from kits.core.dataset import Dataset, Split
from kits.core.errors import BundleError, DataError
from kits.core.operating_point import OperatingPoint
from kits.core.prediction import Prediction, prediction_from_json, prediction_to_json
from kits.core.ready import ReadyBundle
from kits.core.sample import digest_of

GOLDEN_TOLERANCE = {"fp32": 1e-3, "fp16": 2e-2, "int8": 1e-1}
"""Largest difference of the score, relative to the larger of 1 and the score, by precision."""
MAX_GOLDEN = 20
_MAX_GOLDEN_BYTES = 24 << 20
_SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/bmp": ".bmp",
    "message/rfc822": ".eml",
    "application/json": ".json",
    "application/vnd.kitwright.window+cbor": ".cbor",
}


def choose_golden(
    ready: ReadyBundle,
    given: Iterable[tuple[bytes, str]],
    made: Iterable[tuple[bytes, str]] = (),
    *,
    tolerance: float = GOLDEN_TOLERANCE["fp32"],
) -> list[tuple[GoldenSample, bytes]]:
    """Up to 20 inputs, spread over the verdicts, with reference outputs.

    A sample whose verdict would change within the tolerance is left out: it would make a good
    device look broken. Samples far from every threshold come first, so that they also serve
    lower precisions.

    Args:
        given: inputs with their media types, as `candidates` gives samples.
        made: such inputs that take their place where none of them serves.
    """
    found = _choose_golden(ready, given, tolerance)
    return found or _choose_golden(ready, made, tolerance)


def _choose_golden(
    ready: ReadyBundle, candidates: Iterable[tuple[bytes, str]], tolerance: float
) -> list[tuple[GoldenSample, bytes]]:
    clear: dict[str, list[tuple[GoldenSample, bytes]]] = {}
    close: dict[str, list[tuple[GoldenSample, bytes]]] = {}
    for content, media_type in candidates:
        try:
            prediction = ready.predict_bytes(content, media_type)
        except DataError:
            continue
        point = ready.bundle.operating_point
        if not verdict_holds(point, prediction, 2 * tolerance):
            continue
        sample = _golden_sample(content, media_type, prediction, ready, tolerance)
        place = clear if verdict_holds(point, prediction, GOLDEN_TOLERANCE["int8"]) else close
        place.setdefault(sample.verdict, []).append((sample, content))
    ordered = {v: clear.get(v, []) + close.get(v, []) for v in {*clear, *close}}
    return sorted(_spread(ordered), key=lambda pair: pair[0].path)


def candidates(dataset: Dataset) -> Iterator[tuple[bytes, str]]:
    """Samples of val, then train, at most 100 of each; a fixed selection for a version."""
    splits: tuple[Split, ...] = ("val", "train")
    for split in splits:
        items = sorted(dataset.of(split), key=lambda i: i.sample.digest)
        for item in items[:100]:
            if item.sample.digest:
                yield dataset.content(item), item.sample.media_type


def _golden_sample(
    content: bytes, media_type: str, prediction: Prediction, ready: ReadyBundle, tolerance: float
) -> GoldenSample:
    suffix = _SUFFIXES.get(media_type, ".bin")
    return GoldenSample(
        path=f"golden/{digest_of(content)[:16]}{suffix}",
        media_type=media_type,
        prediction=prediction_to_json(prediction),
        verdict=ready.decide(prediction).verdict,
        tolerance=tolerance,
    )


def _spread(
    by_verdict: Mapping[str, list[tuple[GoldenSample, bytes]]],
) -> list[tuple[GoldenSample, bytes]]:
    """Takes from each verdict in turn until 20 samples or the byte limit are reached."""
    queues = [list(by_verdict[verdict]) for verdict in sorted(by_verdict)]
    taken: dict[str, tuple[GoldenSample, bytes]] = {}
    size = 0
    while any(queues) and len(taken) < MAX_GOLDEN:
        for queue in queues:
            if not queue or len(taken) >= MAX_GOLDEN:
                continue
            sample, content = queue.pop(0)
            if size + len(content) <= _MAX_GOLDEN_BYTES:
                taken.setdefault(sample.path, (sample, content))
                size += len(content)
    return list(taken.values())


def verdict_holds(point: OperatingPoint, prediction: Prediction, tolerance: float) -> bool:
    """Whether the verdict is the same when score and confidences move by the tolerance."""
    verdicts = set()
    for sign in (-1.0, 0.0, 1.0):
        boxes = tuple(
            dataclasses.replace(b, confidence=b.confidence + sign * tolerance)
            for b in prediction.boxes
        )
        score = prediction.score + sign * tolerance * max(1.0, abs(prediction.score))
        moved = dataclasses.replace(prediction, score=score, boxes=boxes)
        verdicts.add(point.decide(moved).verdict)
    return len(verdicts) == 1


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
    floor = GOLDEN_TOLERANCE["fp32"]
    tolerance = max([floor, *(2 * d for d in differences)])
    kept = []
    for golden in base.golden.samples:
        want = prediction_from_json(golden.prediction)
        got = ready.predict_bytes(base.files[golden.path], golden.media_type)
        same = ready.decide(got).verdict == golden.verdict
        if same and verdict_holds(base.operating_point, want, tolerance):
            sample = golden.model_copy(update={"tolerance": tolerance})
            kept.append((sample, base.files[golden.path]))
    if base.golden.samples and not kept:
        raise BundleError(
            f"no golden sample keeps its verdict within {tolerance:.3g} of its score",
            fix="kit compile --precision fp32",
        )
    return kept
