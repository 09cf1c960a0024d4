"""What makes a row: chosen from the recordings, and everything left out is said."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from kits.core.dataset import DatasetItem
from kits.core.errors import DataError
from kits.core.prediction import Quantity
from kits.core.sample import Sample
from kits.core.window import Channel, Window
from kits.predictive_maintenance._device.rows import rows_of
from kits.predictive_maintenance._learning.recordings import Recording, interval_s
from kits.predictive_maintenance._learning.rows import choose_rows
from kits.predictive_maintenance.config import Config
from tests.predictive_maintenance.signals import RATE, impacts, noise, sine
from tests.predictive_maintenance.trained import AT


def recording(
    number: int = 0,
    *,
    unit: str = "g",
    rate_hz: float = 2_000.0,
    readings: int = 4_096,
    every_s: float | None = None,
    life: Quantity | None = None,
    **attributes: str | float,
) -> Recording:
    channel = Channel("v", unit, noise(readings, number))
    started = AT + timedelta(seconds=number * every_s) if every_s else None
    window = Window((channel,), rate_hz, started, {"asset": "m", **attributes})
    item = DatasetItem(Sample(f"s{number}", "x", "0" * 64, 1, AT, group="m"), None, "train")
    return Recording(item, window, "normal", (), life)


def groups(recordings: list[Recording], **settings: object) -> tuple[str, ...]:
    return choose_rows(recordings, Config.model_validate(settings))[0].features["v"].groups


def test_figures_of_the_shaft_need_its_speed() -> None:
    assert "shaft" not in groups([recording()])
    assert "shaft" in groups([recording(speed_rpm=1480.0)])
    assert "shaft" in groups([recording()], speed_rpm=1480)
    assert "shaft" not in groups([recording(speed_rpm=1480.0), recording(1)])


def test_no_figure_of_a_plain_recording_is_missing() -> None:
    """A single column that is never a number would leave no row to learn from."""
    for given, settings in (
        (recording(), {}),
        (recording(), {"bearings": ["6205"]}),
        (recording(speed_rpm=1480.0), {"bearings": ["6205"], "gear_orders": [3.2]}),
        (recording(unit="FS", rate_hz=16_000.0), {}),
    ):
        spec, _ = choose_rows([given], Config.model_validate(settings))
        assert np.isfinite(rows_of(given.window, spec, 0.0).values).all(), spec.names


def test_sound_is_heard_in_mel_bands() -> None:
    assert "mel" in groups([recording(unit="FS", rate_hz=16_000.0)])
    assert "mel" not in groups([recording()])


def test_gears_are_looked_for_where_their_orders_are_known() -> None:
    spec, _ = choose_rows(
        [recording(speed_rpm=1480.0)], Config.model_validate({"gear_orders": [3.2]})
    )
    assert {"v · family_1x", "v · family_3.2x"} <= set(spec.names)


def test_configured_groups_replace_the_choice() -> None:
    given = [recording(n) for n in range(3)]
    assert groups(given, features=["mel"]) == ("mel",)
    spec, _ = choose_rows(given, Config.model_validate({"features": ["kernels"]}))
    values = rows_of(given[0].window, spec).values
    assert values.shape[1] == len(spec.names) >= 84
    assert ((values >= 0) & (values <= 1)).all()


def test_the_band_in_which_impacts_ring_is_heard_beside_the_fixed_ones() -> None:
    def ringing(seed: int) -> Recording:
        channel = Channel("v", "g", impacts(60.0, 1.0, ring_hz=4800.0, seed=seed))
        window = Window((channel,), RATE, None, {"asset": "m"})
        return Recording(recording().item, window, "outer", (), None)

    settings = Config.model_validate({"envelope_bands": "kurtogram"})
    spec, notes = choose_rows([ringing(seed) for seed in range(3)], settings)
    bands = spec.features["v"].envelope_bands_hz
    assert len(bands) == 4
    assert bands[3][0] - 300 <= 4800 <= bands[3][1] + 300
    assert any("impacts ring from" in note for note in notes)
    assert "v · envelope_3_kurtosis" in spec.names
    quiet, notes = choose_rows([recording(n) for n in range(3)], settings)
    assert quiet.features["v"].envelope_bands_hz == ()
    assert any("no band in which impacts ring" in note for note in notes)


def test_a_speed_that_was_found_or_not_is_said() -> None:
    def turning_at(rpm: float, seed: int) -> Recording:
        lines = [sine(k * rpm / 60, 6.0, amplitude=1 / k) for k in (1, 2, 3, 4)]
        readings = (np.sum(lines, axis=0) + noise(72_000, seed)).astype(np.float32)
        window = Window((Channel("v", "g", readings),), RATE, None, {"asset": "m"})
        return Recording(recording().item, window, "normal", (), None)

    settings = Config(speed_range_rpm=(1_200, 1_800))
    found, notes = choose_rows([turning_at(1_480, 1), turning_at(1_495, 2)], settings)
    assert "shaft" in found.features["v"].groups
    assert any("1480 to 1495 rpm" in note for note in notes)
    silent = Window((Channel("v", "g", noise(72_000)),), RATE, None, {"asset": "m"})
    unheard = Recording(recording().item, silent, "normal", (), None)
    found, notes = choose_rows([turning_at(1_480, 1), unheard], settings)
    assert "shaft" not in found.features["v"].groups
    assert any("no speed was found in 1 of 2" in note for note in notes)


def test_several_channels_in_rpm_are_said() -> None:
    given = recording()
    more = tuple(Channel(n, "rpm", noise(4_096, 5) + 1_480) for n in ("motor", "fan"))
    both = Window((*given.window.channels, *more), 2_000.0, None, {"asset": "m"})
    spec, notes = choose_rows([Recording(given.item, both, "normal", (), None)], Config())
    assert any("several channels in rpm (fan, motor)" in note for note in notes)
    assert set(spec.features) == {"v"}


def test_groups_that_cannot_be_had_are_refused() -> None:
    with pytest.raises(DataError, match="nobody says its speed"):
        groups([recording()], features=["shaft"])


def test_a_channel_missing_somewhere_or_never_moving_is_left_out_and_said() -> None:
    first, second = recording(), recording(1)
    constant = Channel("c", "A", np.ones(4_096, np.float32))
    lonely = Channel("x", "A", noise(4_096))
    wider = Window((*first.window.channels, constant, lonely), 2_000.0, None, {"asset": "m"})
    other = Window((*second.window.channels, constant), 2_000.0, None, {"asset": "m"})
    spec, notes = choose_rows(
        [Recording(first.item, wider, "", (), None), Recording(second.item, other, "", (), None)],
        Config(),
    )
    assert spec.channels == ("v",)
    assert any("not in every recording: x" in note for note in notes)
    assert any("constant in training" in note and "c" in note for note in notes)


def test_captures_now_and_then_are_rows_of_the_machines_own_time() -> None:
    continuous = [recording(n, every_s=2.048) for n in range(5)]
    now_and_then = [recording(n, every_s=600) for n in range(5)]
    assert choose_rows(continuous, Config())[0].rate_hz == pytest.approx(1 / 2.048)
    assert choose_rows(now_and_then, Config())[0].rate_hz == pytest.approx(1 / 600)


def test_the_interval_is_told_by_stamps_or_by_the_place_in_a_life() -> None:
    assert interval_s([recording(n, every_s=60) for n in (3, 0, 1, 2)]) == 60
    hours = [
        recording(n, life=Quantity("remaining_life", 9.0 - n, "h"), life_position=float(n))
        for n in range(4)
    ]
    assert interval_s(hours) == 3600
    assert interval_s([recording(n) for n in range(4)]) == 0


def test_the_second_half_of_a_life_to_failure_is_no_normal_running() -> None:
    def early(position: float) -> bool:
        left = Quantity("remaining_life", 10.0 - position, "h")
        return bool(recording(life=left, life_position=position).early().all())

    assert [early(p) for p in (0.0, 4.0, 6.0, 10.0)] == [True, True, False, False]
    life = recording(rate_hz=0.0, readings=200, life=Quantity("remaining_life", 0.0, "cycles"))
    assert life.early().sum() == pytest.approx(100, abs=1)
    assert recording().early().all()
