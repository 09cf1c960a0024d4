"""A fleet with certificates against one hub: thirty devices always, a thousand in the slow suite."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.fleet import Result, rig
from tests.failure.conftest import Record


def measure(folder: Path, devices: int, seconds: int, record: Record) -> Result:
    """One run; every row is acknowledged, stored, and stored once."""
    with rig(folder, devices) as made:
        result = made.run(seconds)
    record(asdict(result))
    assert (result.lost, result.twice, result.disconnected) == (0, 0, 0)
    return result


@pytest.mark.slow
def test_thirty_devices_lose_nothing(tmp_path: Path, record: Record) -> None:
    assert measure(tmp_path, 30, 3, record).rows == 90


@pytest.mark.slow
def test_a_thousand_devices_are_answered_in_half_a_second(tmp_path: Path, record: Record) -> None:
    result = measure(tmp_path, 1000, 60, record)
    assert result.connect_s <= 30
    assert result.connect_all_at_once_s <= 30
    assert result.ack_p99_ms <= 500
    assert result.broker_rss_mib <= 100
