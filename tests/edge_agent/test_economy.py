"""What leaves a device at a vibrating machine is a thousandth of its signal, alarms included."""

from __future__ import annotations

from pathlib import Path

from benchmarks.machines_economy import RAW_BYTES_S, WINDOW_S, Machine, ring_cost


def test_a_week_with_an_alarm_costs_a_thousandth_of_the_raw_signal(tmp_path: Path) -> None:
    """Measured in hours: a quiet one, and one with an alarm; a week has 167 of the first kind."""
    costs = []
    for name, alarm_at_h in (("quiet", -1.0), ("alarm", 0.5)):
        folder = tmp_path / name
        folder.mkdir()
        machine = Machine(folder)
        machine.live(1.0, alarm_at_h)
        machine.line.close()
        machine.pack()
        costs.append(machine.sent.total)
        assert machine.sent.windows == 360
    quiet, alarm = costs
    audits = 2 * 7 * (WINDOW_S * RAW_BYTES_S / 2)  # two windows a day, as they are kept
    week = 167 * quiet + alarm + audits
    assert alarm > 5e6, "the minutes before the alarm are in it"
    assert 7 * 86_400 * RAW_BYTES_S / week > 1000


def test_a_ring_at_50_khz_keeps_what_it_should_in_its_memory() -> None:
    cost = ring_cost(seconds=400)
    assert cost["windows"] == 40
    assert cost["kept_mib"] < 1.1 * 310 * 50_000 * 4 / (1 << 20)
