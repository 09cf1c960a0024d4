"""A change that is cut off before or after any of its steps leaves what was, or what is to be; done again it is whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cloud_sync.config import dump, parse
from cloud_sync.crm.connection import connections
from cloud_sync.crm.connection.secrets import Secrets, read_secrets, secrets_path
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.simulator import Simulator, serve
from cloud_sync.errors import ConflictError
from cloud_sync.hub import Hub
from cloud_sync.store.db import current_revision
from cloud_sync.store.models import AuditLog, CrmConnection, LeadModel
from kits.core.signing import SigningKey
from tests.cloud_sync.conftest import cluster, database_url
from tests.cloud_sync.crm.lead_builders import LEADS, SALES, lead_bundle, release_bundle
from tests.cloud_sync.store.test_migrations import move as move_tables
from tests.cloud_sync.tables import make_tables
from tests.failure import crm_cuts
from tests.failure.dying import deaths

__all__ = ["cluster", "database_url"]
pytestmark = pytest.mark.slow
FIELDS = 6


def new_hub(folder: Path, url: str = "") -> Path:
    """A hub with a project of leads and its tables."""
    folder.mkdir()
    more = {"database_url": url} if url.startswith("postgres") else {}
    config = parse({"listen": {"tls": False, "host": "127.0.0.1"}, **more}, folder)
    (folder / "hub.yaml").write_text(dump(config))
    SigningKey.create(config.keys_dir / "hub.pem")
    with crm_cuts.opened(folder) as hub:
        make_tables(hub.database)
        release_bundle(hub, lead_bundle())
    return folder


@pytest.fixture
def hub_folder(tmp_path: Path) -> Path:
    return new_hub(tmp_path / "hub")


def copies(folder: Path, *args: object) -> Callable[[], tuple[object, ...]]:
    """Each time the same beginning."""

    def begin() -> tuple[object, ...]:
        at = folder.with_name("copy")
        shutil.rmtree(at, ignore_errors=True)
        shutil.copytree(folder, at)
        return (at, *args)

    return begin


def looked(folder: Path, see: Callable[[Hub], object]) -> object:
    with crm_cuts.opened(folder.with_name("copy")) as hub:
        return see(hub)


def test_a_connection_that_is_added(hub_folder: Path) -> None:
    simulator = Simulator("hubspot", limit=0)
    copy, there = hub_folder.with_name("copy"), set[bool]()
    with serve(simulator) as url:
        told = {"kind": "hubspot", "url": url, "allow": ["127.0.0.0/8"], "rate_per_10s": 10_000}
        args = (told, dict(simulator.secrets.api))
        begin = copies(hub_folder, *args)

        def anew() -> tuple[object, ...]:
            simulator.state.custom.clear()
            return begin()

        for _step in deaths(crm_cuts.add, anew):
            known = looked(hub_folder, lambda hub: connection(hub) is not None)
            there.add(bool(known))
            if known:
                assert read_secrets(copy / "keys", SALES).there
                with pytest.raises(ConflictError):
                    crm_cuts.add(copy, *args)
                crm_cuts.fields(copy)
            else:
                crm_cuts.add(copy, *args)
            assert len(simulator.state.custom) == FIELDS
    assert there == {True, False}


def connection(hub: Hub) -> CrmConnection | None:
    with hub.database.session() as session:
        return session.get(CrmConnection, SALES)


def connected(folder: Path) -> None:
    with crm_cuts.opened(folder) as hub:
        made = CrmSettings(kind="hubspot", url="https://one.example")
        connections.add(hub, SALES, made, LEADS, Secrets(("whsec",), crm_cuts.API), by="ada")


def test_settings_that_change_with_their_secrets(hub_folder: Path) -> None:
    """Neither the old nor the new ones are ever lost, or sent to the other server."""
    connected(hub_folder)
    found = set[tuple[str, str]]()

    def pair(hub: Hub) -> tuple[str, str]:
        made = connections.open_connection(hub, SALES)
        assert made.secrets.webhook == ("whsec",)
        return made.settings.url, made.secrets.api["token"]

    for _step in deaths(crm_cuts.move, copies(hub_folder)):
        seen = looked(hub_folder, pair)
        assert seen in (("https://one.example", "pat-old"), (crm_cuts.OTHER, "pat-new"))
        found.add(seen)  # type: ignore[arg-type]  # a pair, see above
        crm_cuts.move(hub_folder.with_name("copy"))
        assert looked(hub_folder, pair) == (crm_cuts.OTHER, "pat-new")
        assert (
            "coming" not in secrets_path(hub_folder.with_name("copy") / "keys", SALES).read_text()
        )
    assert len(found) == 2


def test_a_secret_that_is_rotated(hub_folder: Path) -> None:
    connected(hub_folder)
    keys, seen = hub_folder.with_name("copy") / "keys", set[int]()
    for _step in deaths(crm_cuts.rotate, copies(hub_folder)):
        known = read_secrets(keys, SALES)
        assert known.webhook[-1] == "whsec" and known.api == crm_cuts.API
        seen.add(len(known.webhook))
        crm_cuts.rotate(hub_folder.with_name("copy"))
        assert read_secrets(keys, SALES).webhook == ("the-new-one", "whsec")
    assert seen == {1, 2}


def test_a_bundle_that_takes_effect(hub_folder: Path) -> None:
    crm_cuts.look(hub_folder)
    with crm_cuts.opened(hub_folder) as hub:
        first = model(hub).bundle
        second = release_bundle(hub, lead_bundle(version=2, factor=0.5))
    for _step in deaths(crm_cuts.look, copies(hub_folder)):
        found = looked(hub_folder, model)
        assert isinstance(found, LeadModel)
        assert (found.bundle, found.previous) in ((first, ""), (second, first))
        crm_cuts.look(hub_folder.with_name("copy"))
        assert looked(hub_folder, lambda hub: (model(hub).bundle, changes(hub))) == (second, 2)


def model(hub: Hub) -> LeadModel:
    with hub.database.session() as session:
        return session.get_one(LeadModel, LEADS)


def changes(hub: Hub) -> int:
    with hub.database.session() as session:
        query = select(func.count()).where(AuditLog.what == "leads.bundle")
        return session.scalar(query) or 0


def test_tables_that_are_brought_to_this_version(tmp_path: Path, database_url: str) -> None:
    folder = new_hub(tmp_path / "hub", database_url)
    crm_cuts.look(folder)

    def begin() -> tuple[object, ...]:
        with crm_cuts.opened(folder) as hub:
            if current_revision(hub.database) != "0016":
                move_tables(hub.database, "0016", down=True)
        return (folder,)

    newest = ""
    for _step in deaths(crm_cuts.bring_up, begin):
        with crm_cuts.opened(folder) as hub:
            newest = current_revision(hub.database)
        crm_cuts.bring_up(folder)
        with crm_cuts.opened(folder) as hub:
            assert current_revision(hub.database) > "0016"
            assert model(hub).bundle and model(hub).lots == {}
    assert newest > "0016", "it died after the commit, too"
