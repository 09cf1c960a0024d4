"""A backlog of 100,000 rows, end to end durable, beside plain paho through the same broker."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from benchmarks import delivery
from tests.failure.conftest import Record

ROWS_PER_S = 20_000
TIMES_PLAIN = 3.0


def told(figures: Mapping[str, object]) -> dict[str, object]:
    """The comparison's figures as one flat table."""
    flat: dict[str, object] = {"rows": figures["rows"], "bytes per row": figures["row_bytes"]}
    for place, found in figures.items():
        if isinstance(found, dict):
            rates = found["rows_per_s"]
            flat |= {f"{place}: {name}, rows/s": rate for name, rate in rates.items()}
            flat[f"{place}: times plain paho"] = found["times_plain_paho"]
    return flat


def test_a_small_backlog(record: Record) -> None:
    record(told(delivery.measure(2_000, 1, 0.0)))


@pytest.mark.slow
def test_a_backlog_of_100_000_rows(record: Record) -> None:
    figures = delivery.measure(100_000, 3, 0.05)
    record(told(figures))
    near = figures["loopback"]
    assert isinstance(near, dict)
    assert near["rows_per_s"]["ours, telemetry"] >= ROWS_PER_S
    assert near["times_plain_paho"] >= TIMES_PLAIN
