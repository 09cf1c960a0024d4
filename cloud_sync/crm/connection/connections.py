"""Connections to CRMs: their rows in the database. Adding, opening, listing, pausing and removing.

Their secrets are in `secrets.py`; what is done with an opened connection is not known here.
"""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import JsonValue, ValidationError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from cloud_sync.crm.connection.secrets import (
    Secrets,
    check_name,
    read_secrets,
    remove_secrets,
    settle_api_secrets,
    turn_over_api_secret,
    write_secrets,
)
from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.erasure.erasing import forget_asked
from cloud_sync.crm.kinds.base import Access
from cloud_sync.crm.leads import objections
from cloud_sync.crm.order import take_whole
from cloud_sync.crm.scoring.projects import require_project
from cloud_sync.effects.alerts import OVER
from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.hub import Hub, audit
from cloud_sync.store.db import take_turn
from cloud_sync.store.giving_way import GivingWay
from cloud_sync.store.models import Alert, CrmConnection, CrmEvent, CrmLead, CrmScore
from cloud_sync.store.types import JsonObject
from kits.core.complaints import plain
from kits.core.errors import ConfigError, did_you_mean
from kits.core.sample import utc_now

_PORTION = 2000
_FAULTS = 50
"""So many keys of other versions are left out."""
_HELD = (CrmEvent.event_id, CrmScore.id)
"""What a connection holds beside leads: the column by which its rows are taken in portions."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection, opened.

    Attributes:
        project: whose bundle scores its leads; empty: it is only listened to.
        paused: a person stopped reading and writing; events are still taken.
    """

    name: str
    settings: CrmSettings
    project: str
    paused: bool
    secrets: Secrets


def add(
    hub: Hub, name: str, settings: CrmSettings, project: str, secrets: Secrets, *, by: str
) -> Connection:
    """A new connection.

    Raises:
        ConflictError: there is one of this name.
        NotFoundError: no such project.
        UsageError: not a name.
        ConfigError: not secrets.
    """
    check_name(name)
    with hub.database.transaction() as session:
        take_turn(session, f"crm/{name}")
        if session.get(CrmConnection, name) is not None:
            raise ConflictError(
                "there is a connection of this name",
                where=name,
                fix=f"was it cut off? `cloud-sync crm fields {name}` goes on; a secret nobody saw: `crm secret {name}`, then"
                " --drop",
            )
        if project:
            require_project(session, project)
        row = CrmConnection(
            name=name, kind=settings.kind, settings=settings.model_dump(mode="json"),
            project=project, opened_by=by,
        )  # fmt: skip
        session.add(row)
        session.flush()
        kept_out = objections.restore(session, row)
        audit(session, by, "crm add", name, kind=settings.kind, project=project, kept_out=kept_out)
        session.flush()
        # within the transaction: a row without its file refuses every message, a file without its row none
        write_secrets(hub.config.keys_dir, name, secrets)
    return Connection(name, settings, project, paused=False, secrets=secrets)


def require(session: Session, name: str) -> CrmConnection:
    """Its row.

    Raises:
        NotFoundError: there is none.
    """
    row = session.get(CrmConnection, name)
    if row is None:
        known = list(session.scalars(select(CrmConnection.name)))
        fix = did_you_mean(name, known) if known else "cloud-sync crm add NAME --kind hubspot"
        raise NotFoundError("no connection of this name", where=name[:60], fix=fix)
    return row


def open_connection(hub: Hub, name: str) -> Connection:
    """A connection with its secrets.

    Raises:
        NotFoundError: there is none.
        ConfigError: its secrets are damaged, or its settings are of another version.
    """
    with hub.database.session() as session:
        return opened(hub, require(session, name))


def opened(hub: Hub, row: CrmConnection) -> Connection:
    """The connection of a row. Raises ConfigError."""
    settings = settings_of(row)
    secrets = read_secrets(hub.config.keys_dir, row.name)
    if (
        secrets.coming is not None
    ):  # somebody changes both, or was cut off while doing it: the row is what counts
        secrets = settle_api_secrets(hub.config.keys_dir, row.name, digest_of_settings(settings))
    return Connection(
        row.name, settings, row.project, paused=row.paused_at is not None, secrets=secrets
    )


def digest_of_settings(settings: CrmSettings) -> str:
    """Names settings: the same as they are made and as they are read again."""
    plain = CrmSettings.model_validate(settings.model_dump(mode="json")).model_dump(mode="json")
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def access_of(hub: Hub, connection: Connection) -> Access:
    """What its CRM is opened with (`kinds.open_crm`); a secret that the CRM changes is kept."""
    name = connection.name
    remember = partial(turn_over_api_secret, hub.config.keys_dir, name)
    return Access(name, connection.settings, connection.secrets.api, remember)


