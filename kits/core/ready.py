"""A bundle joined with the runtime of its kit: ready to predict and to prove it on golden samples.

The same object serves agent, hub, `kit predict` and tests.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from kits.core.bundle import Bundle
from kits.core.discovery import get_kit
from kits.core.errors import BundleError, UsageError
from kits.core.operating_point import Decision
from kits.core.prediction import Prediction, prediction_from_json
from kits.core.runtime import Payload, Runtime, SessionFactory, StageTimes, cpu_session


@dataclass(frozen=True)
class ReadyBundle:
    """A bundle that predicts and decides."""

    bundle: Bundle
    runtime: Runtime

    @property
    def id(self) -> str:
        return self.bundle.id

    def predict(self, payloads: Sequence[Payload]) -> list[Prediction]:
        """One prediction per payload (a decoded frame, a mail's bytes, a lead as a mapping)."""
        return self.runtime.predict(payloads)

    def predict_bytes(self, content: bytes, media_type: str) -> Prediction:
        """A prediction for one encoded sample. Raises DataError for bytes it cannot read."""
        return self.runtime.predict([self.runtime.decode(content, media_type)])[0]

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        """As `predict` for one payload, with the time of each stage."""
        return self.runtime.predict_timed(payload)

    def decide(self, prediction: Prediction) -> Decision:
        """What the bundle's operating point makes of a prediction."""
        return self.bundle.operating_point.decide(prediction)

    def check_golden(self) -> tuple[str, ...]:
        """Runs the golden samples; each difference from the reference is one sentence.

        An empty result means: this machine computes what the builder's machine computed.
        """
        complaints = []
        for golden in self.bundle.golden.samples:
            got = self.predict_bytes(self.bundle.files[golden.path], golden.media_type)
            want = prediction_from_json(golden.prediction)
            limit = golden.tolerance * max(1.0, abs(want.score))
            if not abs(got.score - want.score) <= limit:
                complaints.append(
                    f"{golden.path}: score {got.score:.6g}, reference {want.score:.6g}"
                )
            elif self.decide(got).verdict != golden.verdict:
                complaints.append(
                    f"{golden.path}: {self.decide(got).verdict}, reference {golden.verdict}"
                )
        return tuple(complaints)


def make_ready(
    bundle: Bundle, *, sessions: SessionFactory | None = None, target: str = "cpu"
) -> ReadyBundle:
    """Loads the runtime of the bundle's kit.

    Raises:
        BundleError: the kit is not installed here, or the bundle lacks what its runtime needs.
    """
    try:
        kit = get_kit(bundle.manifest.kit)
    except UsageError as error:
        raise BundleError(
            f"made for the kit {bundle.manifest.kit!r}, which is not usable here: {error.what}",
            where=bundle.id[:12],
            fix="install the kit's package",
        ) from error
    return ReadyBundle(bundle, kit.runtime.load(bundle, sessions or cpu_session, target))


def interleaved_ms(
    ready: Sequence[ReadyBundle], contents: Sequence[tuple[bytes, str]], rounds: int = 3
) -> list[float]:
    """Median milliseconds per sample of several bundles, in turns so that load hits all alike.

    Args:
        contents: encoded samples with their media types.
    """
    payloads = [ready[0].runtime.decode(content, media) for content, media in contents]
    for one in ready:
        one.predict(payloads[:1])
    taken: list[list[float]] = [[] for _ in ready]
    for _ in range(rounds):
        for payload in payloads:
            for index, one in enumerate(ready):
                began = time.perf_counter()
                one.predict([payload])
                taken[index].append((time.perf_counter() - began) * 1000)
    return [statistics.median(times) for times in taken]
