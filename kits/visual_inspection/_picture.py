"""A part's picture with what the model found and what a person stated, for reports and `--save`.

It only draws: what is found is `runtime.py`'s business, what is shown beside it the report's.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2

from kits.core.annotation import Annotation
from kits.core.prediction import Box, Prediction
from kits.visual_inspection import _images

_FOUND, _STATED = (60, 60, 235), (90, 190, 40)  # BGR: red what the model found, green what is so
_SHOWN = 12


def picture(content: bytes, prediction: Prediction | None, annotation: Annotation | None) -> bytes:
    """PNG of the picture; green boxes are stated by a person, red ones found by the model.

    Of many found boxes only the twelve surest are drawn.

    Raises:
        DataError: the bytes are no picture.
    """
    image = _images.decode(content).copy()
    if annotation is not None:
        _draw(image, annotation.boxes, _STATED)
    if prediction is not None:
        surest = sorted(prediction.boxes, key=lambda box: -box.confidence)[:_SHOWN]
        _draw(image, surest, _FOUND)
    _, png = cv2.imencode(".png", image)
    return bytes(png)


def _draw(image: _images.Image, boxes: Sequence[Box], colour: tuple[int, int, int]) -> None:
    height, width = image.shape[:2]
    thickness = max(1, round(max(height, width) / 320))
    for box in boxes:
        corner, other = (round(box.x0), round(box.y0)), (round(box.x1), round(box.y1))
        cv2.rectangle(image, corner, other, colour, thickness)
        at = (corner[0], max(12 * thickness, corner[1] - 3 * thickness))
        cv2.putText(
            image, box.label, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45 * thickness, colour, thickness
        )
