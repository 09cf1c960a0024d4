"""Features of windows: against references, and under shift, scale and damage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal, stats

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.bearings import lookup
from kits.predictive_maintenance._signals.features import FeatureSpec, cut, extract, names, units
from kits.predictive_maintenance._signals.spectrum import prewhiten, transform
from tests.predictive_maintenance.signals import RATE, Floats, impacts, noise, sine

SPEC = FeatureSpec(unit="g", rate_hz=RATE, bearings={"de": lookup("6205").orders}, sidebands=True)
SPEED = 29.9


def column(features: Floats, name: str, spec: FeatureSpec = SPEC) -> Floats:
    return features[:, names(spec).index(name)]


def windows(count: int = 5, samples: int = 4096) -> Floats:
    return noise(count * samples, seed=3).reshape(count, samples)


def test_the_default_features_are_at_least_35_with_names_and_units() -> None:
    plain = FeatureSpec(unit="g", rate_hz=RATE, bearings={"de": lookup("6205").orders})
    assert len(names(plain)) >= 35
    assert len(set(names(plain))) == len(names(plain)) == len(units(plain))
    assert extract(windows(), RATE, SPEED, plain).shape == (5, len(names(plain)))


def test_figures_of_the_waveform_are_those_of_scipy() -> None:
    given = windows() * 2 + 0.3
    found = extract(given, RATE, SPEED, SPEC)
    assert column(found, "kurtosis") == pytest.approx(
        stats.kurtosis(given, axis=1, fisher=False), rel=1e-4
    )
    assert column(found, "skewness") == pytest.approx(stats.skew(given, axis=1), abs=1e-4)
    assert column(found, "rms") == pytest.approx(given.std(axis=1), rel=1e-4)
    assert column(found, "mean") == pytest.approx(given.mean(axis=1), abs=1e-5)
    assert column(found, "peak_to_peak") == pytest.approx(np.ptp(given, axis=1), rel=1e-5)


@pytest.mark.parametrize("samples", [4096, 4095, 1000, 9])
def test_the_power_is_that_of_scipys_periodogram(samples: int) -> None:
    given = windows(3, samples)
    found = transform(given, RATE)
    frequencies, expected = signal.periodogram(
        given, RATE, "hann", detrend="constant", scaling="density"
    )
    assert found.frequencies == pytest.approx(frequencies, rel=1e-5)
    assert found.power == pytest.approx(expected * RATE / samples, rel=1e-3, abs=1e-7)


def test_a_sine_has_its_frequency_its_band_and_no_entropy() -> None:
    found = extract(sine(700.0, 1.0)[None, :], RATE, None, SPEC)
    assert column(found, "peak_frequency") == pytest.approx(700, abs=1)
    assert column(found, "centroid") == pytest.approx(700, rel=0.01)
    assert column(found, "entropy") < 0.15
    bands = np.array([column(found, f"band_{i}")[0] for i in range(10)])
    # 375 to 750 Hz is the fourth octave from above
    assert bands.argmax() == 6
    assert bands[6] == pytest.approx(np.log10(0.5), abs=0.01)


def test_white_noise_has_entropy_near_one() -> None:
    assert (column(extract(windows(), RATE, SPEED, SPEC), "entropy") > 0.9).all()


def test_unbalance_shows_at_once_the_speed() -> None:
    given = (sine(SPEED, 1.0, amplitude=2.0) + noise(12_000, spread=0.05))[None, :]
    found = extract(given, RATE, SPEED, SPEC)
    assert column(found, "shaft_1x") == pytest.approx(2 / np.sqrt(2), rel=0.02)
    assert column(found, "shaft_2x") < 0.05


@pytest.mark.parametrize("fault", ["outer", "inner", "ball"])
def test_impacts_at_an_order_stand_out_at_that_fault(fault: str) -> None:
    orders = lookup("6205").orders
    rates = {"outer": orders.bpfo, "inner": orders.bpfi, "ball": 2 * orders.bsf}
    given = impacts(rates[fault] * SPEED, 1.0)[None, :]
    found = extract(given, RATE, SPEED, SPEC)
    others = [column(found, f"envelope_1_de_{other}")[0] for other in rates if other != fault]
    assert column(found, f"envelope_1_de_{fault}")[0] > max(others) + 0.3


def test_sidebands_show_what_turns_through_the_load() -> None:
    orders = lookup("6205").orders
    steady = impacts(orders.bpfi * SPEED, 1.0)
    turning = impacts(orders.bpfi * SPEED, 1.0, modulated_hz=SPEED)
    sides = column(
        extract(np.stack([steady, turning]), RATE, SPEED, SPEC), "envelope_1_de_inner_sides"
    )
    assert sides[1] > sides[0] + 0.3


def test_scale_moves_levels_and_leaves_shapes() -> None:
    once, thrice = (extract(windows() * k, RATE, SPEED, SPEC) for k in (1, 3))
    for name, unit in zip(names(SPEC), units(SPEC)):
        before, after = column(once, name), column(thrice, name)
        if unit in ("g", "mm/s"):
            assert after == pytest.approx(3 * before, rel=1e-3, abs=1e-6), name
        elif unit == "log10 unit²":
            assert after == pytest.approx(before + np.log10(9), abs=1e-3), name
        else:
            assert after == pytest.approx(before, rel=1e-3, abs=2e-3), name


def test_an_offset_moves_the_mean_alone() -> None:
    once, moved = extract(windows(), RATE, SPEED, SPEC), extract(windows() + 2, RATE, SPEED, SPEC)
    assert moved[:, 0] == pytest.approx(once[:, 0] + 2, abs=1e-4)
    assert moved[:, 1:] == pytest.approx(once[:, 1:], rel=2e-3, abs=5e-3)


def test_a_missing_reading_spoils_its_own_window_only() -> None:
    given = windows()
    clean = extract(given, RATE, SPEED, SPEC)
    given[2, 17] = np.nan
    given[4, 3] = np.inf
    found = extract(given, RATE, SPEED, SPEC)
    assert np.isnan(found[[2, 4]]).all()
    assert np.array_equal(found[[0, 1, 3]], clean[[0, 1, 3]])


def test_a_constant_window_has_finite_features() -> None:
    found = extract(np.full((2, 4096), 1234.567, np.float32), RATE, SPEED, SPEC)
    assert np.isfinite(found).all()
    assert column(found, "rms").max() == 0


@pytest.mark.parametrize("samples", [1, 2, 3, 7, 8, 9, 33])
@pytest.mark.parametrize(("rate", "speed"), [(RATE, SPEED), (0.0, None)])
def test_tiny_windows_give_the_waveform_at_least(
    samples: int, rate: float, speed: float | None
) -> None:
    found = extract(windows(3, samples), rate, speed, SPEC)
    assert np.isfinite(found[:, :12]).all()


def test_without_a_speed_what_needs_it_is_missing_and_nothing_else() -> None:
    found = extract(windows(), RATE, None, SPEC)
    missing = {name for name in names(SPEC) if np.isnan(column(found, name)).all()}
    assert missing == {n for n in names(SPEC) if n.startswith("shaft") or "_de_" in n}
    assert np.isfinite(found).sum() == found.size - 5 * len(missing)


def test_each_window_may_have_its_own_speed() -> None:
    given = windows()
    speeds = np.array([20.0, 25.0, np.nan, 30.0, 35.0])
    together = extract(given, RATE, speeds, SPEC)
    alone = extract(given[3:4], RATE, 30.0, SPEC)
    shaft = [i for i, n in enumerate(names(SPEC)) if n.startswith("shaft")]
    assert together[3, shaft] == pytest.approx(alone[0, shaft], rel=1e-5)
    assert np.isnan(together[2, shaft]).all()


def test_features_do_not_depend_on_the_batch_a_window_is_in() -> None:
    given, speeds = windows(40), np.linspace(10, 50, 40)
    together = extract(given, RATE, speeds, SPEC)
    alone = np.vstack([extract(given[i : i + 1], RATE, float(speeds[i]), SPEC) for i in range(40)])
    assert together == pytest.approx(alone, rel=1e-3, abs=1e-4)


def test_the_specification_survives_a_bundle() -> None:
    assert FeatureSpec.model_validate_json(SPEC.model_dump_json()) == SPEC


@pytest.mark.parametrize("shape", [(4096,), (3, 0)])
def test_what_is_no_batch_of_windows_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError):
        extract(np.zeros(shape, np.float32), RATE, SPEED, SPEC)


def test_as_many_speeds_as_windows_are_needed() -> None:
    with pytest.raises(DataError, match="2 speeds for 5 windows"):
        extract(windows(), RATE, np.array([1.0, 2.0]), SPEC)


def test_prewhitening_makes_every_line_equally_strong_and_keeps_the_phase() -> None:
    before = transform(windows(), RATE)
    after = prewhiten(before)
    assert np.abs(after.fourier[:, 1:]) == pytest.approx(1, abs=1e-4)
    assert np.angle(after.fourier[:, 1:-1]) == pytest.approx(
        np.angle(before.fourier[:, 1:-1]), abs=1e-3
    )


@pytest.mark.parametrize(("hop", "starts"), [(0, [0, 100, 200]), (50, [0, 50, 100, 150, 200])])
def test_a_recording_is_cut_into_windows_by_the_specification(hop: int, starts: list[int]) -> None:
    spec = FeatureSpec(window=100, hop=hop)
    found = cut(np.arange(330, dtype=np.float32), spec)
    assert found[:, 0].tolist() == starts
    assert found.shape[1] == 100
    assert extract(found, 0.0, None, spec).shape == (len(starts), len(names(spec)))
    assert cut(np.arange(99, dtype=np.float32), spec).shape == (0, 100)
    assert extract(found[:0], 0.0, None, spec).shape == (0, len(names(spec)))
