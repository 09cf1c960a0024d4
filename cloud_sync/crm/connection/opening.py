"""Opened CRMs, one per connection and process, so that all loops share its token, its budget and what it has looked up.

A connection whose settings or secrets have changed is opened anew. Whether it may be asked now is `client/breaker.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cloud_sync.crm.connection.connections import access_of, opened
from cloud_sync.crm.kinds.base import Access, Crm, alone
from cloud_sync.crm.kinds.table import open_crm, persons_of
from cloud_sync.crm.scoring.learned import Learned
from cloud_sync.hub import Hub
from cloud_sync.store.models import CrmConnection
from cloud_sync.store.types import JsonObject

LearnedOf = Callable[[str], Learned]
MAX_OPEN = 200
"""Connections that are kept open; beyond it the one opened first is opened anew when it is wanted again."""


def nothing_learned(_project: str) -> Learned:
    """Reads whatever the CRM has, as it is."""
    return Learned()


@dataclass(frozen=True)
class _Open:
    settings: JsonObject
    learned: Learned
    secrets: Mapping[str, str]
    crm: Crm


class Opener:
    """Opens connections and keeps them.

    Args:
        hub: whose connections.
        learned: project → what its bundle looks at; those columns are read where the settings name none.
        share: of each connection's requests that this process may send.
    """

    def __init__(
        self, hub: Hub, learned: LearnedOf = nothing_learned, share: Callable[[], float] = alone
    ) -> None:
        self._hub = hub
        self._share = share
        self._learned = learned
        self._open: dict[str, _Open] = {}
        self._lock = threading.Lock()

    def __call__(self, row: CrmConnection) -> Crm:
        """The CRM of a connection.

        Raises:
            ConfigError: a person has to do something first.
        """
        access = access_of(self._hub, opened(self._hub, row))
        learned = self._learned(row.project) if row.project else Learned()
        with self._lock:
            known = self._open.get(row.name)
            if known is not None and _same(known, row, learned, access):
                return known.crm
            columns = access.settings.columns or learned.columns
            persons = persons_of(access.settings) if learned.sifts else ()
            settings = access.settings.model_copy(update={"columns": columns, "persons": persons})
            remember, secrets = self._keeping(row.name, access.remember), dict(access.secrets)
            crm = open_crm(Access(row.name, settings, secrets, remember, self._share, learned.met))
            self._open.pop(row.name, None)
            while len(self._open) >= MAX_OPEN:
                self._open.pop(next(iter(self._open)))
            self._open[row.name] = _Open(row.settings, learned, secrets, crm)
            return crm

    def _keeping(
        self, name: str, remember: Callable[[str, str], None]
    ) -> Callable[[str, str], None]:
        """Keeps a secret that the CRM has changed, and goes on with the CRM that knows it already."""

        def keep(secret: str, value: str) -> None:
            remember(secret, value)
            with self._lock:
                known = self._open.get(name)
                if known is not None:
                    secrets = {**known.secrets, secret: value}
                    self._open[name] = _Open(known.settings, known.learned, secrets, known.crm)

        return keep


def _same(known: _Open, row: CrmConnection, learned: Learned, access: Access) -> bool:
    return (
        known.settings == row.settings
        and known.learned == learned
        and known.secrets == dict(access.secrets)
    )
