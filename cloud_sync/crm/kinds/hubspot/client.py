"""HubSpot: contacts, companies, deals or leads by the batch endpoints of its CRM API, with a service key or an app's token.

Source: https://developers.hubspot.com/docs/reference/api/crm/objects. A batch may be taken in part (207); what became
of each record stands in its `errors`. An app tells of changes by messages (`events.py`); a service key has none,
so with the option `events: poll` HubSpot is asked what changed; records that are deleted are noticed by a sweep. Paths
are `paths.py`, the search `search.py`, fields `properties.py`.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.budget import Budget
from cloud_sync.crm.client.http import (
    FORBIDDEN,
    CrmHttp,
    CrmRefusedError,
    Wire,
    many,
    one,
    rows_in,
    text,
    words_in,
)
from cloud_sync.crm.client.labels import Naming, labels_of, names_of, naming, require_opt_out
from cloud_sync.crm.client.looked import Looked
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
    stamp,
)
from cloud_sync.crm.client.window import time_of, window_of
from cloud_sync.crm.kinds import ends
from cloud_sync.crm.kinds.base import (
    Access,
    Listed,
    Listing,
    Page,
    Record,
    ScoreWrite,
    WriteOutcome,
)
from cloud_sync.crm.kinds.hubspot.companies import COMPANIES, Companies
from cloud_sync.crm.kinds.hubspot.objects import object_of
from cloud_sync.crm.kinds.hubspot.owners import Owners
from cloud_sync.crm.kinds.hubspot.paths import VERSION, paths_of
from cloud_sync.crm.kinds.hubspot.properties import SCOPES, Properties
from cloud_sync.crm.kinds.hubspot.search import LISTED, PER_10S, Search
from cloud_sync.effects.checks import Check
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.targets import DeliveryError

PARTIAL = 207
DEAL: Final = "deal"
UNKNOWN = 404
_GONE = frozenset({"OBJECT_NOT_FOUND", "NOT_FOUND"})
_WRONG = frozenset({"VALIDATION_ERROR", "INVALID_PARAMETERS"})
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
"""An internal name; labels have blanks and capitals."""


class HubSpot:
    """One kind of object of one account.

    Args:
        access: settings with the kind's defaults, and the secret `token`; options `events`, `version`.
        wire: how requests go out; None: as the settings say.

    Raises:
        ConfigError: there is no such version.
    """

    kind = "hubspot"
    batch = 100
    singly = False

    def __init__(self, access: Access, wire: Wire | None = None) -> None:
        self._name = access.name
        self._settings = access.settings
        self._object = access.settings.object
        options = access.settings.options
        self.polls = options.get("events") == "poll"
        self._version = options.get("version", VERSION)
        self._paths = paths_of(self._object, self._version)
        self._path = self._paths.objects
        self._called = object_of(self._object).called
        self._ends = ends.DEALS if object_of(self._object).one == DEAL else ends.NONE
        self._met = access.met
        self._naming = Looked(self._look)
        headers = {"authorization": f"Bearer {access.secrets['token']}"}
        self._wire = wire or Wire(access)
        self.budget = self._wire.budget
        self._http = CrmHttp(
            self._wire, access.settings.url, lambda: headers, explain=self._explained
        )
        self._owners = Owners(self._http, self._paths.owners)
        self._properties = Properties(self._http, self._object, self._paths.properties)
        firms = paths_of(COMPANIES, self._version)
        self._companies = Companies(self._http, firms, self._owners, access, time.monotonic)
        self._firm_keys: list[str] = []
        searches = Budget(PER_10S, where=access.name, share=access.share, burst=1)
        self._search = Search(self._http, self._path, self._object, searches)

    def __repr__(self) -> str:
        return f"HubSpot({self._object!r})"

    def read(self, object_ids: Sequence[str]) -> list[Record]:
        """As `Crm.read`."""
        # one id that is none would have the whole batch refused
        asked = [name for name in object_ids if is_number(name)]
        if not asked:
            return []
        inputs: list[JsonValue] = [{"id": name} for name in asked]
        naming = self._naming()
        names = dict.fromkeys((*naming.asked, *self._called, *self._ends.fields, *self._firm_keys))
        body: JsonValue = {"properties": [*names], "inputs": inputs}
        answer = self._http.call("POST", f"{self._path}/batch/read", body)
        rows = rows_in(answer, "results", self._name)
        # for one that was merged away comes the record it went into, which is a lead of its own
        rows = [row for row in rows if text(row.get("id")) in asked]
        firms = self._companies.values(
            [one(row.get("properties")) for row in rows], self._firm_keys
        )
        return [self._record(row, naming, firm) for row, firm in zip(rows, firms)]

    def _record(
        self, row: Mapping[str, JsonValue], naming: Naming, firm: Mapping[str, JsonValue]
    ) -> Record:
        """A record. `firm`: values of its company, by column."""
        said = one(row.get("properties"))
        called = {name for name in self._called if said.get(name)}
        also = {*naming.persons, *self._called, *self._ends.fields, *self._firm_keys}
        more = also - naming.names.keys() - called
        told = naming.told({name: value for name, value in said.items() if name not in more})
        record = record_of(
            text(row.get("id")), {**told, **firm}, self._settings, modified=row.get("updatedAt"),
            created=row.get("createdAt"), persons=persons_in(said, naming.persons),
        )  # fmt: skip
        ended = record.outcome or self._ends.of(said, self._settings.outcome)
        if ended == record.outcome:
            return record
        return replace(
            record, outcome=ended, outcome_at=moment(said.get(self._settings.outcome.at))
        )

    def _look(self) -> Naming:
        """The properties to read: those that are set, else all there are. Labels of an export are looked up."""
        wanted = asked_fields(self._settings) if self._settings.columns else []
        try:
            there = self._properties.described()
        except CrmRefusedError as error:
            if error.status != FORBIDDEN or not wanted or not all(map(_NAME.fullmatch, wanted)):
                raise
            # the right to see which there are is missing, which `crm test` tells: names are read as they are
            return Naming({name: name for name in wanted}, persons=self._settings.persons)
        require_opt_out(self._settings, there, self._name)
        self._firm_keys = self._companies.keys(there)
        names = names_of(wanted or sorted(there), labels_of(there), self._companies.has)
        # what HubSpot does not have, it leaves out
        names |= {n: n for n in wanted if n not in self._settings.columns and _NAME.fullmatch(n)}
        if owned := self._owned(names):
            people = self._owners.names()
            there |= {name: replace(there[name], options=people) for name in owned}
        return naming(names, there, self._settings, self._met)

    def _owned(self, names: Collection[str]) -> frozenset[str]:
        """Those of the properties that hold an owner, where a bundle learned from them: else nobody knows a name there."""
        return self._properties.of_owners.intersection(names if self._settings.columns else ())

    def labels(self) -> Mapping[str, str]:
        """As `Crm.labels`."""
        return self._naming.last.labels if self._naming.last is not None else {}

    def watched(self) -> list[str]:
        """Properties whose changes may change a score, say an outcome or an objection. Raises DeliveryError."""
        names = self._naming().names
        if self._settings.columns:
            return sorted({*names, *self._firm_keys})
        return [name for name in asked_fields(self._settings) if name in names]

    def choices(self, field: str) -> Mapping[str, str]:
        """As `Chooses.choices`."""
        found = self._properties.described().get(field)
        return found.options if found is not None else {}

    def changed_since(self, cursor: str) -> Page:
        """As `Crm.changed_since`: by the time of the last change, by HubSpot's clock."""
        if self._wire.server_time() is None:
            self._http.call("GET", self._path, None, {"limit": "1"})
        now = time_of(self._wire.server_time() or self._wire.clock())
        window = window_of(cursor, now)
        if not cursor or window.since >= window.until:
            return Page((), window.text())
        rows, events = self._search.changed(window)
        if len(rows) >= LISTED:
            return Page(events, window.behind(text(rows[-1].get("id"))).text(), more=True)
        # what changes there is one record after the other, and nobody walks half an hour of an import for it
        return Page(events, window.done(far=False).text(), more=window.leaves(now))

    def listed(self, cursor: str, since: datetime | None) -> Listing:
        """As `Crm.listed`: by id downwards."""
        outcome = self._settings.outcome.field
        wanted = [*([outcome] if outcome else []), *self._ends.fields]
        rows = self._search.listed(cursor, since, wanted)
        found = tuple(self._listed(row) for row in rows)
        last = found[-1].object_id if found else cursor
        return Listing(found, last, more=len(rows) >= LISTED and last != cursor)

    def _listed(self, row: Mapping[str, JsonValue]) -> Listed:
        said, outcome = one(row.get("properties")), self._settings.outcome
        name, modified = text(row.get("id")), row.get("updatedAt")
        found = listed_of(name, said.get(outcome.field), self._settings, modified=modified)
        return replace(found, decided=found.decided or bool(self._ends.of(said, outcome)))

    def write(self, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
        """As `Crm.write`."""
        inputs: list[JsonValue] = [
            {"id": write.object_id, "properties": self._values(write)} for write in writes
        ]
        told = self._http.tell("POST", f"{self._path}/batch/update", {"inputs": inputs})
        answer = one(told.value)
        failed = _failures(many(answer.get("errors")))
        # a yes without them is nobody's word: something between may have answered
        results = (
            many(answer.get("results")) if failed else rows_in({**answer}, "results", self._name)
        )
        done = Counter(text(row.get("id")) for row in results)
        whole = told.status != PARTIAL and not failed
        asked = {write.object_id for write in writes}
        # of a merged record the answer names the one it went into, which shows its score now
        into = tuple(sorted(name for name, n in done.items() if name not in asked or n > 1))
        return [
            _outcome(w.object_id, failed, w.object_id in done, whole=whole, into=into)
            for w in writes
        ]

    def _values(self, write: ScoreWrite) -> dict[str, JsonValue]:
        return {
            name: _as_text(value)
            for name, value in shown_values(write, self._settings.fields).items()
        }

    def make_fields(self) -> list[Check]:
        """As `Crm.make_fields`."""
        self._properties.make(self._settings.fields)
        return self.check()

    def check(self) -> list[Check]:
        """As `Crm.check`."""
        try:
            who = one(self._http.call("GET", self._paths.account))
        except DeliveryError as error:
            return [Check("sign in", False, error.what, remedy(error, self._not_let_in(error)))]
        account = text(who.get("portalId"))
        known = self._settings.options.get("account")
        hint = "" if known else f"; for links to its records: crm set … --option account={account}"
        checks = [Check("sign in", True, f"account {account}{hint}")]
        scope = f"crm.objects.{self._object}"
        checks.append(self._right(f"{scope}.read", "GET", self._path, None))
        update = f"{self._path}/batch/update"
        checks.append(self._right(f"{scope}.write", "POST", update, {"inputs": []}))
        if self._reads_owners():
            checks.append(self._right("crm.objects.owners.read", "GET", self._paths.owners, None))
        for right, path in self._companies.rights():
            checks.append(self._right(right, "GET", path, None))
        return checks + self._properties.checks(self._settings.fields)

    def _not_let_in(self, error: DeliveryError) -> str:
        if isinstance(error, RefusedError) and error.status == UNKNOWN:
            back = f"cloud-sync crm set {self._name} options.version={VERSION}"
            return f"HubSpot may not have, or no longer have, the version {self._version}: {back}"
        return "check the service key, or the access token of the app (pat-…)"

    def _reads_owners(self) -> bool:
        """Whether the bundle learned from whom a record belongs to, by name as exports have it.

        A column of HubSpot's own name was learned from numbers; whether these were met the dry run says. What else is wrong
        with properties is told after it.
        """
        try:
            names = self._naming().names
            of_companies = self._companies.reads_owners()
        except DeliveryError:
            return False
        return of_companies or any(names[name] != name for name in self._owned(names))

    def _right(self, scope: str, method: str, path: str, body: JsonValue) -> Check:
        """Asks for nothing, so that the answer tells of the right only."""
        query = {"limit": "1"} if method == "GET" else None
        try:
            self._http.call(method, path, body, query)
        except CrmRefusedError as error:
            if error.status in (401, FORBIDDEN):
                return Check(f"scope {scope}", False, error.what, f"add {scope} in {SCOPES}")
            if error.retry:
                return Check(f"scope {scope}", False, error.what, "try again later")
        return Check(f"scope {scope}", True, "granted")

    def _explained(self, status: int, value: JsonValue) -> str:
        said = one(value)
        if status != FORBIDDEN or said.get("category") != "MISSING_SCOPES":
            return ""
        contexts = [one(row.get("context")) for row in many(said.get("errors"))]
        contexts.append(one(said.get("context")))
        found = [context.get("requiredGranularScopes") for context in contexts]
        scopes = [text(s) for some in found if isinstance(some, list) for s in some][:5]
        named = ", ".join(scopes) or "a scope"
        return f"the token lacks {named}: add it in {SCOPES}"


def _as_text(value: Shown) -> str:
    """HubSpot takes all values as text, and an empty one clears."""
    if isinstance(value, datetime):
        return stamp(value)
    return "" if value is None else str(value)


def _failures(errors: Sequence[Mapping[str, JsonValue]]) -> dict[str, tuple[str, str]]:
    """Object id → category and words of what went wrong with it."""
    found: dict[str, tuple[str, str]] = {}
    for error in errors:
        ids = one(error.get("context")).get("ids")
        for object_id in ids if isinstance(ids, list) else []:
            found[text(object_id)] = (text(error.get("category")), words_in({**error}))
    return found


def _outcome(
    object_id: str,
    failed: Mapping[str, tuple[str, str]],
    named: bool,
    *,
    whole: bool,
    into: tuple[str, ...],
) -> WriteOutcome:
    if object_id in failed:
        category, words = failed[object_id]
        return WriteOutcome(
            object_id, False, words or category, retry=category not in _WRONG,
            gone=category in _GONE,
        )  # fmt: skip
    if not named and whole and into:
        return WriteOutcome(object_id, False, "it was merged into another", False, True, into)
    return WriteOutcome(object_id, named, "" if named else "the answer does not speak of it")
