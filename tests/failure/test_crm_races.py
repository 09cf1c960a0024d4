"""Whatever a person or the CRM does while a lead is read, scored, swept and written, the last word is theirs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cloud_sync.conftest import cluster, database_url
from tests.cloud_sync.crm.lead_builders import lead_hub
from tests.cloud_sync.postgres import drop_database, url_of
from tests.failure.conftest import Record
from tests.failure.crm_races import Race
from tests.sampled import sampled

__all__ = ["cluster", "database_url"]
SEEDS = int(os.environ.get("KITWRIGHT_CRM_RACES", "300"))


def raced(folder: Path, url: str, seed: int) -> list[str]:
    with lead_hub(folder, url) as made:
        race = Race(made, seed)
        race.run()
        return race.wrong()


@pytest.mark.parametrize("seed", sampled(range(3), every=3))
def test_the_last_word_is_a_persons_or_the_crms(tmp_path: Path, seed: int) -> None:
    assert raced(tmp_path, "", seed) == []


def test_the_same_on_the_other_database(tmp_path: Path, database_url: str) -> None:
    assert raced(tmp_path, database_url, 1) == []


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_it_is_so_in_hundreds_of_races(
    database: str, tmp_path: Path, record: Record, request: pytest.FixtureRequest
) -> None:
    wrong = {}
    for seed in range(SEEDS):
        if database == "sqlite":
            found = raced(tmp_path / str(seed), "", seed)
        else:
            cluster = request.getfixturevalue("cluster")
            url = url_of(cluster, f"race{seed}")
            found = raced(tmp_path / str(seed), url, seed)
            drop_database(cluster, url)
        if found:
            wrong[seed] = found
    record({"races": SEEDS, "wrong": len(wrong)})
    assert wrong == {}
