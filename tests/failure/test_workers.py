"""Two ingest workers on one broker, killed at random: 0 rows lost, 0 stored twice, pictures whole."""

from __future__ import annotations

import random
import secrets
from pathlib import Path

import pytest

from tests.cloud_sync.postgres import fresh_database, running_cluster
from tests.failure.conftest import Record
from tests.failure.test_kills import kill_at_random
from tests.failure.workers import WorkersHub

SEED = 20261125


def run(
    tmp_path: Path, database_url: str, kills: tuple[int, int, int], pause_s: float
) -> dict[str, int]:
    hub = WorkersHub(tmp_path / "site", random.Random(SEED), database_url)
    try:
        hub.serve()
        return kill_at_random(hub, tmp_path, devices=2, kills=kills, pause_s=pause_s)
    finally:
        hub.close()


@pytest.mark.parametrize("kind", [pytest.param("sqlite", marks=pytest.mark.slow), "postgresql"])
def test_workers_are_killed_a_few_times(tmp_path: Path, kind: str, record: Record) -> None:
    figures = on(kind, tmp_path, (1, 2, 1), 0.8)
    record({"database": kind, **figures})


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_workers_are_killed_a_hundred_times(tmp_path: Path, kind: str, record: Record) -> None:
    figures = on(kind, tmp_path, (20, 70, 10), 1.5)
    assert figures["kills"] >= 100
    record({"database": kind, **figures})


def on(kind: str, tmp_path: Path, kills: tuple[int, int, int], pause_s: float) -> dict[str, int]:
    """The run on one of the databases."""
    if kind == "sqlite":
        return run(tmp_path, "", kills, pause_s)
    with running_cluster() as socket:
        return run(tmp_path, fresh_database(socket, f"t{secrets.token_hex(6)}"), kills, pause_s)
