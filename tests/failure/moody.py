"""A kit whose model behaves at the golden samples and goes wrong on the line, as it is told."""

from __future__ import annotations

from pathlib import Path

from tests.third_party import write_kit

_RUNTIME = '''
import os
import signal
import time

import cv2
import numpy as np

from kits.core.errors import DataError
from kits.core.prediction import Prediction
from kits.core.runtime import StageTimes

GOLDEN = (4, 4)


class Moody:
    """How bright a picture is, until `after` live pictures have been seen."""

    def __init__(self, session, config):
        self._session = session
        self._mood = config.get("mood", "")
        self._after = config.get("after", 0)
        self._sleep_s = config.get("sleep_s", 0.0)
        self._seen = 0

    def decode(self, content, media_type):
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
        if image is None:
            raise DataError("not a picture")
        return image

    def encode(self, payload):
        return cv2.imencode(".png", payload)[1].tobytes(), "image/png"

    def predict(self, payloads):
        return [self._one(payload) for payload in payloads]

    def predict_timed(self, payload):
        started = time.perf_counter()
        found = self._one(payload)
        return found, StageTimes(0.0, 1000 * (time.perf_counter() - started), 0.0)

    def _one(self, payload):
        mean = np.array([payload.mean() / 255], np.float32)
        score = float(self._session.run({"x": mean})[0][0])
        if payload.shape != GOLDEN:
            self._seen += 1
            time.sleep(self._sleep_s)
            if self._mood and self._seen > self._after:
                return self._misbehave()
        return Prediction(score=score, label="bright")

    def _misbehave(self):
        if self._mood == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._mood == "slow":
            time.sleep(10 * self._sleep_s)
        return Prediction(score=float("nan") if self._mood == "nan" else 0.0)


def load(bundle, sessions, target="cpu"):
    return Moody(sessions(bundle.artefact("model", target)), bundle.manifest.config)
'''

_KIT_YAML = """
name: moody
title: Moody
task: says how bright a picture is, for a while
tier: experimental
media_types: [image/png]
extras: []
hardware: any
metrics: [accuracy]
formats: [folder]
runtime_imports: [cv2]
"""


def write_moody_kit(folder: Path) -> None:
    """Writes the kit's package and its entry point into a folder for `PYTHONPATH`."""
    write_kit(folder, "moody_kit", "moody", runtime=_RUNTIME, manifest=_KIT_YAML)
