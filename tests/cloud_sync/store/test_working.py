"""Tables are brought up to date by whoever begins, and under nobody who works with the older ones."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_sync.commands.options import opened
from cloud_sync.config import dump
from cloud_sync.errors import ConflictError
from cloud_sync.hub import Hub
from cloud_sync.store import working as locks
from cloud_sync.store.db import Database, current_revision
from cloud_sync.store.working import alone, working
from kits.core.addresses import free_port
from kits.core.errors import ConfigError, DataError, UnreachableError
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.store.test_migrations import VERSION_TABLE, move, revisions
from tests.cloud_sync.test_cli import forked_hub, run
from tests.waiting import wait_for


@pytest.fixture
def hub(tmp_path: Path, database_url: str) -> Iterator[Hub]:
    """As `init` leaves it, on each database."""
    listen = {"port": free_port()}
    with make_hub(tmp_path / "hub", database_url=database_url, listen=listen) as hub:
        (tmp_path / "hub" / "hub.yaml").write_text(dump(hub.config))
        yield hub


def at(hub: Hub) -> str:
    return current_revision(hub.database)


def make_older(hub: Hub) -> None:
    move(hub.database, revisions()[-2], down=True)


def test_a_verb_brings_older_tables_up_to_date_while_nobody_works_with_them(hub: Hub) -> None:
    make_older(hub)
    run("user", "add", "vera", "--data", hub.config.data_dir)
    assert at(hub) == revisions()[-1]


def test_under_a_worker_that_may_be_older_the_tables_stay_as_they_are(
    hub: Hub, tmp_path: Path
) -> None:
    data, said = hub.config.data_dir, tmp_path / "said"
    said.touch()
    process = forked_hub(said, "worker", "--no-ingest", "--data", data)
    try:
        wait_for(lambda: "working:" in said.read_text())
        run("user", "add", "vera", "--data", data)  # no older tables, nothing in the way
        make_older(hub)
        for words in (("user", "list"), ("serve",), ("worker", "--no-ingest")):
            with pytest.raises(ConflictError, match="the tables are older") as caught:
                run(*words, "--data", data)
            assert "stop serve and every worker" in caught.value.fix
            assert at(hub) == revisions()[-2]
    finally:
        process.kill()  # which lets go of the lock as well
        process.wait(60)
    run("user", "list", "--data", data)
    assert at(hub) == revisions()[-1]


def test_tables_of_a_newer_kitwright_are_left_alone(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    with hub.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    for words in (("user", "list"), ("serve",), ("worker", "--no-ingest")):
        with (
            caplog.at_level(logging.INFO, "cloud_sync"),
            pytest.raises(ConfigError, match="by a newer Kitwright, as schema 9999") as caught,
        ):
            run(*words, "--data", hub.config.data_dir)
        assert caught.value.fix == "update kitwright"
    assert "tables_changing" not in caplog.text, "nothing was begun"


def test_of_several_that_start_at_once_one_changes_the_tables(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    make_older(hub)
    found: list[str] = []
    together = threading.Barrier(4)

    def start() -> None:
        database = Database(hub.config.database)
        together.wait()
        with working(database, hub.config.data_dir) as version:
            found.append(version)
            together.wait(60)  # all of them work at the same time
        database.close()

    with caplog.at_level(logging.INFO, "cloud_sync"):
        threads = [threading.Thread(target=start) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert found == [revisions()[-1]] * 4
    said = [record.getMessage().split()[0] for record in caplog.records]
    assert said.count("event=tables_changing") == 1


def test_a_verb_does_not_wait_for_ever_for_who_changes_the_tables(hub: Hub) -> None:
    data = hub.config.data_dir
    with alone(data, "they are changed", patience_s=0):
        refused = pytest.raises(UnreachableError, match="another process changes")
        with refused as caught, opened(data, patience_s=0.1):
            pass
        assert "try again" in caught.value.fix
        with opened(data, as_it_is=True, patience_s=0.1):
            pass  # a backup changes nothing


def test_who_must_be_alone_is_told_of_others(hub: Hub) -> None:
    data = hub.config.data_dir
    refused = pytest.raises(ConflictError, match="and one does")
    with opened(data), refused as caught, alone(data, "they are moved", patience_s=0):
        pass
    assert "systemctl stop cloud-sync" in caught.value.fix


def test_a_file_that_went_while_this_one_waited_is_not_made_anew(tmp_path: Path) -> None:
    with make_hub(tmp_path / "hub") as hub:
        pass
    file = tmp_path / "hub" / "hub.sqlite"
    file.unlink()
    with pytest.raises(DataError, match="is gone"), working(hub.database, tmp_path / "hub"):
        pass
    assert not file.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_locks_that_root_makes_keep_the_service_not_out(tmp_path: Path) -> None:
    with make_hub(tmp_path / "hub") as hub:
        os.chown(tmp_path / "hub", 1234, 1234)
        with working(hub.database, tmp_path / "hub"):
            owners = {(tmp_path / "hub" / name).stat().st_uid for name in (locks.FILE, locks.TURN)}
    assert owners == {1234}
