"""`kit check` names a channel whose level moves at one time and stays, and nothing else that moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kits.core.kit import Finding
from kits.predictive_maintenance import data
from kits.predictive_maintenance._reading.sidecar import load_sidecar
from tests.predictive_maintenance.reading import put, read_all, stamps, table, version
from tests.predictive_maintenance.test_checks import Settings

DAYS = 20
STEP = 12 * 144
"""Of a row each ten minutes."""


def _press(seed: int) -> dict[str, NDArray[np.float64]]:
    """Two shifts on five days of seven, three products, an oil and a bearing that follow slowly, and weather."""
    random = np.random.default_rng(seed)
    n = DAYS * 144
    at = np.arange(n)
    runs = (at // 144 % 7 < 5) & (at % 144 >= 36) & (at % 144 < 132)
    load = runs * np.repeat(random.choice([1.0, 1.2, 1.4], DAYS), 144)
    weather = 20 + 4 * np.sin(2 * np.pi * at / 144) + np.cumsum(random.normal(0, 0.05, n))
    slow = np.zeros(n)
    for i in range(1, n):
        slow[i] = 0.95 * slow[i - 1] + 0.05 * load[i]
    return {
        "current": 30 * load + 1 + random.normal(0, 0.5, n),
        "oil": weather + 22 * slow + random.normal(0, 0.3, n),
        "bearing": weather + 15 * slow + random.normal(0, 0.3, n),
        "pressure": 120 * load + 5 + random.normal(0, 1, n),
        "hall": weather + random.normal(0, 0.2, n),
    }


def _pump(seed: int) -> dict[str, NDArray[np.float64]]:
    """Runs day and night."""
    random = np.random.default_rng(seed)
    n = DAYS * 144
    flow = 40 + 3 * np.sin(2 * np.pi * np.arange(n) / 144) + random.normal(0, 0.3, n)
    return {
        "flow": flow,
        "pressure": 12 - 0.1 * flow + random.normal(0, 0.05, n),
        "current": 20 + 0.2 * flow + random.normal(0, 0.1, n),
        "hall": 20 + np.cumsum(random.normal(0, 0.05, n)),
    }


def _checked(folder: Path, **machines: dict[str, NDArray[np.float64]]) -> Finding:
    for name, channels in machines.items():
        columns = [[f"{v:.3f}" for v in values] for values in channels.values()]
        rows = table(("time", *channels), stamps(DAYS * 144, 600), *columns)
        put(folder / "data" / f"{name}.csv", rows)
    samples, _ = read_all(folder / "data")
    found = data.check(version(samples, folder / "blobs"), Settings())
    return next(f for f in found if f.check == "level-steps")


def test_shifts_products_and_weather_are_no_steps(tmp_path: Path) -> None:
    found = _checked(tmp_path, Press1=_press(1), Press2=_press(2), Press3=_press(3))
    assert found.level == "pass", found.evidence


def test_a_changed_sensor_is_named_with_its_time_and_what_to_leave_out(tmp_path: Path) -> None:
    swapped = _press(12)
    swapped["oil"][STEP:] += 7.0
    found = _checked(tmp_path, Press1=_press(1), **{"Pre'ss2": swapped})
    assert found.level == "warn"
    assert len(found.evidence) == 1
    assert found.evidence[0].startswith("Pre'ss2, oil: by about +")
    assert "2024-03-13" in found.evidence[0]
    stated = found.fix[found.fix.index("[") : found.fix.index("]") + 1]
    put(tmp_path / "data" / "machines.yaml", f"leave_out: {stated}\n")
    assert load_sidecar(tmp_path / "data").leave_out[0].machine == "Pre'ss2"
    samples, _ = read_all(tmp_path / "data")
    again = data.check(version(samples, tmp_path / "again"), Settings())
    assert [f.level for f in again if f.check == "level-steps"] == ["pass"]


def test_another_unit_from_some_day_on_is_told_as_a_factor(tmp_path: Path) -> None:
    other = _press(14)
    other["pressure"][STEP:] /= 10
    found = _checked(tmp_path, Press=other)
    (line,) = found.evidence
    assert line.startswith("Press, pressure: times 0.1")


def test_a_drift_a_passing_state_and_a_step_in_the_last_hours_are_none(tmp_path: Path) -> None:
    drift, passing, late = _press(5), _press(6), _press(7)
    drift["oil"] += np.linspace(0, 15, DAYS * 144)
    passing["oil"][STEP : STEP + 288] += 12
    late["oil"][-60:] += 12
    found = _checked(tmp_path, Drift=drift, Passing=passing, Late=late)
    assert found.level == "pass", found.evidence


def test_channels_that_moved_on_one_day_are_told_together(tmp_path: Path) -> None:
    moved = _pump(8)
    for name, amount in {"flow": -15.0, "pressure": 3.0, "current": -5.0}.items():
        moved[name][STEP:] += amount
    found = _checked(tmp_path, Pump=moved)
    assert found.evidence[0].startswith("Pump: 3 of 4 channels, from 2024-03-1")


def test_a_stretch_that_is_marked_as_a_fault_is_none(tmp_path: Path) -> None:
    broken = _press(9)
    broken["oil"][STEP:] += 12
    put(
        tmp_path / "data" / "faults.csv",
        f"start,end,machine\n{stamps(DAYS * 144, 600)[STEP]},{stamps(DAYS * 144, 600)[-1]},Press\n",
    )
    found = _checked(tmp_path, Press=broken)
    assert found.level == "pass", found.evidence


@pytest.mark.parametrize("rows", [50, 1000])
def test_a_short_recording_tells_nothing(tmp_path: Path, rows: int) -> None:
    values = [0.0] * (rows // 2) + [10.0] * (rows // 2)
    put(tmp_path / "data" / "x.csv", table(("time", "v"), stamps(rows, 60), values))
    samples, _ = read_all(tmp_path / "data")
    found = {f.check: f for f in data.check(version(samples, tmp_path / "b"), Settings())}
    assert found["level-steps"].level == "pass"
