"""Files of one record whose headers state different units: converted or kept apart, and told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.predictive_maintenance.reading import (
    channel,
    levels,
    put,
    read_all,
    stamps,
    table,
    texts,
)

TIMES = stamps(400, 60)
VALUES = [20.0 + i % 50 for i in range(400)]


def months(folder: Path, units: tuple[str, str], values: list[float]) -> None:
    for number, unit in enumerate(units):
        rows = slice(200 * number, 200 * number + 200)
        content = table(("time", f"flow [{unit}]"), TIMES[rows], values[rows])
        put(folder / f"pump_2024-0{number + 3}.csv", content)
    put(folder / "machines.yaml", "learn: {share: 0.9}\n")


@pytest.mark.parametrize(
    ("units", "factor", "summand"),
    [(("l/min", "m³/h"), 0.06, 0.0), (("psi", "bar"), 0.0689476, 0.0), (("°F", "°C"), 5 / 9, -160 / 9), (("K", "°F"), 1.8, -459.67)],
)  # fmt: skip
def test_a_unit_that_changed_is_converted_to_the_newest_and_told(
    tmp_path: Path, units: tuple[str, str], factor: float, summand: float
) -> None:
    mixed = [v if i < 200 else factor * v + summand for i, v in enumerate(VALUES)]
    months(tmp_path, units, mixed)
    samples, findings = read_all(tmp_path)
    assert {channel(s, "flow").unit for s in samples} == {units[1]}
    read = [float(v) for s in samples for v in channel(s, "flow").readings]
    assert read == pytest.approx([factor * v + summand for v in VALUES], rel=1e-4, abs=2e-3)
    assert f"pump_2024-03.csv: flow [{units[0]}] to [{units[1]}]" in texts(findings, "units")
    assert levels(findings, "units") == {"warn"}


def test_units_that_do_not_convert_are_never_mixed(tmp_path: Path) -> None:
    months(tmp_path, ("A", "%"), VALUES)
    samples, findings = read_all(tmp_path)
    assert {channel(s, "flow").unit for s in samples} == {"A", "%"}
    for sample in samples:
        stated = channel(sample, "flow")
        assert stated.readings.size <= 200
    assert "do not convert" in texts(findings, "units")


def test_a_file_without_a_unit_is_taken_for_the_same(tmp_path: Path) -> None:
    put(tmp_path / "pump_2024-03.csv", table(("time", "flow"), TIMES[:200], VALUES[:200]))
    put(tmp_path / "pump_2024-04.csv", table(("time", "flow [bar]"), TIMES[200:], VALUES[200:]))
    samples, findings = read_all(tmp_path)
    assert {channel(s, "flow").unit for s in samples} == {"bar"}
    assert not texts(findings, "units")
