"""Signed messages from a CMMS: verified, taken once, done in one commit, then answered.

Signed as https://www.standardwebhooks.com says, like the hub's own. Nothing of a body is looked at
before its signature is right; a message older or newer than `TOLERANCE_S` is refused, and an id that
was taken does nothing again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import delete
from sqlalchemy.orm import Session

from cloud_sync.cmms.answers import Answer, apply
from cloud_sync.cmms.base import OrderProgress
from cloud_sync.cmms.settings import CmmsConfig
from cloud_sync.effects.webhook import read_secrets
from cloud_sync.errors import UnauthenticatedError
from cloud_sync.hub import Hub
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import Case, InboundMessage
from kits.core.errors import DataError
from kits.core.events import SampleId

TOLERANCE_S = 300
KEPT = timedelta(days=2)
"""So long an id is remembered: far longer than its message may be sent again."""
MAX_ID = 200
MAX_SIGNATURES = 10
_FURTHER = re.compile(r"-\d+$")


class AnswerIn(BaseModel):
    """What a CMMS says of a case."""

    model_config = ConfigDict(extra="ignore")

    case: SampleId
    state: OrderProgress
    cause: str = Field("", max_length=200)
    who: str = Field("", max_length=100)
    note: str = Field("", max_length=1000)


def inbound_secrets(
    config: CmmsConfig, environment: Mapping[str, str] = os.environ
) -> tuple[bytes, ...]:
    """Secrets messages are signed with; none: none are taken.

    Raises:
        ConfigError: the variable holds something else.
    """
    text = environment.get(config.inbound_secret_env, "") if config.target else ""
    return tuple(read_secrets(text, config.inbound_secret_env)) if text else ()


def verify(
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[bytes],
    clock: Callable[[], float] = time.time,
) -> str:
    """The id of a message that is signed and timely.

    Raises:
        UnauthenticatedError: it is not; which of the two is not told to a stranger.
    """
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split()[:MAX_SIGNATURES]
    timely = stamp.isascii() and stamp.isdigit() and abs(int(stamp[:12]) - clock()) <= TOLERANCE_S
    signed = f"{name}.{stamp}.".encode() + body
    fits = False
    for secret in secrets:
        wanted = hmac.digest(secret, signed, hashlib.sha256)
        for one in given:
            fits |= hmac.compare_digest(wanted, _decoded(one))
    if not (fits and timely and 0 < len(name) <= MAX_ID and name.isprintable()):
        raise UnauthenticatedError(
            "not signed with this hub's secret, or not within five minutes",
            fix="webhook-id, webhook-timestamp and webhook-signature as standardwebhooks.com says",
        )
    return name


def _decoded(signature: str) -> bytes:
    try:
        return base64.b64decode(signature.removeprefix("v1,"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def take(session: Session, hub: Hub, source: str, message_id: str, body: bytes) -> bool:
    """Does what a verified message says, in the caller's transaction; whether anything changed.

    Raises:
        DataError: it says nothing that can be understood; its id is not remembered.
        NotFoundError: no such case; the same may be sent again.
    """
    try:
        said = AnswerIn.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise DataError(f"not an answer of a CMMS: {fault['msg']}", where=where) from error
    new = insert_once(session, InboundMessage, [{"source": source, "id": message_id}])
    if not new:
        return False
    case_id = _case_of(session, said.case)
    return apply(session, hub, Answer(case_id, said.state, said.cause, said.who, said.note))


def _case_of(session: Session, name: str) -> str:
    """The case of an order by the name that the hub gave it: a further order of a case is named `CASE-2`."""
    known = session.get(Case, name) is not None
    return name if known else _FURTHER.sub("", name)


def forget_old(session: Session, now: datetime) -> None:
    """Removes ids that nobody may send again."""
    session.execute(delete(InboundMessage).where(InboundMessage.at < now - KEPT))
