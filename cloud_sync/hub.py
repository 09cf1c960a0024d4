"""The parts of a hub that every entry needs, opened together: the server, a worker, a CLI verb.

A `Hub` is passed in explicitly; web handlers get it by `Depends(get_hub)`. It starts nothing:
broker, ingest and jobs are started by `app.py` or by `cloud-sync worker`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from cloud_sync.config import HubConfig
from cloud_sync.fleet.keys import OnlineKeys
from cloud_sync.fleet.pki import Authority
from cloud_sync.metrics import Metrics
from cloud_sync.store.db import Database
from cloud_sync.store.models import AuditLog, Setting
from cloud_sync.store.storage import Storage, open_storage


@dataclass
class Hub:
    """One hub's configuration, database, storage, signing key and certificate authority."""

    config: HubConfig
    database: Database
    storage: Storage
    keys: OnlineKeys
    authority: Authority
    metrics: Metrics = field(default_factory=Metrics)

    @classmethod
    def open(cls, config: HubConfig) -> Hub:
        """Opens a hub made by `cloud-sync init`.

        Raises:
            ConfigError: the signing key is missing, or the certificate authority is damaged.
        """
        keys = OnlineKeys(config.keys_dir)
        storage = open_storage(config.storage_url, config.data_dir / "blobs")
        return cls(config, Database(config.database), storage, keys, Authority(config.pki_dir))

    def close(self) -> None:
        """Closes the database."""
        self.database.close()


def get_hub(connection: HTTPConnection) -> Hub:
    """The hub a request came to."""
    hub = connection.app.state.hub
    assert isinstance(hub, Hub)
    return hub


HubDep = Annotated[Hub, Depends(get_hub)]


def get_session(hub: HubDep) -> Iterator[Session]:
    """A transaction per request: committed when the handler returns, rolled back when it raises."""
    with hub.database.transaction() as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session, scope="function")]
"""For handlers that write."""


def get_read_session(hub: HubDep) -> Iterator[Session]:
    """A session for reading: takes no lock."""
    with hub.database.session() as session:
        yield session


ReadDep = Annotated[Session, Depends(get_read_session, scope="function")]
"""For handlers that only read."""


def audit(
    session: Session, who: str, what: str, target: str = "", **details: str | int | float | bool
) -> None:
    """Appends to the audit log, in the same transaction as what it tells."""
    session.add(AuditLog(who=who, what=what, target=target, details=dict(details)))


def hub_id(session: Session) -> str:
    """The random name of this hub, drawn with its tables (migration 0007); a backup keeps it."""
    return str(session.get_one(Setting, "hub").value["id"])
