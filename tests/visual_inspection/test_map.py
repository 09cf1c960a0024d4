"""mAP as a function of resampled pictures agrees with mAP itself."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.prediction import Box
from kits.visual_inspection._map import mean_average_precision, resampler

TRUTH = [[Box(0, 0, 10, 10, "dot")], [Box(20, 20, 60, 60, "dent"), Box(0, 0, 9, 9, "dot")], []]
FOUND = [
    [Box(0, 0, 10, 9, "dot", 0.9)],
    [Box(22, 20, 60, 58, "dent", 0.8), Box(40, 0, 49, 9, "dot", 0.95)],
    [Box(5, 5, 9, 9, "dot", 0.3)],
]


@pytest.mark.parametrize("name", ["map50", "map50_95"])
def test_all_pictures_once_give_the_plain_figure(name):
    whole = mean_average_precision(TRUTH, FOUND, ["a", "b", "c"], seed=0)[name]
    value = resampler(TRUTH, FOUND, name)
    assert value is not None
    assert value(np.arange(3)) == pytest.approx(whole.value)
    assert 0 < whole.value < 1


def test_a_picture_drawn_twice_counts_twice():
    value = resampler(TRUTH, FOUND, "map50")
    assert value is not None
    assert value(np.array([0, 0, 0, 1])) > value(np.array([0, 1]))


def test_other_metrics_and_pictures_without_boxes_have_no_such_figure():
    assert resampler(TRUTH, FOUND, "image_auroc") is None
    assert resampler([[], []], FOUND[:2], "map50") is None
