"""What erasing leaves in a database's files: rows that grew, shrank and moved leave copies in unused room of the pages."""

from __future__ import annotations

import random
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from cloud_sync.crm.erasure.forgetting import forget_all
from cloud_sync.hub import Hub
from cloud_sync.mails import traces
from cloud_sync.mails.traces import clear_traces, overwriting
from cloud_sync.retention.pruner import TRACES, Pruner
from cloud_sync.store import db
from cloud_sync.store.models import Alert, CrmEvent, Setting
from kits.core.errors import MachineError
from tests.cloud_sync.crm.lead_builders import SALES, LeadHub, lead_hub
from tests.cloud_sync.fleet_builders import AT, make_hub
from tests.cloud_sync.postgres import drop_database, url_of

PEOPLE = 120


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LeadHub]:
    with lead_hub(tmp_path) as made:
        yield made


def secret(name: str) -> str:
    return f"secret-of-{name}-"


def overwrites(here: LeadHub, how: str = "") -> int:
    """Whether SQLite overwrites what it removes, as it is from now on: builds differ in it."""
    with here.hub.database.engine.connect() as connection:
        found = connection.exec_driver_sql(f"PRAGMA secure_delete{how}").scalar_one()
    return int(found)


def filled(here: LeadHub) -> list[str]:
    """Leads with a past: read again and again, each time with more or less to tell."""
    overwrites(here, "=OFF")
    chance = random.Random(5)
    names = [str(n) for n in range(PEOPLE)]
    for name in names:
        here.crm.put(name, size=40)
    here.score(*names)
    with here.hub.database.transaction() as session:
        for name in names:
            session.add(CrmEvent(connection=SALES, event_id=f"e{name}", object_id=name, what="changed", at=AT, body={}))  # fmt: skip
    for _ in range(6):
        for name in chance.sample(names, PEOPLE // 2):
            with here.hub.database.transaction() as session:
                event = session.get_one(CrmEvent, (SALES, f"e{name}"))
                event.body = {"said": secret(name) * chance.randint(1, 40)}
    return names


def left(here: LeadHub, names: list[str]) -> list[str]:
    folder = here.hub.config.data_dir
    content = b"".join(
        p.read_bytes() for p in folder.glob("hub.sqlite*") if p.suffix != ".sqlite-shm"
    )
    return [name for name in names if secret(name).encode() in content]


def is_noted(here: LeadHub) -> bool:
    with here.hub.database.session() as session:
        return session.get(Setting, "erased_traces") is not None


def test_within_the_hour_nothing_is_left_of_those_who_were_erased(here: LeadHub) -> None:
    names = filled(here)
    assert clear_traces(here.hub) and not is_noted(here)  # nobody was erased: nothing to do
    erased = names[::4]
    assert set(left(here, names)) >= set(erased) - {"0"}
    forget_all(here.hub, [(SALES, name) for name in erased], by="ada")
    assert left(here, erased), "or this test shows nothing"
    assert is_noted(here)
    Pruner(here.hub).turn()
    assert left(here, erased) == [] and not is_noted(here)
    assert len(left(here, names)) > PEOPLE // 2


@pytest.mark.slow
def test_who_is_erased_while_the_file_is_written_anew_is_no_exception(
    here: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = filled(here)
    forget_all(here.hub, [(SALES, "1")], by="ada")
    whole = here.hub.database.rewrite

    def meanwhile() -> None:
        whole()
        forget_all(here.hub, [(SALES, name) for name in names[2:60]], by="ada")

    monkeypatch.setattr(here.hub.database, "rewrite", meanwhile)
    clear_traces(here.hub)
    assert is_noted(here)
    monkeypatch.undo()
    assert clear_traces(here.hub) and not is_noted(here)
    assert left(here, names[1:60]) == []


def test_a_file_that_cannot_be_written_anew_is_told_and_tried_again(
    here: LeadHub,
) -> None:
    with overwriting(here.hub):
        pass
    with here.hub.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=10")
    other = sqlite3.connect(here.hub.config.data_dir / "hub.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(MachineError, match=r"written anew: .*locked"):
        clear_traces(here.hub)
    other.close()
    assert is_noted(here)
    assert not clear_traces(here.hub, most=1)
    assert clear_traces(here.hub) and not is_noted(here)


@pytest.mark.slow
def test_a_reader_of_an_old_state_has_it_done_later(here: LeadHub) -> None:
    names = filled(here)
    forget_all(here.hub, [(SALES, name) for name in names[:30]], by="ada")
    here.hub.database.engine.dispose()
    with here.hub.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=10")
    reader = sqlite3.connect(here.hub.config.data_dir / "hub.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM crm_event").fetchone()
    with pytest.raises(MachineError, match="somebody reads"):
        clear_traces(here.hub)
    assert is_noted(here)
    reader.close()
    assert clear_traces(here.hub) and left(here, names[:30]) == []


def test_a_turn_of_retention_goes_on_where_there_is_no_room(
    here: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with overwriting(here.hub):
        pass
    asked: list[int] = []

    def full(*_: object) -> bool:
        asked.append(1)
        raise MachineError("database or disk is full")

    monkeypatch.setattr("cloud_sync.retention.pruner.clear_traces", full)
    pruner = Pruner(here.hub)
    pruner.turn()
    assert asked == [1] and pruner.finished
    assert "disk is full" in said(here)
    monkeypatch.undo()
    Pruner(here.hub).turn()
    assert said(here) == "" and not is_noted(here)


def test_a_large_file_is_written_anew_when_the_hub_starts(
    here: LeadHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with overwriting(here.hub):
        pass
    monkeypatch.setattr(
        "cloud_sync.retention.pruner.clear_traces", partial(traces.clear_traces, most=1)
    )
    Pruner(here.hub).turn()
    assert is_noted(here) and "restart the hub" in said(here)
    traces.clear_all_traces(here.hub)
    Pruner(here.hub).turn()
    assert not is_noted(here) and said(here) == ""


def test_a_damaged_file_keeps_no_hub_from_starting(
    here: LeadHub, caplog: pytest.LogCaptureFixture
) -> None:
    filled(here)
    with overwriting(here.hub):
        pass
    here.hub.database.engine.dispose()
    path = here.hub.config.data_dir / "hub.sqlite"
    with closing(sqlite3.connect(path)) as file:
        [(root,)] = file.execute("SELECT rootpage FROM sqlite_master WHERE name = 'crm_event'")
        [(size,)] = file.execute("PRAGMA page_size")
    with path.open("r+b") as stream:
        stream.seek((root - 1) * size)
        stream.write(b"\xff" * size)
    with pytest.raises(MachineError, match="malformed"):
        clear_traces(here.hub)
    traces.clear_all_traces(here.hub)
    assert "erased_traces_left" in caplog.text and is_noted(here)


def said(here: LeadHub) -> str:
    """What the open alerts of it say."""
    with here.hub.database.session() as session:
        query = select(Alert.text).where(Alert.name == TRACES, Alert.seen_at.is_(None))
        return "\n".join(session.scalars(query))


@pytest.mark.parametrize(("how", "number"), [("=ON", 1), ("=OFF", 0), ("=FAST", 2)])
def test_an_erasure_changes_nothing_for_who_comes_after_it(
    here: LeadHub, how: str, number: int
) -> None:
    assert overwrites(here, how) == number
    with overwriting(here.hub) as session:
        assert session.connection().exec_driver_sql("PRAGMA secure_delete").scalar_one() == 1
    assert overwrites(here) == number


def test_postgresqls_tables_are_written_anew(cluster: Path, tmp_path: Path) -> None:
    url = url_of(cluster, f"t{secrets.token_hex(6)}")
    with make_hub(tmp_path, database_url=url) as hub:
        names = [str(n) for n in range(PEOPLE)]
        with hub.database.transaction() as session:
            session.add_all(Setting(key=f"of {name}", value={}) for name in names)
        for length in (1, 20, 5):
            with hub.database.transaction() as session:
                for name in names:
                    said = secret(name) * length
                    session.get_one(Setting, f"of {name}").value = {"said": said}
        with overwriting(hub) as session:
            session.execute(
                delete(Setting).where(Setting.key.in_(f"of {name}" for name in names[::4]))
            )
        assert in_files(cluster, hub, names) >= set(names[::4])
        assert not clear_traces(hub, most=1)
        Pruner(hub).turn()
        assert in_files(cluster, hub, names) == set(names) - set(names[::4])
        assert clear_traces(hub, most=0)  # nothing is noted any more
    drop_database(cluster, url)


def test_a_table_that_somebody_reads_for_long_is_written_anew_later(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "LOCK_TIMEOUT_MS", 50)
    url = url_of(cluster, f"t{secrets.token_hex(6)}")
    with make_hub(tmp_path, database_url=url) as hub:
        with overwriting(hub):
            pass
        with hub.database.session() as session:
            session.scalars(select(Setting)).all()
            with pytest.raises(MachineError, match="lock timeout"):
                clear_traces(hub)
        assert clear_traces(hub)
        with hub.database.engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar_one() == "0"
    drop_database(cluster, url)


def in_files(cluster: Path, hub: Hub, names: list[str]) -> set[str]:
    """Of whom a server's tables hold something on the disk."""
    with hub.database.engine.connect() as connection:
        plain = connection.execution_options(isolation_level="AUTOCOMMIT")
        plain.exec_driver_sql("CHECKPOINT")
        base = plain.exec_driver_sql(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        )
        folder = cluster / "data/base" / str(base.scalar_one())
    content = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    return {name for name in names if secret(name).encode() in content}
