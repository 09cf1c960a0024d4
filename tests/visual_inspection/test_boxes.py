"""Letterbox, suppression and mAP agree with the trainer's own and with hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.prediction import Box
from kits.visual_inspection import _boxes
from kits.visual_inspection._images import Letterbox
from kits.visual_inspection._map import mean_average_precision
from tests.needing import needing
from tests.visual_inspection.builders import picture

pytestmark = needing("ultralytics")


@pytest.mark.parametrize("size", [(640, 640), (641, 333), (199, 517), (1130, 460), (31, 900)])
def test_letterbox_equals_the_trainers(size: tuple[int, int]) -> None:
    from ultralytics.data.augment import LetterBox

    image = picture(*size)
    fit = Letterbox.of(*size, 320, 320)
    assert np.array_equal(fit.apply(image), LetterBox((320, 320), auto=False)(image=image))


@pytest.mark.parametrize("seed", range(5))
def test_suppression_equals_the_trainers(seed: int) -> None:
    import torch
    from ultralytics.utils.nms import non_max_suppression
    from ultralytics.utils.ops import scale_boxes

    rng = np.random.default_rng(seed)
    centres = rng.uniform(20, 300, (12, 2))[rng.integers(12, size=2100)]
    raw = np.concatenate(
        [
            (centres + rng.normal(0, 6, (2100, 2))).T,
            rng.uniform(15, 80, (2, 2100)),
            rng.random((4, 2100)) ** 6,
        ]
    ).astype(np.float32)
    want = non_max_suppression(torch.from_numpy(raw[None]), 0.25, 0.6, max_det=100)[0]
    boxes, scores, classes = _boxes.decode_head(raw, confidence=0.25, iou=0.6, max_boxes=100)
    fit = Letterbox.of(517, 333, 320, 320)
    scaled = scale_boxes((320, 320), want[:, :4].clone(), (333, 517)).numpy()
    assert len(boxes) == len(want) > 10
    assert np.allclose(fit.to_picture(boxes), scaled, atol=1e-3)
    assert np.allclose(scores, want[:, 4], atol=1e-6)
    assert np.array_equal(classes, want[:, 5].numpy().astype(int))


def test_map_of_hand_made_boxes() -> None:
    truth = [[Box(0, 0, 10, 10, "a")], [Box(0, 0, 10, 10, "a")]]
    perfect = [[Box(0, 0, 10, 10, "a", 0.9)], [Box(0, 0, 10, 10, "a", 0.8)]]
    assert mean_average_precision(truth, perfect, ["1", "2"], 0)["map50_95"].value == 1.0
    half = [[Box(0, 0, 10, 10, "a", 0.9)], [Box(50, 50, 60, 60, "a", 0.8)]]
    found = mean_average_precision(truth, half, ["1", "2"], 0)["map50"]
    assert found.value == pytest.approx(51 / 101)
    assert found.low <= found.value <= found.high
    assert mean_average_precision([[]], [[]], ["1"], 0) == {}
