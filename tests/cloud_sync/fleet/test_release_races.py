"""Releases, identities and reviews of which two are under way at once, by several workers on a real PostgreSQL."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from tuf.api.metadata import Metadata, Timestamp

from cloud_sync.app import create_app
from cloud_sync.errors import ConflictError
from cloud_sync.fleet import devices, rollouts, tuf
from cloud_sync.fleet.plan import Plan
from cloud_sync.hub import Hub
from cloud_sync.learning import reviews
from cloud_sync.retention.rows import Old
from cloud_sync.retention.samples import SamplePruner
from cloud_sync.store.models import (
    Annotation,
    Blob,
    DeviceCertificate,
    Person,
    Release,
    Review,
    Rollout,
    Sample,
)
from cloud_sync.web import accounts
from kits.core.errors import BundleError, GateError
from kits.core.sample import utc_now
from tests.cloud_sync.crossing import cross
from tests.cloud_sync.fleet.released import Device, accept, begun, served
from tests.cloud_sync.fleet.test_device_certificates import Device as Keeper
from tests.cloud_sync.fleet.test_withdrawals import marked
from tests.cloud_sync.fleet_builders import add_device, make_hub
from tests.cloud_sync.hub_builders import add_sample
from tests.cloud_sync.postgres import url_of
from tests.release_engineer import Engineer, new_key


@pytest.fixture
def hub(tmp_path: Path, cluster: Path) -> Iterator[Hub]:
    url = url_of(cluster, f"t{secrets.token_hex(6)}")
    with make_hub(tmp_path, database_url=url) as hub:
        add_device(hub)
        yield hub


@pytest.fixture
def bundle(hub: Hub, engineer: Engineer) -> str:
    """The one that is released."""
    begun(hub, engineer)
    with hub.database.session() as session:
        return session.scalars(select(Release.bundle)).one()


def start(session: Session, bundle: str) -> None:
    rollouts.start(session, bundle, device="press-1", plan=Plan(timedelta(hours=1)), who="ada")


def test_a_rollout_that_begins_while_its_release_is_withdrawn_ends_with_it(
    hub: Hub, engineer: Engineer, bundle: str
) -> None:
    targets = marked(engineer, 1)
    fault = cross(hub, lambda session: start(session, bundle), lambda: accept(hub, targets=targets))
    assert fault is None
    with hub.database.session() as session:
        row = session.scalars(select(Rollout)).one()
    assert row.state == "aborted" and "misses scratches" in row.reason


def test_no_rollout_begins_of_a_release_that_is_being_withdrawn(
    hub: Hub, engineer: Engineer, bundle: str
) -> None:
    targets = marked(engineer, 1)

    def begin() -> None:
        with hub.database.transaction() as session:
            start(session, bundle)

    fault = cross(hub, lambda session: tuf.accept(hub, session, targets=targets, who="eve"), begin)
    assert isinstance(fault, GateError) and "withdrawn" in fault.what


def test_what_the_keys_before_signed_is_refused_while_they_are_changed(
    hub: Hub, engineer: Engineer, bundle: str
) -> None:
    last = engineer.targets
    stolen = engineer.sign_targets(version=last.version + 2)
    engineer.targets = last
    engineer.targets_keys = [new_key()]
    root, targets = engineer.sign_root(), engineer.sign_targets()

    def steal() -> None:
        accept(hub, targets=stolen)

    def change(session: Session) -> None:
        tuf.accept(hub, session, root=root, targets=targets, who="eve")

    assert isinstance(cross(hub, change, steal), BundleError)
    Device(hub).refresh()


def test_a_timestamp_that_is_renewed_while_the_hubs_key_changes_is_signed_with_the_new_one(
    hub: Hub, engineer: Engineer, bundle: str
) -> None:
    engineer.online = hub.keys.prepare()
    root = engineer.sign_root()

    def renew() -> None:
        with hub.database.transaction() as session:
            tuf.renew(hub, session)

    fault = cross(hub, lambda session: tuf.accept(hub, session, root=root, who="eve"), renew)
    assert fault is None
    signed = Metadata[Timestamp].from_bytes(served(hub, "timestamp.json"))
    assert list(signed.signatures) == [engineer.online.keyid]


def test_a_device_that_renews_its_certificate_while_it_is_revoked_keeps_none(hub: Hub) -> None:
    client = TestClient(create_app(hub.config))
    device = Keeper(client, hub)
    assert device.enroll() == 200
    answers: list[int] = []
    fault = cross(
        hub,
        lambda session: devices.revoke(session, device.name, who="ada"),
        lambda: answers.append(device.renew()),
    )
    assert fault is None and answers == [401]
    with hub.database.session() as session:
        left = select(func.count()).where(DeviceCertificate.revoked_at.is_(None))
        assert session.scalar(left.where(DeviceCertificate.device == device.name)) == 0
    client.app.state.hub.close()


@pytest.fixture
def sample(hub: Hub) -> str:
    with hub.database.transaction() as session:
        session.add_all(Person(login=login, role="reviewer") for login in ("eve", "bob"))
    return add_sample(hub, "part")


def say(session: Session, login: str, decision: reviews.Choice, label: str = "") -> None:
    person = session.scalars(select(Person).where(Person.login == login)).one()
    reviews.submit(session, person, "part", decision, label=label)


def said(hub: Hub) -> list[tuple[str, str]]:
    query = select(Annotation.author, Annotation.label).order_by(Annotation.id)
    with hub.database.session() as session:
        return [(author, label) for author, label in session.execute(query)]


def test_who_agrees_with_the_model_while_somebody_corrects_it_is_told(
    hub: Hub, sample: str
) -> None:
    def agree() -> None:
        with hub.database.transaction() as session:
            say(session, "bob", "accept")

    fault = cross(hub, lambda session: say(session, "eve", "correct", "good"), agree)
    assert isinstance(fault, ConflictError)
    assert said(hub) == [("eve", "good")]


def test_who_says_the_same_twice_at_once_says_it_once(hub: Hub, sample: str) -> None:
    def again() -> None:
        with hub.database.transaction() as session:
            say(session, "eve", "correct", "dent")

    assert cross(hub, lambda session: say(session, "eve", "correct", "dent"), again) is None
    assert said(hub) == [("eve", "dent")]
    with hub.database.session() as session:
        assert session.scalar(select(func.count()).select_from(Review)) == 1


def test_of_two_admins_who_leave_at_once_one_stays(hub: Hub) -> None:
    with hub.database.transaction() as session:
        session.add_all(Person(login=login, role="admin") for login in ("eve", "bob"))

    def leave() -> None:
        with hub.database.transaction() as session:
            accounts.set_role(session, "bob", "viewer", by="bob")

    fault = cross(hub, lambda session: accounts.set_role(session, "eve", "viewer", by="eve"), leave)
    assert isinstance(fault, ConflictError)


def test_a_sample_of_which_somebody_says_something_now_is_not_pruned(hub: Hub) -> None:
    add_sample(hub, "part")
    with hub.database.transaction() as session:
        session.execute(update(Blob).values(kept=False))
    later = utc_now() + timedelta(days=1)

    def name(session: Session) -> None:
        session.get_one(Sample, "part").decided = True
        session.add(Annotation(sample_id="part", label="bearing", body={}, source="outcome"))

    def prune() -> None:
        with hub.database.transaction() as session:
            SamplePruner(session, "press-1", later).choose(
                [Old(1, "decision", {"sample_id": "part"})]
            )

    assert cross(hub, name, prune) is None
    with hub.database.session() as session:
        assert session.get(Sample, "part") is not None
