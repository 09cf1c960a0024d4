"""PNG in, score out."""

from __future__ import annotations

import time
from collections.abc import Sequence

import cv2
import numpy as np

from kits.core.bundle import Bundle
from kits.core.errors import DataError
from kits.core.prediction import Box, Prediction
from kits.core.runtime import Array, Payload, Session, SessionFactory, StageTimes


def pixels(content: bytes) -> Array:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise DataError("not a picture")
    return image[None, None].astype(np.float32) / 255


class DotsRuntime:
    def __init__(self, session: Session) -> None:
        self.session = session

    def decode(self, content: bytes, media_type: str) -> Payload:
        return pixels(content)

    def encode(self, payload: Payload) -> tuple[bytes, str]:
        image = (np.asarray(payload)[0, 0] * 255).astype(np.uint8)
        return cv2.imencode(".png", image)[1].tobytes(), "image/png"

    def predict(self, payloads: Sequence[Payload]) -> list[Prediction]:
        return [self.predict_timed(payload)[0] for payload in payloads]

    def predict_timed(self, payload: Payload) -> tuple[Prediction, StageTimes]:
        began = time.perf_counter()
        image = np.asarray(payload)
        ready = time.perf_counter()
        score = float(self.session.run({"image": image})[0].ravel()[0])
        ran = time.perf_counter()
        y, x = (int(v) for v in np.unravel_index(int(image.argmax()), image.shape[2:]))
        box = Box(max(0, x - 2), max(0, y - 2), x + 3, y + 3, "dot", score)
        boxes = (box,) if score > 0.5 else ()
        prediction = Prediction(score, "defect" if boxes else "good", boxes=boxes)
        done = time.perf_counter()
        return prediction, StageTimes(
            (ready - began) * 1e3, (ran - ready) * 1e3, (done - ran) * 1e3
        )


def load(bundle: Bundle, sessions: SessionFactory, target: str = "cpu") -> DotsRuntime:
    return DotsRuntime(sessions(bundle.artefact("model", target)))
