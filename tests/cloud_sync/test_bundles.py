"""Publishing: from signature to last byte, and what may go into rollouts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from cloud_sync.errors import NotAllowedError, NotFoundError, TooLargeError
from cloud_sync.fleet import bundles
from cloud_sync.hub import Hub
from cloud_sync.store.models import Blob, Bundle, Project, PublisherKey
from cloud_sync.web.accounts import create_person
from kits.core import bundle as formats
from kits.core.errors import BundleError, DataError, GateError
from kits.core.hub_api import PublishRequest
from kits.core.sample import utc_now
from kits.core.signing import SigningKey
from tests.cloud_sync.fleet_builders import make_bundle, make_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        with hub.database.transaction() as session:
            create_person(session, "ada", "", "engineer", by="test")
            create_person(session, "bob", "", "engineer", by="test")
        yield hub


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return SigningKey.create(tmp_path / "publish.pem", "line-1")


def put(hub: Hub, content: bytes) -> str:
    digest = hub.storage.put(content)
    with hub.database.transaction() as session:
        if session.get(Blob, digest) is None:
            session.add(Blob(digest=digest, size=len(content)))
    return digest


def request_for(content: bytes, key: SigningKey, blob: str, **changes: object) -> PublishRequest:
    statement = {
        "bundle": formats.bundle_id(content), "size": len(content), "project": "line-1",
        "version": 1, **changes,
    }  # fmt: skip
    return PublishRequest(
        bundle=formats.bundle_id(content),
        blob=blob,
        statement=key.sign(statement),
        key=key.public,
        project_yaml="kit: visual-inspection\n",
    )


def publish(hub: Hub, request: PublishRequest, person: int = 1, login: str = "ada") -> str:
    with hub.database.transaction() as session:
        return bundles.publish(hub, session, request, person_id=person, login=login).id


def test_a_signed_bundle_is_registered_once(hub: Hub, key: SigningKey) -> None:
    content = make_bundle()
    request = request_for(content, key, put(hub, content))
    assert publish(hub, request) == publish(hub, request) == formats.bundle_id(content)
    with hub.database.session() as session:
        row = session.get_one(Bundle, formats.bundle_id(content))
        assert (row.origin, row.approved_at, row.card) == ("publisher", None, "# card")
        assert session.get_one(Project, "line-1").kit_yaml == "kit: visual-inspection\n"
        assert bundles.find(session, row.id[:8]).id == row.id
        with pytest.raises(NotFoundError):
            bundles.find(session, row.id[:7])


def test_a_wrong_signature_is_refused(hub: Hub, key: SigningKey, tmp_path: Path) -> None:
    content = make_bundle()
    other = SigningKey.create(tmp_path / "other.pem", "thief")
    good = request_for(content, key, put(hub, content))
    forged = good.model_copy(
        update={"statement": good.statement.model_copy(
            update={"signature": other.sign({"x": 1}).signature})}
    )  # fmt: skip
    with pytest.raises(BundleError, match="does not fit"):
        publish(hub, forged)
    foreign = good.model_copy(update={"statement": other.sign({"bundle": good.bundle})})
    with pytest.raises(BundleError, match="not trusted"):
        publish(hub, foreign)
    with hub.database.session() as session:
        assert session.get(Bundle, good.bundle) is None


@pytest.mark.parametrize("name", ["size", "project", "version", "bundle"])
def test_a_statement_about_other_bytes_is_refused(hub: Hub, key: SigningKey, name: str) -> None:
    content = make_bundle()
    request = request_for(content, key, put(hub, content), **{name: "other"})
    with pytest.raises(BundleError, match=name):
        publish(hub, request)


def test_damaged_absent_and_oversized_bytes_are_refused(hub: Hub, key: SigningKey) -> None:
    content = make_bundle()
    with pytest.raises(NotFoundError):
        publish(hub, request_for(content, key, "a" * 64))
    flipped = bytes([*content[:200], content[200] ^ 1, *content[201:]])
    with pytest.raises(BundleError, match="damaged"):
        publish(hub, request_for(content, key, put(hub, flipped)))
    small = hub.config.limits.model_copy(update={"bundle_bytes": 100})
    hub.config = hub.config.model_copy(update={"limits": small})
    with pytest.raises(TooLargeError):
        publish(hub, request_for(content, key, put(hub, content)))


def test_a_person_publishes_with_one_key(hub: Hub, key: SigningKey, tmp_path: Path) -> None:
    one, two = make_bundle(version=1), make_bundle(version=2)
    publish(hub, request_for(one, key, put(hub, one)))
    other = SigningKey.create(tmp_path / "other.pem", "second")
    with pytest.raises(NotAllowedError, match="another key"):
        publish(hub, request_for(two, other, put(hub, two), version=2))
    publish(hub, request_for(two, other, put(hub, two), version=2), person=2, login="bob")
    with hub.database.transaction() as session:
        session.execute(update(PublisherKey).values(revoked_at=utc_now()))
    with pytest.raises(NotAllowedError, match="revoked"):
        publish(hub, request_for(one, key, put(hub, one)))


def test_approving_makes_one_champion(hub: Hub, key: SigningKey) -> None:
    ids = []
    for version in (1, 2):
        content = make_bundle(version=version)
        ids.append(publish(hub, request_for(content, key, put(hub, content), version=version)))
        with hub.database.transaction() as session:
            bundles.approve(hub, session, ids[-1], who="ada")
    with hub.database.session() as session:
        assert [row.id for row in bundles.all_bundles(session) if row.champion] == [ids[1]]


def test_a_revoked_key_cannot_be_approved_any_more(hub: Hub, key: SigningKey) -> None:
    content = make_bundle()
    bundle = publish(hub, request_for(content, key, put(hub, content)))
    with hub.database.transaction() as session:
        session.execute(update(PublisherKey).values(revoked_at=utc_now()))
    with pytest.raises(BundleError), hub.database.transaction() as session:
        bundles.approve(hub, session, bundle, who="ada")


def test_a_bundle_trained_here_must_have_passed_its_gate(hub: Hub) -> None:
    content = make_bundle()
    blob = put(hub, content)
    with hub.database.transaction() as session:
        session.add(Project(name="line-1", kit="visual-inspection"))
        session.flush()
        session.add(
            Bundle(
                id=formats.bundle_id(content), project="line-1", name="line-1", version=1,
                kit="visual-inspection", blob=blob, size=len(content), origin="hub",
            )
        )  # fmt: skip
    with pytest.raises(GateError), hub.database.transaction() as session:
        bundles.approve(hub, session, formats.bundle_id(content), who="ada")
    with hub.database.transaction() as session:
        session.execute(update(Bundle).values(comparison={"better": True}))
    with hub.database.transaction() as session:
        row = bundles.approve(hub, session, formats.bundle_id(content), who="ada")
        assert row.key_id == hub.key.public.id


def test_a_project_keeps_its_kit(hub: Hub, key: SigningKey) -> None:
    with hub.database.transaction() as session:
        session.add(Project(name="line-1", kit="lead-scoring"))
    content = make_bundle()
    with pytest.raises(DataError, match="lead-scoring"):
        publish(hub, request_for(content, key, put(hub, content)))
