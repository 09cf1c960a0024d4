"""Rows: the same columns in training and on the device, whatever a recording looks like."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.core.window import Channel, Window
from kits.predictive_maintenance._device.rows import RowSpec, course, held, rows_of
from kits.predictive_maintenance._signals.features import FeatureSpec
from tests.predictive_maintenance.signals import noise


def window(rate_hz: float = 1.0, **channels: list[float]) -> Window:
    made = tuple(Channel(k, "", np.array(v, np.float32)) for k, v in channels.items())
    return Window(made, rate_hz, None, {"asset": "a"})


READINGS = RowSpec(kind="readings", channels=("a", "b"), rate_hz=1.0)


def test_a_row_per_reading_in_the_order_of_the_specification() -> None:
    rows = rows_of(window(b=[1, 2], extra=[0, 0], a=[3, 4]), READINGS)
    assert rows.values.tolist() == [[3, 1], [4, 2]]
    assert rows.ends.tolist() == [1, 2]
    assert rows.at_s.tolist() == [1, 2]


def test_a_missing_channel_is_named() -> None:
    with pytest.raises(DataError, match="without b"):
        rows_of(window(a=[1, 2]), READINGS)


def test_a_short_gap_holds_the_reading_before_and_a_long_one_stays_a_gap() -> None:
    found = held(np.array([np.nan, 1.0, np.nan, np.nan, 2.0, *[np.nan] * 8]))
    assert np.isnan(found[0])
    assert found[1:5].tolist() == [1, 1, 1, 2]
    assert found[5:10].tolist() == [2] * 5
    assert np.isnan(found[10:]).all()


def test_a_slower_channel_is_held_until_its_next_reading() -> None:
    slow = Channel("b", "", np.array([10, 20], np.float32), rate_hz=0.5)
    fast = Channel("a", "", np.arange(4, dtype=np.float32))
    rows = rows_of(Window((fast, slow), 1.0, None, {}), READINGS)
    assert rows.values[:, 1].tolist() == [10, 10, 20, 20]


def test_readings_without_a_rate_are_numbered() -> None:
    assert rows_of(window(0.0, a=[1, 2, 3], b=[1, 2, 3]), READINGS).at_s.tolist() == [1, 2, 3]


def waveform_spec(window_s: float, hop_s: float = 0.0) -> RowSpec:
    feature = FeatureSpec(groups=("waveform",), rate_hz=1000, window=round(1000 * window_s))
    return RowSpec(
        kind="windows", channels=("v",), window_s=window_s, hop_s=hop_s, features={"v": feature}
    )


def test_windows_end_where_they_say_and_are_what_their_readings_are() -> None:
    readings = noise(2500, seed=3)
    spec = waveform_spec(0.5, 0.25)
    rows = rows_of(Window((Channel("v", "g", readings),), 1000.0), spec)
    assert rows.ends.tolist() == [500, 750, 1000, 1250, 1500, 1750, 2000, 2250, 2500]
    assert rows.at_s == pytest.approx(rows.ends / 1000)
    place = spec.names.index("v · rms")
    for row, end in enumerate(rows.ends):
        piece = readings[end - 500 : end].astype(np.float64)
        # the mean is no vibration: it is taken out first
        assert rows.values[row, place] == pytest.approx(piece.std(), rel=1e-3)


def test_what_is_shorter_than_a_window_is_refused_with_both_lengths() -> None:
    short = Window((Channel("v", "g", noise(400)),), 1000.0)
    with pytest.raises(DataError, match=r"0\.4 s is shorter than the model's window of 0\.5 s"):
        rows_of(short, waveform_spec(0.5))


def test_categories_and_conditions_are_columns_of_every_row() -> None:
    spec = READINGS.model_copy(update={"categories": {"type": ("L", "M")}, "conditions": ("load",)})
    given = Window(window(a=[1, 2], b=[3, 4]).channels, 1.0, None, {"type": "M", "load": 0.5})
    rows = rows_of(given, spec)
    assert spec.names == ("a", "b", "load", "type=L", "type=M")
    assert rows.values[:, 2:].tolist() == [[0.5, 0, 1]] * 2


def test_a_pair_whose_divisor_is_zero_stays_finite() -> None:
    spec = READINGS.model_copy(update={"products": True})
    rows = rows_of(window(a=[6, 1], b=[3, 0]), spec)
    assert rows.values[0].tolist() == [6, 3, 18, 3, 2]
    assert np.isfinite(rows.values).all()
    assert len(spec.names) == rows.values.shape[1]


def test_each_column_knows_the_channels_it_comes_from() -> None:
    """What a broken sensor tells is left out of pairs too."""
    spec = READINGS.model_copy(
        update={"products": True, "categories": {"type": ("L",)}, "conditions": ("load",)}
    )
    both = {"a", "b"}
    assert spec.names == ("a", "b", "a × b", "a − b", "a / b", "load", "type=L")
    assert list(spec.sources) == [{"a"}, {"b"}, both, both, both, {"load"}, {"type"}]


def test_the_course_of_a_straight_line_is_its_slope_and_ends() -> None:
    line = np.linspace(0, 10, 101)[None, :]
    mean, spread, slope, low, high, first, last = course(line)[0]
    assert (mean, low, high) == pytest.approx((5, 0, 10))
    assert spread == pytest.approx(line.std())
    assert slope == pytest.approx(10, rel=0.02)
    assert first < 1
    assert last > 9
