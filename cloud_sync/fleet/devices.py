"""Devices: one-time enrolment, tokens, revocation, and who asks over HTTP.

Secrets are drawn here, shown once, and stored as SHA-256, by which they are looked up: what a
stranger can time is the search for a digest, which tells nothing about a token. The broker learns
about logins through `logins`; when is `admission.py`'s business.
"""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta

from fastapi import Request
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from cloud_sync.config import HubConfig
from cloud_sync.errors import ConflictError, NotFoundError, UnauthenticatedError
from cloud_sync.fleet import device_certificates, replacements
from cloud_sync.fleet.broker import Login
from cloud_sync.fleet.mosquitto_files import broker_secret
from cloud_sync.fleet.pki import HUB, Authority
from cloud_sync.hub import Hub, ReadDep, audit
from cloud_sync.store.db import insert_once, take_turn
from cloud_sync.store.models import Device, DeviceToken, EnrollToken
from kits.core.errors import ConfigError
from kits.core.sample import digest_of, utc_now
from kits.core.topics import check_name

log = logging.getLogger(__name__)

ENROLL_TOKEN_BYTES = 16
ENROLL_VALID = timedelta(hours=24)
DEVICE_TOKEN_BYTES = 32
CRM_SITE = "of a CRM"
CRM_PREFIX = "crm-"
"""Rows of this site stand for a CRM's connection: samples of its leads refer to them, nothing signs in as them."""


def add_device(session: Session, name: str, *, site: str, group: str = "", who: str) -> str:
    """Prepares the enrolment of a device; the one-time token, valid for 24 hours.

    A name may be prepared again: for a machine that was replaced, the old identity stays valid
    until the new one is taken up. A token that was drawn before and not used ends.

    Raises:
        ConfigError: a name cannot stand in a topic, is the hub's own, or would stand for a CRM.
    """
    check_name(name, "device name")
    if name == HUB:
        raise ConfigError(f"{name!r} is the hub's own name", fix="call the device otherwise")
    if name.startswith(CRM_PREFIX):
        raise ConfigError(f"{name!r} would stand for a CRM", fix="call the device otherwise")
    check_name(site, "site name")
    if group:
        check_name(group, "group name")
    token = secrets.token_urlsafe(ENROLL_TOKEN_BYTES)
    take_turn(session, f"enrolment/{name}")  # of two tokens drawn at once one ends, too
    _end_unused(session, name)
    session.add(
        EnrollToken(
            hash=digest_of(token.encode()),
            device=name,
            site=site,
            group=group,
            created_by=who,
            expires_at=utc_now() + ENROLL_VALID,
        )
    )
    audit(session, who, "device.add", name, site=site, group=group)
    return token


def enroll(session: Session, token: str, hardware: str, *, address: str = "") -> tuple[Device, str]:
    """Trades a one-time token for a device and its lasting token.

    One UPDATE takes the token, so of two requests at once one is refused. An earlier identity of
    that name ends: its token, and its certificates. Rollouts that are under way begin anew with it.

    Args:
        address: network address of who asks, for the audit log.

    Raises:
        UnauthenticatedError: unknown, used or expired token.
    """
    taken = session.execute(
        update(EnrollToken)
        .where(
            EnrollToken.hash == digest_of(token.encode()),
            EnrollToken.used_at.is_(None),
            EnrollToken.expires_at > utc_now(),
        )
        .values(used_at=utc_now())
        .returning(EnrollToken.device, EnrollToken.site, EnrollToken.group)
    ).first()
    if taken is None:
        raise UnauthenticatedError(
            "this enrolment token is unknown, used or too old", fix="cloud-sync device add NAME"
        )
    return _take_up(session, taken.device, taken.site, taken.group, hardware, address)


def _take_up(
    session: Session, name: str, site: str, group: str, hardware: str, address: str
) -> tuple[Device, str]:
    insert_once(session, Device, [{"name": name, "site": site, "group": group}])
    device = session.get_one(
        Device, name, with_for_update={"key_share": True}, populate_existing=True
    )
    _revoke_tokens(session, name)
    device_certificates.withdraw(session, name)
    replacements.begin_anew(session, name)
    secret = secrets.token_urlsafe(DEVICE_TOKEN_BYTES)
    device.site, device.group, device.hardware = site, group, hardware[:300]
    device.revoked_at = None
    device.broker_hash = broker_secret(secret)
    session.add(DeviceToken(hash=digest_of(secret.encode()), device=name))
    audit(
        session, f"device:{name}", "device.enroll", name, hardware=hardware[:300], address=address
    )
    return device, secret


def enroll_command(config: HubConfig, authority: Authority, token: str) -> str:
    """What to type on the device."""
    pin = f" --ca-fingerprint {authority.fingerprint}" if config.listen.encrypted else ""
    return f"edge-agent enroll --hub {config.url} --token {token}{pin}"


