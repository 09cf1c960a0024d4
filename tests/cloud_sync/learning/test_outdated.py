"""A challenger that beat a champion of weeks ago was not compared with the one of today: it is not released."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from cloud_sync.hub import Hub
from cloud_sync.learning.champions import register_challenger
from cloud_sync.store.models import Alert, Bundle
from kits.core import bundle as formats
from kits.core.errors import GateError
from tests.cloud_sync.fleet.released import accept, begun, bring
from tests.cloud_sync.fleet_builders import make_bundle
from tests.cloud_sync.hub_builders import add_person, open_hub
from tests.release_engineer import Engineer

FIRST = formats.bundle_id(make_bundle(version=1))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[TestClient, Hub]]:
    with open_hub(tmp_path) as made:
        yield made


def challenger(hub: Hub, version: int, beaten: str) -> bytes:
    """One that was trained here and won."""
    content = make_bundle(version=version)
    register_challenger(hub, content, "line-1", {"better": True}, by="job", beaten=beaten)
    return content


def waiting(hub: Hub) -> set[str]:
    """Bundles that a signature is asked for."""
    with hub.database.session() as session:
        asked = Alert.name == "bundle-needs-signature", Alert.seen_at.is_(None)
        return set(session.scalars(select(Alert.where).where(*asked)))


def refused(hub: Hub, engineer: Engineer, content: bytes) -> GateError:
    before = engineer.targets
    with pytest.raises(GateError) as error:
        accept(hub, targets=engineer.release(content))
    engineer.targets = before
    return error.value


def test_what_beat_an_earlier_champion_is_refused_with_the_remedy(
    hub: Hub, engineer: Engineer
) -> None:
    begun(hub, engineer)
    late = challenger(hub, 2, FIRST)
    assert waiting(hub) == {formats.bundle_id(late)}
    newer = bring(hub, 3)
    accept(hub, targets=engineer.release(newer))
    error = refused(hub, engineer, late)
    assert f"beat {FIRST[:12]}, and was never compared with version 3" in error.what
    assert formats.bundle_id(newer)[:12] in error.what
    assert error.fix == "cloud-sync retrain run line-1"
    assert waiting(hub) == set()


def test_of_two_that_beat_the_same_champion_one_is_released(hub: Hub, engineer: Engineer) -> None:
    begun(hub, engineer)
    one, other = challenger(hub, 2, FIRST), challenger(hub, 3, FIRST)
    accept(hub, targets=engineer.release(other))
    assert "never compared with version 3" in refused(hub, engineer, one).what
    third = challenger(hub, 4, formats.bundle_id(other))
    accept(hub, targets=engineer.release(third))


def test_who_goes_back_to_a_released_bundle_does_so_on_purpose(
    hub: Hub, engineer: Engineer
) -> None:
    begun(hub, engineer)
    won = challenger(hub, 2, FIRST)
    accept(hub, targets=engineer.release(won))
    accept(hub, targets=engineer.release(bring(hub, 3)))
    accept(hub, targets=engineer.release(won))
    with hub.database.session() as session:
        assert session.get_one(Bundle, formats.bundle_id(won)).champion


def test_once_the_newer_champion_is_withdrawn_it_may_be_released(
    hub: Hub, engineer: Engineer
) -> None:
    begun(hub, engineer)
    late = challenger(hub, 2, FIRST)
    accept(hub, targets=engineer.release(bring(hub, 3)))
    target = copy.deepcopy(engineer.targets.targets["line-1/2.kwb"])
    target.unrecognized_fields["custom"]["withdrawn"] = "misses scratches"
    accept(hub, targets=engineer.sign_targets({"line-1/2.kwb": target}))
    accept(hub, targets=engineer.release(late))


def test_pages_and_api_say_so_and_ask_nobody_for_a_signature(
    opened: tuple[TestClient, Hub],
) -> None:
    client, hub = opened
    engineer = Engineer(hub.keys.public_keys()[0])
    who = add_person(hub, "eve", "engineer")
    begun(hub, engineer)
    late = formats.bundle_id(challenger(hub, 2, FIRST))
    assert f"kit approve {late[:12]}" in client.get(f"/bundles/{late}", headers=who).text
    assert client.get(f"/v1/bundles/{late}", headers=who).json()["outdated"] == ""
    assert "1 bundle needs" in client.get("/", headers=who).text
    accept(hub, targets=engineer.release(bring(hub, 3)))
    page = client.get(f"/bundles/{late}", headers=who).text
    assert "kit approve" not in page and "cloud-sync retrain run line-1" in page
    said = client.get(f"/v1/bundles/{late}", headers=who).json()["outdated"]
    assert "never compared with version 3" in said and said in page
    assert "outdated" in client.get("/bundles", headers=who).text
    assert "1 bundle needs" not in client.get("/", headers=who).text
