"""Two that are added under one name at once are told apart as those that are added one after the other."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.secrets import Secrets, read_secrets
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.errors import ConflictError
from cloud_sync.fleet import devices
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection, Device, DeviceToken, EnrollToken, Person
from cloud_sync.web.accounts import create_person
from kits.core.sample import utc_now
from tests.cloud_sync.crossing import cross, meanwhile, waits_for_a_lock
from tests.cloud_sync.fleet_builders import make_hub
from tests.cloud_sync.postgres import drop_database, url_of
from tests.waiting import wait_for


@pytest.fixture
def apart(tmp_path: Path, cluster: Path) -> Iterator[Hub]:
    """A hub whose processes do not see what others have not committed."""
    url = url_of(cluster, f"t{secrets.token_hex(6)}")
    with make_hub(tmp_path, database_url=url) as hub:
        yield hub
    drop_database(cluster, url)


def person(session: Session, role: str) -> Person:
    return create_person(session, "ada", "", role, by="init")


def test_of_two_people_of_one_login_one_is_there_and_the_other_is_a_conflict(apart: Hub) -> None:
    def second() -> None:
        with apart.database.transaction() as session:
            person(session, "viewer")

    fault = cross(apart, lambda session: person(session, "admin"), second)
    assert isinstance(fault, ConflictError)
    with apart.database.session() as session:
        assert list(session.scalars(select(Person.role))) == ["admin"]


def test_of_two_connections_of_one_name_one_is_there_with_its_secrets(
    apart: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add(secret: str) -> None:
        given = Secrets((secret,), {"token": "pat-eu1-0000"})
        connections.add(apart, "sales", CrmSettings(kind="hubspot"), "", given, by="ann")

    others = []
    with ThreadPoolExecutor(1) as pool:

        def another() -> None:
            others.append(pool.submit(add, "of the second"))
            wait_for(lambda: others[0].done() or waits_for_a_lock(apart))

        meanwhile(monkeypatch, connections, "write_secrets", another)
        add("of the first")
    assert isinstance(others[0].exception(), ConflictError)
    assert read_secrets(apart.config.keys_dir, "sales").webhook == ("of the first",)
    with apart.database.session() as session:
        assert list(session.scalars(select(CrmConnection.name))) == ["sales"]


def draw(session: Session) -> str:
    return devices.add_device(session, "press-1", site="main", who="ann")


def test_of_two_tokens_that_are_drawn_for_one_device_at_once_one_counts(apart: Hub) -> None:
    def second() -> None:
        with apart.database.transaction() as session:
            draw(session)

    assert cross(apart, draw, second) is None
    with apart.database.session() as session:
        assert len(devices.awaited(session)) == 1


def test_of_two_machines_that_enrol_under_one_name_at_once_the_later_one_is_it(apart: Hub) -> None:
    tokens = []
    for _ in range(2):
        with apart.database.transaction() as session:
            tokens.append(draw(session))
    with apart.database.transaction() as session:  # as an earlier hub may have left them
        session.execute(update(EnrollToken).values(expires_at=utc_now() + devices.ENROLL_VALID))

    def enrol(session: Session, number: int) -> None:
        devices.enroll(session, tokens[number], f"machine {number}")

    def second() -> None:
        with apart.database.transaction() as session:
            enrol(session, 1)

    assert cross(apart, lambda session: enrol(session, 0), second) is None
    with apart.database.session() as session:
        [device] = session.scalars(select(Device)).all()
        assert device.hardware == "machine 1"
        valid = session.scalars(select(DeviceToken).where(DeviceToken.revoked_at.is_(None)))
        assert len(valid.all()) == 1