def revoke(session: Session, name: str, *, who: str) -> None:
    """Ends a device's access: token and certificates at once, its broker session within seconds.

    A one-time token for that name ends too, also when no device has used it yet.

    Raises:
        NotFoundError: no such device, and none awaited.
        ConflictError: it is revoked already, and no token was left to end.
    """
    ended = _end_unused(session, name)
    device = held(session, name)
    if ended and (device is None or device.revoked_at is not None):
        audit(session, who, "device.revoke", name, token="unused")  # noqa: S106  (not a secret)
        return
    device = find(session, name)
    if device.revoked_at is not None:
        raise ConflictError("this device is revoked already", where=name, fix="nothing to do")
    device.revoked_at = utc_now()
    device.broker_hash = ""
    device.online = False
    _revoke_tokens(session, name)
    device_certificates.withdraw(session, name)
    audit(session, who, "device.revoke", name)


def none_online(hub: Hub) -> None:
    """Nobody is connected to a broker that was just started; who comes says so.

    Whoever went away while no broker ran could leave no word: it counted as online until it came back. A
    database that is away now is no reason to leave the broker off.
    """
    try:
        with hub.database.transaction() as session:
            session.execute(update(Device).where(Device.online).values(online=False))
    except SQLAlchemyError as error:
        hub.metrics.loop_errors.labels("broker").inc()
        log.warning("event=online_not_forgotten error=%r", str(error))


def end_awaited_of(session: Session, login: str, *, who: str) -> None:
    """Ends the one-time tokens that a person made and nobody has used."""
    for name in sorted(_end_where(session, EnrollToken.created_by == login)):
        audit(session, who, "device.revoke", name, token="unused")  # noqa: S106  (not a secret)


def _end_unused(session: Session, name: str) -> bool:
    """Ends one-time tokens for `name` that were not used; whether there were any."""
    return bool(_end_where(session, EnrollToken.device == name))


def _end_where(session: Session, condition: ColumnElement[bool]) -> list[str]:
    """Ends those one-time tokens that were not used; the names they were for."""
    now = utc_now()
    ended = (
        update(EnrollToken)
        .where(condition, EnrollToken.used_at.is_(None), EnrollToken.expires_at > now)
        .values(expires_at=now)
        .returning(EnrollToken.device)
    )
    return list(session.scalars(ended))


def _revoke_tokens(session: Session, name: str) -> None:
    session.execute(
        update(DeviceToken)
        .where(DeviceToken.device == name, DeviceToken.revoked_at.is_(None))
        .values(revoked_at=utc_now())
    )


def held(session: Session, name: str) -> Device | None:
    """A device as it is, whose identity nobody else changes before the transaction ends."""
    return session.get(Device, name, with_for_update={"key_share": True}, populate_existing=True)


def find(session: Session, name: str) -> Device:
    """The device called `name`. Raises NotFoundError."""
    device = session.get(Device, name)
    if device is None:
        raise NotFoundError("no such device", where=name, fix="cloud-sync device list")
    return device


def awaited(session: Session) -> list[EnrollToken]:
    """Tokens that were drawn and may still be used, oldest first."""
    query = select(EnrollToken).where(
        EnrollToken.used_at.is_(None), EnrollToken.expires_at > utc_now()
    )
    return list(session.scalars(query.order_by(EnrollToken.created_at)))


def all_devices(session: Session) -> list[Device]:
    """All devices by name."""
    return list(session.scalars(select(Device).order_by(Device.name)))


def logins(session: Session) -> list[Login]:
    """Who may say anything at the broker now."""
    rows = session.execute(
        select(Device.name, Device.broker_hash, Device.site)
        .where(Device.revoked_at.is_(None))
        .order_by(Device.name)
    )
    return [Login(name, secret, site) for name, secret, site in rows]


def device_by_token(session: Session, token: str) -> Device | None:
    """The device a token belongs to, unless it is revoked."""
    return session.scalar(
        select(Device)
        .join(DeviceToken, DeviceToken.device == Device.name)
        .where(
            DeviceToken.hash == digest_of(token.encode()),
            DeviceToken.revoked_at.is_(None),
            Device.revoked_at.is_(None),
        )
    )


def bearer(request: Request) -> str:
    """The bearer token of a request, or an empty string."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def require_device(request: Request, session: ReadDep) -> Device:
    """For `Depends`: the device that asks.

    Raises:
        UnauthenticatedError: no valid device token.
    """
    device = device_by_token(session, bearer(request))
    if device is None:
        raise UnauthenticatedError("a valid device token is needed", fix="edge-agent enroll")
    return device
