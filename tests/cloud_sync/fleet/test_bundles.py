"""Publishing: from the announcement to the last byte, and what a release makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_sync.errors import NotFoundError, TooLargeError
from cloud_sync.fleet import bundles, tuf
from cloud_sync.hub import Hub
from cloud_sync.store.models import Bundle, Project
from kits.core import bundle as formats
from kits.core.errors import BundleError, DataError
from kits.core.hub_api import PublishRequest
from tests.cloud_sync.fleet_builders import make_bundle, make_hub, put_blob
from tests.release_engineer import Engineer


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with make_hub(tmp_path) as hub:
        yield hub


def request_for(content: bytes, blob: str) -> PublishRequest:
    return PublishRequest(
        bundle=formats.bundle_id(content), blob=blob, project_yaml="kit: visual-inspection\n"
    )


def publish(hub: Hub, request: PublishRequest) -> str:
    return bundles.publish(hub, request, login="ada").id


def test_a_bundle_is_registered_once_and_waits_for_a_release(hub: Hub) -> None:
    content = make_bundle()
    request = request_for(content, put_blob(hub, content))
    assert publish(hub, request) == publish(hub, request) == formats.bundle_id(content)
    with hub.database.session() as session:
        row = session.get_one(Bundle, formats.bundle_id(content))
        assert (row.origin, row.approved_at, row.card) == ("publisher", None, "# card")
        assert session.get_one(Project, "line-1").kit_yaml == "kit: visual-inspection\n"
        assert bundles.find(session, row.id[:8]).id == row.id
        assert bundles.releases_of(session, row.id) == []
        with pytest.raises(NotFoundError):
            bundles.find(session, row.id[:7])


def test_an_announcement_of_other_bytes_is_refused(hub: Hub) -> None:
    one, two = make_bundle(version=1), make_bundle(version=2)
    request = request_for(one, put_blob(hub, two))
    with pytest.raises(BundleError, match="another id"):
        publish(hub, request)
    with hub.database.session() as session:
        assert bundles.all_bundles(session) == []


def test_damaged_absent_and_oversized_bytes_are_refused(hub: Hub) -> None:
    content = make_bundle()
    with pytest.raises(NotFoundError):
        publish(hub, request_for(content, "a" * 64))
    flipped = bytes([*content[:200], content[200] ^ 1, *content[201:]])
    with pytest.raises(BundleError, match="damaged"):
        publish(hub, request_for(content, put_blob(hub, flipped)))
    small = hub.config.limits.model_copy(update={"bundle_bytes": 100})
    hub.config = hub.config.model_copy(update={"limits": small})
    with pytest.raises(TooLargeError):
        publish(hub, request_for(content, put_blob(hub, content)))


def test_the_newest_release_is_the_champion(hub: Hub) -> None:
    engineer = Engineer(hub.keys.public_keys()[0])
    ids = []
    for version in (1, 2):
        content = make_bundle(version=version)
        ids.append(publish(hub, request_for(content, put_blob(hub, content))))
        root = engineer.sign_root() if version == 1 else ""
        with hub.database.transaction() as session:
            tuf.accept(hub, session, root=root, targets=engineer.release(content), who="ada")
    with hub.database.session() as session:
        assert [row.id for row in bundles.all_bundles(session) if row.champion] == [ids[1]]
        assert [one.release for one in bundles.releases_of(session, ids[1])] == [2]


def test_a_project_keeps_its_kit(hub: Hub) -> None:
    with hub.database.transaction() as session:
        session.add(Project(name="line-1", kit="lead-scoring"))
    content = make_bundle()
    with pytest.raises(DataError, match="lead-scoring"):
        publish(hub, request_for(content, put_blob(hub, content)))
