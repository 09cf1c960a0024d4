"""A program of yours in place of a CRM: signed messages as Standard Webhooks 1.0 says, one address for all of them.

It gets `leads.scored` with up to a hundred scores, and is asked by `leads.read` for records; what it answers stands in
docs/reference/crm.md. A lead's key (`connection/lead/version`) is the same on every attempt, so that a receiver that
remembers keys takes each score once.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from urllib.parse import urlsplit

from pydantic import JsonValue

from cloud_sync.crm.client.http import CrmHttp, Wire, many, one, text, value_of, words_in
from cloud_sync.crm.client.remedies import remedy
from cloud_sync.crm.client.shown import (
    EARLIEST,
    columns_in,
    is_yes,
    moment,
    objects,
    outcome_in,
    persons_in,
)
from cloud_sync.crm.kinds.base import Access, Listing, Page, Record, ScoreWrite, WriteOutcome
from cloud_sync.effects.checks import Check
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.effects.webhook import read_secrets, signed_headers
from kits.core.answers.fields import flat_fields

SCORED = "leads.scored"
READ = "leads.read"
TEST = "test.sent"
_PLACES = frozenset({"", "outcome", "outcome_at"})
"""Where an answer itself says how a record ended."""


class Webhook:
    """One address.

    Args:
        access: settings with the kind's defaults, and the secret `secret`.
        wire: how requests go out; None: as the settings say.

    Raises:
        ConfigError: the secret is none.
    """

    kind = "webhook"
    batch = 100
    singly = False
    polls = False

    def __init__(self, access: Access, wire: Wire | None = None) -> None:
        self._name = access.name
        self._settings = access.settings
        self._secrets = read_secrets(
            access.secrets["secret"], "secret",
            f"whsec_$(openssl rand -base64 32), for: cloud-sync crm secret {access.name} --api secret",
        )  # fmt: skip
        self._wire = wire or Wire(access)
        self.budget = self._wire.budget
        parts = urlsplit(access.settings.url)
        self._query = f"?{parts.query}" if parts.query else ""
        url = parts._replace(query="").geturl()
        self._sender = self._wire.to(url)
        self._http = CrmHttp(self._wire, url, dict)

    def __repr__(self) -> str:
        return f"Webhook({self._name!r})"

    def read(self, object_ids: Sequence[str]) -> list[Record]:
        """As `Crm.read`."""
        if not object_ids:
            return []
        asked = set(object_ids)
        records = [self._record(row) for row in self._asked(object_ids)]
        return [record for record in records if record.object_id in asked]

    def _asked(self, object_ids: Sequence[str]) -> list[Mapping[str, JsonValue]]:
        data: dict[str, JsonValue] = {"ids": [*object_ids], "columns": [*self._wanted()]}
        answer = self._post(READ, data, f"read_{secrets.token_hex(16)}", self._now())
        if not isinstance(answer, Mapping) or not isinstance(answer.get("records"), list):
            raise DeliveryError("answered leads.read without `records`", where=self._name)
        return many(answer["records"])

    def _wanted(self) -> list[str]:
        """Fields to be asked for; none: all. What has a place of its own in an answer is not asked for by its usual name."""
        settings = self._settings
        if not settings.columns:
            return []
        told = [one for one in (settings.outcome.field, settings.outcome.at) if one not in _PLACES]
        return [*dict.fromkeys((*settings.columns, *settings.persons, *settings.opt_out, *told))]

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._wire.clock(), timezone.utc)

    def _record(self, row: Mapping[str, JsonValue]) -> Record:
        settings = self._settings
        said, out = text(row.get("outcome")), row.get("opted_out")
        fields = flat_fields(dict(one(row.get("fields"))))
        beside = {*settings.persons} - {*settings.columns} if settings.columns else set()
        kept = {name: value for name, value in fields.items() if name not in beside}
        outcome = outcome_in(said or fields.get(settings.outcome.field), settings)
        return Record(
            text(row.get("id")),
            columns_in(kept, settings),
            moment(row.get("modified_at")) or EARLIEST,
            created_at=moment(row.get("created_at")),
            outcome=outcome,
            outcome_at=moment(row.get("outcome_at") or fields.get(settings.outcome.at))
            if outcome
            else None,
            opted_out=objects(fields, settings) if out is None else is_yes(out),
            persons=persons_in(fields, settings.persons),
        )

    def labels(self) -> Mapping[str, str]:
        """A program of the firm's own calls its columns as it likes."""
        return {}

    def changed_since(self, cursor: str) -> Page:
        """It sends its changes itself."""
        return Page((), cursor)

    def listed(self, cursor: str, _since: datetime | None) -> Listing:
        """It has no list: whoever wants a lead scored tells of it."""
        return Listing((), cursor)

    def write(self, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
        """As `Crm.write`. A receiver that says nothing of a lead has taken it."""
        if not writes:
            return []
        leads = [self._lead(write) for write in writes]
        keys = [text(lead["key"]) for lead in leads]
        now = self._now()  # a score is taken away now
        at = max(write.scored_at or now for write in writes)
        data: dict[str, JsonValue] = {"leads": [*leads]}
        answer = one(self._post(SCORED, data, _message_id(self._name, keys), at))
        said = {text(row.get("id")): row for row in many(answer.get("outcomes"))}
        return [_outcome(write.object_id, said.get(write.object_id, {})) for write in writes]

    def _lead(self, write: ScoreWrite) -> dict[str, JsonValue]:
        return {
            "key": self._key(write),
            "id": write.object_id,
            "version": write.version,
            "points": write.points,
            "probability": write.probability,
            "percentile": write.percentile,
            "band": write.band,
            "reasons": [*write.reasons],
            "trend": write.trend,
            "scored_at": write.scored_at.isoformat() if write.scored_at else None,
        }

    def _key(self, write: ScoreWrite) -> str:
        """The same on every attempt, and never that of another score, however versions are counted anew."""
        since = f"/{round(write.since.timestamp() * 1000)}" if write.since else ""
        return f"{self._name}/{write.object_id}/{write.version}{since}"

    def make_fields(self) -> list[Check]:
        """There is nothing to make."""
        return self.check()

    def check(self) -> list[Check]:
        """As `Crm.check`. What it is asked for, and sent, is of no lead: nothing changes there."""
        fix = f"let it answer a message of the type {TEST} with 2xx; is the secret the same?"
        signed = _tried("take a signed message", lambda: self._try(TEST, {"text": "a test"}), fix)
        if not signed.ok:
            return [signed]
        fix = f'let it answer a message of the type {READ} with {{"records": []}} where no `ids` are in it'
        read = _tried("show records", lambda: self._asked(()), fix)
        if not self._settings.write:
            return [signed, read]
        fix = f"let it answer a message of the type {SCORED} with 2xx, also where no `leads` are in it"
        return [signed, read, _tried("take scores", lambda: self._try(SCORED, {"leads": []}), fix)]

    def _try(self, kind: str, data: dict[str, JsonValue]) -> None:
        self._post(kind, data, f"test_{secrets.token_hex(16)}", self._now())

    def _post(self, kind: str, data: dict[str, JsonValue], key: str, at: datetime) -> JsonValue:
        """Sends a message, signed; what is answered, None where it is no JSON."""
        content: dict[str, JsonValue] = {
            "type": kind, "timestamp": at.isoformat(),
            "data": {"connection": self._name, "object": self._settings.object, **data},
        }  # fmt: skip
        body = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        signed = signed_headers(self._secrets, key, int(self._wire.clock()), body)
        headers = {"content-type": "application/json", **signed}
        answer = self._wire.send(self._sender, "POST", self._query, body, headers)
        if not answer.ok:
            raise self._http.refusal(answer)
        if (
            answer.raw.lstrip()[:1] == b"<"
        ):  # a proxy's page for signing in, say: nobody took anything
            raise DeliveryError("answered with a page in place of an answer", where=self._name)
        return value_of(answer.raw) if answer.whole else None


def _tried(name: str, trial: Callable[[], object], fix: str) -> Check:
    try:
        trial()
    except DeliveryError as error:
        return Check(name, False, error.what, remedy(error, fix))
    return Check(name, True, "it does")


def _message_id(connection: str, keys: Sequence[str]) -> str:
    """Names a message by the scores in it: the same ones again have the same name."""
    if len(keys) == 1:
        return keys[0]
    digest = hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()
    return f"{connection}/{digest[:32]}"


def _outcome(object_id: str, said: Mapping[str, JsonValue]) -> WriteOutcome:
    ok = said.get("ok", True) is True
    return WriteOutcome(
        object_id, ok, "" if ok else words_in(said.get("error")) or "refused",
        retry=said.get("retry", True) is True, gone=said.get("gone") is True,
    )  # fmt: skip
