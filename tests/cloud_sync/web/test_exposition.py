"""`/metrics`: tables are counted for it seldom and by one at a time, however many ask."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloud_sync import metrics as figures
from cloud_sync.errors import BusyError
from cloud_sync.metrics import GAUGES_S, Exposition, Metrics, read_gauges
from cloud_sync.store.db import Database
from cloud_sync.store.models import Device
from tests.cloud_sync.fleet_builders import make_hub

KNOWN = 'kitwright_devices{state="known"}'


def shown(exposition: Exposition) -> float:
    lines = exposition.text()[0].decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(KNOWN))


def test_what_was_counted_in_the_tables_is_shown_again_for_a_while(tmp_path: Path) -> None:
    with make_hub(tmp_path) as hub:
        now = [100.0]
        exposition = Exposition(hub.metrics, hub.database, lambda: now[0])
        before = shown(exposition)
        with hub.database.transaction() as session:
            session.add(Device(name="another", site="north"))
        hub.metrics.chunks.inc(7)
        now[0] += GAUGES_S - 1
        assert shown(exposition) == before
        assert b"kitwright_blob_chunks_total 7.0" in exposition.text()[0]
        now[0] += 1
        assert shown(exposition) == before + 1


def test_one_counts_and_the_others_are_not_kept_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Event(), threading.Event()
    counted: list[int] = []

    def slowly(metrics: Metrics, database: Database) -> None:
        counted.append(1)
        begun.set()
        go.wait(20)
        read_gauges(metrics, database)

    with make_hub(tmp_path) as hub, ThreadPoolExecutor(1) as pool:
        now = [100.0]
        exposition = Exposition(hub.metrics, hub.database, lambda: now[0])
        monkeypatch.setattr(figures, "read_gauges", slowly)
        first = pool.submit(shown, exposition)
        begun.wait(20)
        for _ in range(5):
            with pytest.raises(BusyError):
                exposition.text()
        go.set()
        known = first.result()
        begun.clear()
        go.clear()
        now[0] += GAUGES_S
        second = pool.submit(shown, exposition)
        begun.wait(20)
        assert [shown(exposition) for _ in range(5)] == [known] * 5
        go.set()
        second.result()
    assert len(counted) == 2
