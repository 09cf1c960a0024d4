"""Odoo: leads and opportunities (`crm.lead`) by JSON-2 or the older JSON-RPC; changes are asked for by `write_date`.

How Odoo is called is `effects/odoo_calls.py`. Its webhooks are sent once, with a second to answer, and never again: so it
is asked as well. Records that are deleted (not archived) are told by its webhook only, or noticed when they are read.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Final, Literal

from pydantic import JsonValue

from cloud_sync.crm.client.http import CrmHttp, Wire, text
from cloud_sync.crm.client.labels import Naming, labels_of, names_of, naming, require_opt_out
from cloud_sync.crm.client.remedies import remedy
from cloud_sync.crm.client.shown import (
    Shown,
    asked_fields,
    is_number,
    listed_of,
    moment,
    persons_in,
    record_of,
    shown_values,
)
from cloud_sync.crm.client.singly import write_singly
from cloud_sync.crm.client.window import event_of, time_of, window_of
from cloud_sync.crm.kinds.base import (
    Access,
    Listed,
    Listing,
    Page,
    Record,
    ScoreWrite,
    WriteOutcome,
)
from cloud_sync.crm.kinds.odoo.beside import Related, is_related
from cloud_sync.crm.kinds.odoo.fields import UNREADABLE, Model, ModelFields, plain_value
from cloud_sync.effects.checks import Check
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.odoo_calls import OdooAccount, OdooCalls
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import ConfigError

PAGE: Final = 500
_RIGHTS = ("read", "write")
_BOOKS = ("write_date", "create_date", "active", "probability")
_CALLED = "name"
"""What people call a record by; no bundle learns from it."""
_QUIET: dict[str, JsonValue] = {"tracking_disable": True, "mail_notrack": True}
"""A score is no news for the followers of a lead."""


class Odoo:
    """One model of one database.

    Args:
        access: settings with the kind's defaults, and the secret `key`; options `api`, `database`, `login`,
            `language`.
        wire: how requests go out; None: as the settings say.

    Raises:
        ConfigError: an option is none.
    """

    kind = "odoo"
    batch = 30
    singly = True

    def __init__(self, access: Access, wire: Wire | None = None) -> None:
        settings, options = access.settings, access.settings.options
        self._settings = settings
        self._model = settings.object
        self._name = access.name
        self._wire = wire or Wire(access)
        self.budget = self._wire.budget
        self.polls = options.get("events", "poll") == "poll"
        account = OdooAccount(
            _api(options.get("api", "json2"), access.name), access.secrets["key"],
            options.get("database", ""), options.get("login", ""),
        )  # fmt: skip
        self._http = CrmHttp(self._wire, settings.url, account.headers)
        self._calls = OdooCalls(self._http.call, account, name=access.name)
        language = options.get("language", "")
        self._context: dict[str, JsonValue] = {"lang": language} if language else {}
        self._fields = ModelFields(self._calls, self._model, self._context)
        self._related = Related(self._calls, access, self._context, time.monotonic)
        self._met = access.met
        self._named: tuple[Model, Naming] | None = None

    def __repr__(self) -> str:
        return f"Odoo({self._model!r})"

    def read(self, object_ids: Sequence[str]) -> list[Record]:
        """As `Crm.read`."""
        ids: list[JsonValue] = [int(object_id) for object_id in object_ids if is_number(object_id)]
        if not ids:
            return []
        model = self._fields.known()
        require_opt_out(self._settings, model.types, self._name)
        naming = self._naming(model)
        names = {*self._asked(model.types, naming), *self._related.keys(model, naming.names)}
        rows = self._calls.rows(
            self._model, [["id", "in", ids]], sorted(names), limit=len(ids),
            order="id asc", active_test=False, **self._context,
        )  # fmt: skip
        beside = self._related.values(rows, model, naming.names)
        return [self._record(row, model.types, naming, more) for row, more in zip(rows, beside)]

    def _asked(self, types: Mapping[str, str], naming: Naming) -> list[str]:
        # fields of another version than the one the defaults are for are left out
        also = {*asked_fields(self._settings), *_BOOKS, _CALLED}
        return sorted(also & set(types) | {*naming.asked})

    def _naming(self, model: Model) -> Naming:
        """The model's names of the columns that were asked for, else of all that can be read."""
        if self._named is None or self._named[0] is not model:
            there = model.there
            readable = [n for n, kind in model.types.items() if kind not in UNREADABLE]
            wanted = self._settings.columns or readable
            names = names_of(wanted, labels_of(there), lambda column: is_related(column, model))
            there = {**there, **self._fields.named(model, names)}
            self._named = model, naming(names, there, self._settings, self._met)
        return self._named[1]

    def labels(self) -> Mapping[str, str]:
        """As `Crm.labels`."""
        return self._named[1].labels if self._named is not None else {}

    def choices(self, field: str) -> Mapping[str, str]:
        """As `Chooses.choices`."""
        found = self._fields.known().there.get(field)
        return found.options if found is not None else {}

    def _record(
        self,
        row: Mapping[str, JsonValue],
        types: Mapping[str, str],
        naming: Naming,
        more: Mapping[str, JsonValue],
    ) -> Record:
        """A record. `more`: values of what it refers to, by column."""
        said = {n: plain_value(value, types.get(n, "")) for n, value in row.items()}
        plain = naming.told(said)
        asked = set(self._settings.columns) or set(plain)
        outcome = self._settings.outcome
        kept = asked | {_CALLED, outcome.field, outcome.at, *self._settings.opt_out}
        found = record_of(
            text(row.get("id")), {**{n: v for n, v in plain.items() if n in kept and n != "id"}, **more},
            self._settings, modified=row.get("write_date"), created=row.get("create_date"),
            persons=persons_in(said, naming.persons),
        )  # fmt: skip
        if outcome.field in row or not found.fields:
            return found
        return _by_probability(found, row, moment(row.get(outcome.at)))

    def changed_since(self, cursor: str) -> Page:
        """As `Crm.changed_since`."""
        if self._wire.server_time() is None:
            self._fields.types(anew=True)
        now = time_of(self._wire.server_time() or self._wire.clock())
        window = window_of(cursor, now)
        if not cursor or window.since >= window.until:
            return Page((), window.text())
        behind = int(window.after) if is_number(window.after) else 0
        domain: list[JsonValue] = [
            ["write_date", ">=", _when(window.since)], ["write_date", "<", _when(window.until)],
            ["id", ">", behind],
        ]  # fmt: skip
        rows = self._calls.rows(
            self._model, domain, ["id", "write_date", "create_date"], limit=PAGE, active_test=False
        )
        rows = [row for row in rows if is_number(text(row.get("id")))]
        events = tuple(
            event_of(
                text(row.get("id")), row.get("write_date"), row.get("create_date"), window.until
            )
            for row in rows
        )
        if len(rows) >= PAGE:
            return Page(events, window.behind(text(rows[-1].get("id"))).text(), more=True)
        return Page(events, window.done().text(), more=window.leaves(now))

    def listed(self, cursor: str, since: datetime | None) -> Listing:
        """As `Crm.listed`: by id downwards, what is archived included."""
        domain: list[JsonValue] = [["id", "<", int(cursor)]] if cursor.isdecimal() else []
        if since is not None:
            domain.append(["write_date", ">=", _when(since)])
        wanted = {"id", "write_date", self._settings.outcome.field, "active", "probability"}
        names = sorted(wanted & {"id", *self._fields.types()})
        rows = self._calls.rows(
            self._model, domain, names, limit=PAGE, order="id desc", active_test=False
        )
        found = tuple(self._listed(row) for row in rows if text(row.get("id")).isdecimal())
        last = found[-1].object_id if found else cursor
        return Listing(found, last, more=len(rows) >= PAGE and last != cursor)

    def _listed(self, row: Mapping[str, JsonValue]) -> Listed:
        field = self._settings.outcome.field
        said = plain_value(row.get(field), self._fields.types().get(field, ""))
        found = listed_of(text(row.get("id")), said, self._settings, modified=row.get("write_date"))
        if field in row:
            return found
        return Listed(found.object_id, found.modified_at, decided=bool(_ended(row)))

    def write(self, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
        """As `Crm.write`. Leads that get the same values go together."""
        alike: dict[tuple[tuple[str, JsonValue], ...], list[ScoreWrite]] = defaultdict(list)
        for write in writes:
            alike[tuple(self._values(write).items())].append(write)
        together = {write.object_id for same in alike.values() if len(same) > 1 for write in same}
        done = {i for same in alike.values() if len(same) > 1 for i in self._write_alike(same)}
        singles = [w for w in writes if w.object_id not in together or w.object_id not in done]
        outcomes = {o.object_id: o for o in write_singly(singles, self._write_one)}
        return [outcomes.get(w.object_id) or WriteOutcome(w.object_id, True) for w in writes]

    def _write_alike(self, writes: Sequence[ScoreWrite]) -> list[str]:
        """Those that were written; none when one of them is in the way of all."""
        try:
            self._send(writes)
        except RefusedError as error:
            if error.status in (401, 403):
                raise
            return []
        return [write.object_id for write in writes]

    def _write_one(self, write: ScoreWrite) -> None:
        self._send([write])

    def _send(self, writes: Sequence[ScoreWrite]) -> None:
        ids = [int(write.object_id) for write in writes if is_number(write.object_id)]
        if not ids:
            raise RefusedError("no number of a record", status=404, where=self._model, retry=False)
        answer = self._calls.call(
            self._model, "write", ids=ids, vals=self._values(writes[0]), context={**_QUIET}
        )
        if isinstance(
            answer, Mapping
        ):  # it says true, or nothing where a module of the firm's own does
            raise DeliveryError("answered a write with something else than a yes", where=self._name)

    def _values(self, write: ScoreWrite) -> dict[str, JsonValue]:
        return {n: _json(v) for n, v in shown_values(write, self._settings.fields).items()}

    def make_fields(self) -> list[Check]:
        """As `Crm.make_fields`."""
        self._fields.make(self._settings.fields)
        return self.check()

    def check(self) -> list[Check]:
        """As `Crm.check`."""
        try:
            self._fields.types(anew=True)
        except DeliveryError as error:
            fix = (
                "check url, the key, and options.api, options.database and options.login; is the app CRM installed? On"
                " Odoo Online only the Custom plan opens the API"
            )
            return [Check(f"reach {self._model}", False, error.what, remedy(error, fix))]
        checks = [Check(f"reach {self._model}", True, "it answers")]
        for right in _RIGHTS:
            may = self._calls.may(self._model, right)
            fix = "" if may else "give the key's user the role Sales: All Documents"
            checks.append(Check(f"right to {right}", may, "yes" if may else "missing", fix))
        return [*checks, *self._beside(), *self._fields.checks(self._settings.fields)]

    def _beside(self) -> list[Check]:
        model = self._fields.known()
        return self._related.checks(model, self._naming(model).names)


def _api(name: str, where: str) -> Literal["json2", "jsonrpc"]:
    if name == "json2":
        return "json2"
    if name == "jsonrpc":
        return "jsonrpc"
    raise ConfigError(
        f"no API {name!r}",
        where=f"{where}: options.api",
        fix="json2 (Odoo 19 and later) or jsonrpc",
    )


def _by_probability(found: Record, row: Mapping[str, JsonValue], ended: datetime | None) -> Record:
    """Before `won_status` (Odoo 18): won at 100 %, lost when archived at 0 %, as `crm.lead` itself has it."""
    outcome = _ended(row)
    return Record(
        found.object_id, found.fields, found.modified_at, found.created_at, outcome,
        ended if outcome else None, found.opted_out, found.persons,
    )  # fmt: skip


def _ended(row: Mapping[str, JsonValue]) -> Literal["won", "lost", ""]:
    chance, active = row.get("probability"), row.get("active") is not False
    if active and chance == 100:
        return "won"
    return "lost" if not active and chance == 0 else ""


def _when(at: datetime) -> str:
    """A time in a domain: UTC, without a zone."""
    return at.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def _json(value: Shown) -> JsonValue:
    if isinstance(value, datetime):
        return _when(value)
    return False if value is None else value
