"""What a person sees of a part: the picture with boxes of model and reviewer."""

from __future__ import annotations

import cv2
import numpy as np

from kits.core.annotation import Annotation
from kits.core.kit import Kit
from kits.core.prediction import Box, Prediction
from kits.toolchain.predict import picture_of
from kits.visual_inspection import KIT

GREY = 128


def drawn(prediction: Prediction | None, annotation: Annotation | None) -> np.ndarray:
    kit: Kit = KIT
    draw = picture_of(kit)
    assert draw is not None, "the report and `kit predict --save` show this kit's pictures"
    plain = np.full((120, 200, 3), GREY, np.uint8)
    content = cv2.imencode(".png", plain)[1].tobytes()
    png = np.frombuffer(draw(content, prediction, annotation), np.uint8)
    return cv2.imdecode(png, cv2.IMREAD_COLOR)


def test_found_is_red_and_stated_is_green_where_they_are() -> None:
    found = Prediction(score=0.9, label="dent", boxes=(Box(20, 30, 60, 70, "dent", 0.9),))
    stated = Annotation("dent", (Box(120, 30, 180, 90, "dent", 1.0),))
    image = drawn(found, stated)
    assert image.shape == (120, 200, 3)
    blue, _, red = map(int, image[50, 20])
    assert red > blue + 100
    blue, green, red = map(int, image[60, 120])
    assert green > max(blue, red) + 80


def test_a_part_without_boxes_stays_as_it_is() -> None:
    image = drawn(Prediction(score=0.1, label="good"), Annotation("good"))
    assert (image == GREY).all()


def test_only_the_surest_boxes_are_drawn() -> None:
    many = tuple(Box(10, 20, 190, 110, "scratch", 0.5 + i / 100) for i in range(11))
    faint = Box(70, 60, 90, 80, "scratch", 0.1)
    kept = drawn(Prediction(score=0.9, boxes=(*many, faint)), None)
    alone = drawn(Prediction(score=0.9, boxes=(*many, *many, faint)), None)
    assert (kept[70, 70] != GREY).any() and (alone[70, 70] == GREY).all()
