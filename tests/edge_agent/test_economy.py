"""What leaves a device at a vibrating machine is a thousandth of its signal, alarms included."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.machines_economy import RAW_BYTES_S, Machine, ring_cost


def day(folder: Path, alarm_at_h: float) -> Machine:
    folder.mkdir()
    machine = Machine(folder)
    machine.live(24.0, alarm_at_h)
    machine.line.close()
    machine.pack()
    assert machine.sent.windows == 8640
    return machine


@pytest.mark.slow
def test_a_week_with_an_alarm_costs_a_thousandth_of_the_raw_signal(tmp_path: Path) -> None:
    quiet, alarm = day(tmp_path / "quiet", -1.0).sent, day(tmp_path / "alarm", 12.0).sent
    assert alarm.blobs > 7e6, "the minutes before the alarm are in it"
    raw = 86_400 * RAW_BYTES_S
    assert raw / quiet.total > 1500
    assert 7 * raw / (6 * quiet.total + alarm.total) > 1000


def test_a_ring_at_50_khz_keeps_what_it_should_in_its_memory() -> None:
    cost = ring_cost(seconds=400)
    assert cost["windows"] == 40
    assert cost["kept_mib"] < 1.1 * 310 * 50_000 * 4 / (1 << 20)
