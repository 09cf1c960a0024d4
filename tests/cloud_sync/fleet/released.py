"""A hub as its release engineer and its devices see it: bring, sign, serve."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from sqlalchemy import update
from tuf.api.exceptions import DownloadHTTPError
from tuf.api.metadata import (
    Metadata,
    Targets,
)
from tuf.ngclient import FetcherInterface, Updater

from cloud_sync.errors import NotFoundError
from cloud_sync.fleet import bundles, tuf
from cloud_sync.hub import Hub
from cloud_sync.store.models import Bundle
from kits.core import bundle as formats
from kits.core.hub_api import PublishRequest
from tests.cloud_sync.fleet_builders import make_bundle, put_blob
from tests.release_engineer import Engineer


def bring(hub: Hub, version: int = 1, **changes: object) -> bytes:
    """A bundle whose bytes are in the hub."""
    content = make_bundle(version=version)
    blob = put_blob(hub, content)
    request = PublishRequest(bundle=formats.bundle_id(content), blob=blob)
    bundles.publish(hub, request, login="ada")
    if changes:
        with hub.database.transaction() as session:
            session.execute(update(Bundle).where(Bundle.version == version).values(**changes))
    return content


def accept(hub: Hub, *, root: str = "", targets: str = "") -> tuf.Accepted:
    with hub.database.transaction() as session:
        return tuf.accept(hub, session, root=root, targets=targets, who="ada")


def begun(hub: Hub, engineer: Engineer) -> None:
    """The hub has a root and one release."""
    accept(hub, root=engineer.sign_root(), targets=engineer.release(bring(hub)))


def served(hub: Hub, name: str) -> bytes:
    with hub.database.session() as session:
        return tuf.read(session, name)


class Device(FetcherInterface):
    """python-tuf's own client on the hub; trusts the first root and keeps what it has verified."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._folder = tempfile.mkdtemp(dir=hub.config.data_dir)
        self._first = served(hub, "1.root.json")

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            return iter([served(self.hub, url.rpartition("/")[2])])
        except NotFoundError:
            raise DownloadHTTPError("not there", 404) from None

    def refresh(self) -> Targets:
        """What is on offer now."""
        client = Updater(self._folder, "hub:/", fetcher=self, bootstrap=self._first)
        client.refresh()
        return Metadata[Targets].from_file(f"{self._folder}/targets.json").signed
