"""Pictures of recordings for reports: drawn whatever the window holds."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from kits.core.annotation import Annotation
from kits.core.errors import DataError
from kits.core.prediction import Prediction, Quantity, Span
from kits.core.window import Channel, Window, encode_window
from kits.predictive_maintenance.evaluate import picture
from tests.predictive_maintenance.signals import noise


def drawn(window: Window, prediction: Prediction | None = None, note: Annotation | None = None):  # type: ignore[no-untyped-def]
    png = picture(encode_window(window), prediction, note)
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)


def table(channels: int = 2, readings: int = 300) -> Window:
    made = tuple(Channel(f"c{i}", "°C", noise(readings, i)) for i in range(channels))
    return Window(made, 1.0, None, {"asset": "pump-1"})


def test_a_picture_grows_with_its_channels_up_to_a_limit() -> None:
    heights = [drawn(table(n)).shape[0] for n in (1, 3, 6, 12)]
    assert heights[0] < heights[1] < heights[2] == heights[3]


def test_marked_stretches_are_shaded_where_they_are() -> None:
    plain = drawn(table(1))
    marked = drawn(table(1), note=Annotation(spans=(Span(0, 150, "leak", ""),)))
    changed = np.flatnonzero((plain != marked).any(axis=(0, 2)))
    left, right = 120, plain.shape[1] - 14
    assert changed.min() == pytest.approx(left, abs=2)
    assert changed.max() == pytest.approx((left + right) / 2, abs=3)


def test_what_was_said_stands_above() -> None:
    said = Prediction(1.5, "anomaly", quantities=(Quantity("remaining_life", 12.0, "h"),))
    assert (drawn(table(1), said)[:28] != drawn(table(1))[:28]).any()


def test_a_waveform_has_its_spectrum_beside_it() -> None:
    time = np.arange(4000) / 8000
    tone = np.sin(2 * np.pi * 1000 * time).astype(np.float32)
    shown = drawn(Window((Channel("v", "g", tone),), 8000.0))
    line = (shown[40:130] < 200).any(axis=2).sum(axis=0)
    # the tone is at a quarter of half the rate
    assert 600 + np.argmax(line[600:946]) == pytest.approx(600 + 346 / 4, abs=8)


@pytest.mark.parametrize(
    "readings",
    [np.full(50, np.nan), np.zeros(50), np.array([1.0]), np.array([np.nan, 1, np.nan, 2])],
    ids=["missing", "constant", "one", "gaps"],
)
@pytest.mark.parametrize("rate_hz", [0.0, 1.0, 5000.0])
def test_odd_channels_are_drawn_all_the_same(readings: np.ndarray, rate_hz: float) -> None:
    window = Window((Channel("Drück µ² with a very long name", "m/s²", readings.astype(np.float32)),), rate_hz)  # fmt: skip
    assert drawn(window).shape[1] == 960


def test_what_is_no_window_is_refused() -> None:
    with pytest.raises(DataError):
        picture(b"PNG", None, None)
