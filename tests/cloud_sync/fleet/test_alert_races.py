"""Who raises the same alert at the same time as another process tells of it once."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.effects.outbox import UNDELIVERABLE, may_raise
from cloud_sync.hub import Hub
from cloud_sync.store.models import Alert, Effect
from tests.cloud_sync.crossing import cross, waits_for_a_lock
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.postgres import drop_database, url_of
from tests.waiting import wait_for


@pytest.fixture
def apart(tmp_path: Path, cluster: Path) -> Iterator[Hub]:
    """A hub whose processes do not see what others have not committed, with two receivers."""
    url = url_of(cluster, f"t{secrets.token_hex(6)}")
    notify = {
        "webhook": {"url": "http://127.0.0.1:1/"},
        "mail": {"host": "127.0.0.1", "to": ["crew@works"], "severities": ["warning"]},
        "max_waiting": 2,
    }
    with make_hub(tmp_path, database_url=url, notify=notify) as hub:
        yield hub
    drop_database(cluster, url)


def full(session: Session, hub: Hub, where: str = "") -> Alert | None:
    return raise_alert(session, hub.config.notify, "hub-disk-full", "error", "full", where=where)


def in_one_of_its_own(hub: Hub, where: str = "") -> bool:
    with hub.database.transaction() as session:
        return full(session, hub, where) is not None


def told(hub: Hub) -> tuple[int, int]:
    """Alerts and notices."""
    with hub.database.session() as session:
        return len(session.scalars(select(Alert.id)).all()), len(
            session.scalars(select(Effect.id)).all()
        )


def test_an_alert_that_two_raise_at_once_is_told_once(apart: Hub) -> None:
    fault = cross(apart, lambda session: full(session, apart), lambda: in_one_of_its_own(apart))
    assert fault is None
    assert told(apart) == (1, 1)
    with apart.database.transaction() as session:
        assert close_alert(session, "hub-disk-full")
    assert in_one_of_its_own(apart)


def test_who_has_waited_tells_when_the_first_one_fails(apart: Hub) -> None:
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(RuntimeError), apart.database.transaction() as session:
            assert full(session, apart)
            done = pool.submit(in_one_of_its_own, apart)
            wait_for(lambda: waits_for_a_lock(apart))
            raise RuntimeError("power cut")
        assert done.result()
    assert told(apart) == (1, 1)


def test_an_alert_that_two_find_graver_at_once_is_told_once_more(apart: Hub) -> None:
    def graver(session: Session) -> Alert | None:
        return raise_alert(session, apart.config.notify, "root-expires", "error", "has expired")

    def in_another() -> bool:
        with apart.database.transaction() as session:
            return graver(session) is not None

    with apart.database.transaction() as session:
        assert raise_alert(session, apart.config.notify, "root-expires", "warning", "expires")
    assert told(apart) == (1, 2), "webhook and mail"
    assert cross(apart, graver, in_another) is None
    assert told(apart) == (2, 3), "the mail is for warnings only"
    with apart.database.session() as session:
        standing = session.scalars(select(Alert).where(Alert.seen_at.is_(None))).all()
        assert [(one.severity, one.text) for one in standing] == [("error", "has expired")]


def test_who_raises_another_alert_does_not_wait(apart: Hub) -> None:
    with apart.database.transaction() as session:
        assert full(session, apart)
        assert in_one_of_its_own(apart, "another place")
    assert told(apart) == (2, 2)


def test_notices_given_up_at_once_are_told_of_once_and_nobody_waits(apart: Hub) -> None:
    """Who raises an alert may have to raise two more: each other's would be waited for crosswise."""
    with apart.database.transaction() as session:
        for number in range(2):
            text = "fills the room of both"
            raise_alert(session, apart.config.notify, f"own-{number}", "warning", text)
    with apart.database.transaction() as session:
        assert may_raise(session, UNDELIVERABLE, where="mail")
        with apart.database.transaction() as another:
            notify = apart.config.notify
            assert raise_alert(another, notify, UNDELIVERABLE, "warning", "x", where="webhook")
    with apart.database.session() as session:
        places = session.scalars(select(Alert.where).where(Alert.name == UNDELIVERABLE))
        assert list(places) == ["webhook"]
    assert in_one_of_its_own(apart)  # the next one that finds no room tells of it
