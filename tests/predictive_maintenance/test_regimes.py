"""Operating regimes: found where there are some, recognised later, and said when they are new."""

from __future__ import annotations

import numpy as np
import pytest

from kits.predictive_maintenance._device.regimes import (
    UNKNOWN,
    UNSETTLED,
    RegimeSpec,
    learn_regimes,
    rolling_median,
    tells_regime,
)


def two_speeds(n: int = 600, seed: int = 0) -> np.ndarray:
    """(n, 2): a speed that changes between 1,000 and 1,500 every 100 readings, beside noise."""
    rng = np.random.default_rng(seed)
    speed = np.where(np.arange(n) // 100 % 2 == 0, 1000.0, 1500.0) + rng.normal(0, 3, n)
    return np.stack([speed, rng.normal(0, 1, n)], axis=1)


def learned(values: np.ndarray, settle: int = 0, smooth: int = 1) -> RegimeSpec | None:
    return learn_regimes([values], (0,), most=6, settle=settle, smooth=smooth, seed=0)


def test_two_speeds_are_two_regimes() -> None:
    values = two_speeds()
    spec = learned(values)
    assert spec is not None
    found = spec.assign(values)
    assert len(spec.centres) == 2
    slow = set(found[values[:, 0] < 1200].tolist())
    fast = set(found[values[:, 0] > 1200].tolist())
    assert len(slow) == len(fast) == 1
    assert slow != fast


def test_the_noise_of_one_state_is_one_regime() -> None:
    values = np.random.default_rng(1).normal(50, 2, (800, 2))
    assert learned(values) is None


def test_a_speed_never_seen_is_unknown() -> None:
    spec = learned(two_speeds())
    assert spec is not None
    assert (spec.assign(np.array([[1250.0, 0.0], [3000.0, 0.0]])) == UNKNOWN).all()


def test_readings_right_after_a_change_are_not_judged() -> None:
    values = two_speeds()
    spec = learned(values, settle=7)
    assert spec is not None
    found = spec.assign(values)
    assert (found[100:107] == UNSETTLED).all()
    assert (found[107:200] >= 0).all()


def test_readings_after_a_silence_are_not_judged_until_the_machine_has_settled() -> None:
    """What begins a recording may be a start, as warm as the hall."""
    values = two_speeds()
    spec = learned(values, settle=7)
    assert spec is not None
    assert (spec.assign(values[:50]) == UNSETTLED).tolist() == [True] * 7 + [False] * 43


def test_a_missing_speed_is_no_regime() -> None:
    spec = learned(two_speeds())
    assert spec is not None
    assert spec.assign(np.array([[np.nan, 0.0]]))[0] == UNKNOWN


def test_the_same_data_and_seed_give_the_same_regimes() -> None:
    assert learned(two_speeds()) == learned(two_speeds())


@pytest.mark.parametrize("width", [2, 3, 8])
def test_a_rolling_median_looks_at_what_was_and_never_ahead(width: int) -> None:
    values = np.random.default_rng(2).normal(0, 1, 40)
    found = rolling_median(values, width)
    for row in range(values.size):
        assert found[row] == pytest.approx(np.median(values[max(row - width + 1, 0) : row + 1]))


def test_a_rolling_median_passes_over_what_is_missing() -> None:
    values = np.array([1.0, np.nan, 3.0, np.nan, np.nan])
    assert rolling_median(values, 2).tolist()[:4] == [1.0, 1.0, 3.0, 3.0]
    assert np.isnan(rolling_median(values, 2)[4])


def test_causes_tell_the_regime_and_effects_do_not() -> None:
    assert all(map(tells_regime, ("Speed", "rpm", "load", "set point", "throttle")))
    other = (
        "Hübe",
        "Drehzahl",
        "Bandgeschwindigkeit",
        "Last",
        "Sollwert Druck",
        "vitesse",
        "velocidad",
        "Velocità",
    )
    assert all(map(tells_regime, other))
    switches = (
        *("running", "RUN", "MotorRun", "Run Status", "on/off", "machine_on", "In Betrieb", "Maschine läuft"),
        *("en marche", "en_marcha", "in marcia", "Ein/Aus", "idle", "in operation"),
    )  # fmt: skip
    assert all(map(tells_regime, switches))
    effects = (
        "Laufzeit",
        "run hours",
        "overrun",
        "Betriebsstunden",
        "conveyor position",
        "season",
        "Schwinggeschwindigkeit",
        "Durchfluss",
        "Motorstrom",
        "last value",
        "vitesse vibratoire",
        "Öltemperatur",
    )
    assert not any(map(tells_regime, effects))
    assert not any(map(tells_regime, ("flow", "current", "temperature", "vibration")))