def settings_of(row: CrmConnection) -> CrmSettings:
    """What a person said of it. Raises ConfigError."""
    try:
        return CrmSettings.model_validate(row.settings)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        raise ConfigError(
            f"the settings of a connection cannot be read: {plain(fault)}",
            where=f"{row.name}: {'.'.join(map(str, fault['loc']))}",
            fix=f"say what it shall be: cloud-sync crm set {row.name} KEY=VALUE",
        ) from error


def readable_settings(row: CrmConnection) -> CrmSettings:
    """What can be read of settings of another version; the rest is as if nobody had ever said it.

    Raises:
        ConfigError: nothing can be read of them.
    """
    raw = copy.deepcopy(row.settings)
    for _ in range(_FAULTS):
        try:
            return CrmSettings.model_validate(raw)
        except ValidationError as error:
            _drop(raw, error.errors(include_input=False, include_url=False)[0]["loc"])
    return settings_of(row)


def _drop(raw: JsonObject, place: tuple[int | str, ...]) -> None:
    """Takes a key out, with the whole of a list that it is in."""
    inner: JsonValue = raw
    for depth, key in enumerate(place):
        within = inner.get(str(key)) if isinstance(inner, dict) else None
        if depth == len(place) - 1 or not isinstance(within, dict):
            if isinstance(inner, dict):
                inner.pop(str(key), None)
            return
        inner = within


def pause(hub: Hub, name: str, *, by: str, paused: bool) -> bool:
    """Stops reading and writing, or goes on; whether that was a change. Events are taken anyway.

    Raises:
        NotFoundError: no such connection.
    """
    with hub.database.transaction() as session:
        row = require(session, name)
        changed = (row.paused_at is not None) != paused
        if changed:
            row.paused_at = utc_now() if paused else None
            audit(session, by, "crm pause" if paused else "crm resume", name)
    return changed


def remove(hub: Hub, name: str, *, by: str) -> dict[str, int]:
    """Forgets a connection with its secrets, events, leads and their scores; how many went, and `kept_out`.

    In portions, so that nobody waits; done again it goes on where it stopped. Whom the CRM named to be erased is erased
    before; who objected or was erased is remembered (`leads/objections.py`): `kept_out` of them.

    Raises:
        NotFoundError: no such connection.
        UnreachableError: somebody is to be erased, and the storage cannot be used; it is paused, and stays.
    """
    with hub.database.transaction() as session:
        require(session, name).paused_at = utc_now()
    # from here on no message of it is taken
    remove_secrets(hub.config.keys_dir, name)
    while forget_asked(hub, name):
        pass
    gone = {key.class_.__tablename__: _empty(hub, key, name) for key in _HELD}
    gone[CrmLead.__tablename__], kept_out = _empty_leads(hub, name)
    with hub.database.transaction() as session:
        row = session.get_one(CrmConnection, name, with_for_update=True)
        for key in _HELD:  # what was on its way meanwhile
            session.execute(delete(key.class_).where(key.class_.connection == name))
        kept_out += _let_leads_go(session, row)[1]
        session.delete(row)
        mine = Alert.name.startswith("crm-"), Alert.where == name, Alert.seen_at.is_(None)
        session.execute(update(Alert).where(*mine).values(seen_at=utc_now(), seen_by=OVER))
        audit(session, by, "crm remove", name, **gone, kept_out=kept_out)
    return {**gone, "kept_out": kept_out}


def _empty(hub: Hub, key: InstrumentedAttribute[Any], name: str) -> int:
    table, total, giving_way = key.class_, 0, GivingWay()
    while True:
        with hub.database.transaction() as session:
            some = select(key).where(table.connection == name).limit(_PORTION)
            keys = list(session.scalars(some))
            session.execute(delete(table).where(table.connection == name, key.in_(keys)))
        total += len(keys)
        if len(keys) < _PORTION:
            return total
        giving_way.rest()


def _empty_leads(hub: Hub, name: str) -> tuple[int, int]:
    total, kept_out, giving_way = 0, 0, GivingWay()
    while True:
        with hub.database.transaction() as session:
            take_whole(session, name)
            count, kept = _let_leads_go(session, require(session, name))
        total, kept_out = total + count, kept_out + kept
        if count < _PORTION:
            return total, kept_out
        giving_way.rest()


def _let_leads_go(session: Session, row: CrmConnection) -> tuple[int, int]:
    """How many went of a portion, and how many of them are to be kept out: what a person says of one counts until it goes."""
    some = select(CrmLead.object_id).where(CrmLead.connection == row.name)
    some = some.order_by(CrmLead.object_id).limit(_PORTION).with_for_update()
    names = list(session.scalars(some))
    kept = objections.keep(session, row, names)
    mine = CrmLead.connection == row.name, CrmLead.object_id.in_(names)
    session.execute(delete(CrmLead).where(*mine))
    return len(names), kept


def webhook_url(hub: Hub, name: str, tail: str = "") -> str:
    """The address a CRM is to call; `tail` is a secret that stands in it."""
    return f"{hub.config.url}/v1/crm/{name}" + (f"/{tail}" if tail else "")
