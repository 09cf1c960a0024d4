"""Tells a help desk of decisions, by the Standard Webhooks: id, time and signature over both and the body.

A call waits in the ledger until it is answered; the id is the mail's, so a desk that hears it twice knows. No text of
a mail travels but the values that the configuration asks for. One call that fails holds up the others until the next look: the desk is away, not the mail.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence

from pydantic import JsonValue

from edge_agent.actions.config import HttpActionConfig
from edge_agent.actions.http import HttpAction
from edge_agent.errors import MailboxLoginError
from edge_agent.log import warn
from edge_agent.mail.config import HookConfig
from edge_agent.mail.ledger import Ledger
from edge_agent.mail.login import secret
from edge_agent.sources.base import Alerts
from kits.core.errors import KitwrightError
from kits.core.events import DecisionBody
from kits.core.prediction import Prediction

FAILS = "mail-hook-fails"
RETRIES_S = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Pauses after each failure, as the specification proposes; after the last the call is given up."""
MAX_CALLS = 10_000
"""Calls that wait at most, for a desk that is away; those tried most often are given up first."""
GIVEN_UP = "calls given up"
_AT_ONCE = 20
_MOST_VALUES = 50
_PREFIX = "whsec_"


def body_of(
    decision: DecisionBody,
    message_id: str,
    prediction: Prediction | None = None,
    kinds: Sequence[str] = (),
) -> str:
    """What a desk is told, as JSON.

    Args:
        prediction: whose levels are told, and the values of what it found of these `kinds`.
    """
    data: dict[str, JsonValue] = {
        "sample_id": decision.sample_id,
        "message_id": message_id,
        "verdict": decision.verdict,
        "intent": decision.label,
        "score": decision.score,
        "reason": decision.reason,
    }
    if prediction is not None:
        data |= {level.name: level.value for level in prediction.quantities}
        data["values"] = _values(prediction, kinds)
    told: dict[str, JsonValue] = {
        "type": "mail.decided", "timestamp": decision.captured_at.isoformat(), "data": data
    }  # fmt: skip
    return json.dumps(told, separators=(",", ":"))


def _values(prediction: Prediction, kinds: Sequence[str]) -> list[JsonValue]:
    """What the mail names of these kinds, each thing once, in the order of the mail."""
    found: list[JsonValue] = []
    for span in prediction.spans:
        value = span.text if span.value is None else span.value
        one: JsonValue = {"kind": span.label, "value": value}
        if span.label in kinds and one not in found and len(found) < _MOST_VALUES:
            found.append(one)
    return found


def signature(key: str, message_id: str, at_s: int, body: bytes) -> str:
    """`v1,…` over id, time and body.

    Raises:
        MailboxLoginError: the key is no base64.
    """
    try:
        raw = base64.b64decode(key.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise MailboxLoginError(
            "the webhook's key is no base64", where="source.hook.secret_env", fix="whsec_…"
        ) from None
    signed = f"{message_id}.{at_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(raw, signed, hashlib.sha256).digest()).decode()


class Hook:
    """Makes the calls that are due.

    Args:
        ledger: holds them.
        counts: gets `calls given up`.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        config: HookConfig,
        ledger: Ledger,
        alerts: Alerts,
        counts: Counter[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._alerts = alerts
        self._clock = clock
        self._http = HttpAction(HttpActionConfig(name="hook", url=config.url))
        self._counts = counts

    def look(self) -> None:
        """Makes them, until one fails."""
        self._counts[GIVEN_UP] += self._ledger.drop_calls_beyond(MAX_CALLS)
        for _ in range(_AT_ONCE):
            # one after the other: whose correspondent is erased meanwhile is not told of
            due = self._ledger.next_call(self._clock())
            if due is None:
                return
            sample_id, body, attempts = due
            try:
                self._call(sample_id, body.encode())
            except (OSError, KitwrightError) as error:
                self._failed(sample_id, attempts, error)
                return
            self._ledger.drop_call(sample_id)
            self._alerts(FAILS, "info", "the help desk is told again")

    def close(self) -> None:
        """Frees the connection."""
        self._http.close()

    def _call(self, sample_id: str, body: bytes) -> None:
        at_s = int(self._clock())
        key = secret(self._config.secret_env, "source.hook.secret_env")
        headers = {
            "webhook-id": sample_id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": signature(key, sample_id, at_s, body),
        }
        self._http.call(body, headers, self._config.timeout_s)

    def _failed(self, sample_id: str, attempts: int, error: Exception) -> None:
        warn("mail_hook_failed", sample=sample_id, attempts=attempts + 1, error=error)
        self._alerts(FAILS, "error", f"the help desk is not told: {error}")
        if attempts >= len(RETRIES_S):
            self._counts[GIVEN_UP] += 1
            self._ledger.drop_call(sample_id)
            return
        due = self._clock() + RETRIES_S[attempts]
        self._ledger.put_off_call(sample_id, attempts + 1, due)
