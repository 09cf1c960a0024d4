"""Predicts on the device: numpy and the given session only."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kits.core.bundle import Bundle
from kits.core.errors import DataError
from kits.core.prediction import Prediction
from kits.core.runtime import Payload, Session, SessionFactory, StageTimes

from .data import value_of


@dataclass(frozen=True)
class DistanceRuntime:
    """Score = distance from the usual, in spreads."""

    session: Session

    def decode(self, content: bytes, media_type: str) -> Payload:
        """Raises DataError for bytes that are no JSON object."""
        try:
            value = json.loads(content)
        except ValueError as error:
            raise DataError("not JSON") from error
        if not isinstance(value, dict):
            raise DataError("not a JSON object")
        return value

    def encode(self, payload: Payload) -> tuple[bytes, str]:
        if not isinstance(payload, Mapping):
            raise DataError("this kit takes JSON objects")
        return json.dumps(dict(payload), sort_keys=True).encode(), "application/json"

    def predict(self, payloads: Sequence[Payload]) -> list[Prediction]:
        return [self.predict_timed(payload)[0] for payload in payloads]

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        began = time.perf_counter()
        feed = {"value": np.array([[value_of(payload)]], np.float32)}
        ready = time.perf_counter()
        score = float(np.asarray(self.session.run(feed)[0]).item())
        done = time.perf_counter()
        prediction = Prediction(score)
        post_ms = (time.perf_counter() - done) * 1e3
        return prediction, StageTimes((ready - began) * 1e3, (done - ready) * 1e3, post_ms)


def load(bundle: Bundle, sessions: SessionFactory, target: str = "cpu") -> DistanceRuntime:
    """A runtime from a bundle. Raises BundleError when it holds no model."""
    return DistanceRuntime(sessions(bundle.artefact("model", target)))
