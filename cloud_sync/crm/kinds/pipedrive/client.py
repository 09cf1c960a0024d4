"""Pipedrive: deals, persons, organisations (API v2) or leads; written one by one.

Source: https://developers.pipedrive.com/docs/api/v1, which has both versions. Only what API v2 lacks is asked of v1:
leads and users. Fields of one's own have keys of forty characters that differ from account to account
(`fields.py`); a record's columns are named as people see them. Its messages are `events.py`.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import quote

from pydantic import JsonValue

from cloud_sync.crm.client.http import (
    FORBIDDEN,
    GONE,
    CrmHttp,
    CrmRefusedError,
    Wire,
    one,
    rows_in,
    text,
)
from cloud_sync.crm.client.labels import (
    Naming,
    labels_of,
    names_of,
    naming,
    require_opt_out,
)
from cloud_sync.crm.client.remedies import remedy
from cloud_sync.crm.client.shown import json_values, listed_of, moment, persons_in, record_of, stamp
from cloud_sync.crm.client.singly import write_singly
from cloud_sync.crm.kinds.base import Access, Listing, Page, Record, ScoreWrite, WriteOutcome
from cloud_sync.crm.kinds.pipedrive.beside import ORGANIZATIONS, PERSONS, Belonging, is_related
from cloud_sync.crm.kinds.pipedrive.fields import AccountFields, Known, listed_in, record_key
from cloud_sync.effects.checks import Check
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.targets import DeliveryError
from kits.core.errors import ConfigError, did_you_mean

PAGE: Final = 500
AGAIN: Final = 20
"""Rows of a page that the next one has again, where pages are counted."""
_CALLED: Final = ("title", "name")
"""What people call a deal or a lead by, and a person or an organisation; no bundle learns from it."""
_ID: Final = re.compile(r"[0-9A-Za-z-]{1,40}\Z")
"""Numbers, and UUIDs of leads."""


@dataclass(frozen=True, slots=True)
class _Thing:
    """How an object is reached.

    Attributes:
        many_path: reads many by `ids`; empty: one by one.
        archives: people can put them away: then they are in no list but that of the archive, and cannot be edited.
        nested: own fields stand apart.
    """

    path: str
    fields: str
    many_path: str
    archives: bool = False
    nested: bool = True


_THINGS: dict[str, _Thing] = {
    "deals": _Thing("/api/v2/deals", "/api/v2/dealFields", "/api/v2/deals", archives=True),
    "persons": _Thing("/api/v2/persons", "/api/v2/personFields", "/api/v2/persons"),
    "organizations": _Thing(
        "/api/v2/organizations", "/api/v2/organizationFields", "/api/v2/organizations"
    ),
    "leads": _Thing("/v1/leads", "/api/v2/dealFields", "", archives=True, nested=False),
}


class Pipedrive:
    """One kind of object of one account.

    Args:
        access: settings with the kind's defaults, and the secret `token`.
        wire: how requests go out; None: as the settings say.
        clock: monotonic seconds.

    Raises:
        ConfigError: no such object.
    """

    kind = "pipedrive"
    batch = 20
    singly = True
    polls = False

    def __init__(
        self,
        access: Access,
        wire: Wire | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        name = access.settings.object
        if name not in _THINGS:
            raise ConfigError(
                f"Pipedrive has no {name!r} with scores", where=f"{access.name}: object",
                fix=did_you_mean(name, _THINGS),
            )  # fmt: skip
        self._name = access.name
        self._settings = access.settings
        self._thing = _THINGS[name]
        headers = {"x-api-token": access.secrets["token"]}
        wire = wire or Wire(access)
        self.budget = wire.budget
        self._http = CrmHttp(wire, access.settings.url, lambda: headers, explain=_explained)
        self._fields = AccountFields(self._http, self._thing.fields, clock)
        self._firms = Belonging(self._http, ORGANIZATIONS, access, clock)
        self._persons = Belonging(self._http, PERSONS, access, clock)
        self._met = access.met
        self._named: tuple[Known, tuple[str, ...], Naming] | None = None

    def __repr__(self) -> str:
        return f"Pipedrive({self._settings.object!r})"

    def read(self, object_ids: Sequence[str]) -> list[Record]:
        """As `Crm.read`."""
        # several are asked for in one field, with commas between
        object_ids = [name for name in object_ids if _ID.match(name)]
        if not object_ids:
            return []
        known = self._fields.known()
        there = [name for name in self._settings.opt_out if known.key_of(name)]
        require_opt_out(self._settings, there, self._name)
        if self._thing.many_path:
            rows = self._many(object_ids)
        else:
            rows = [row for object_id in object_ids if (row := self._one(object_id))]
        rows = [row for row in rows if row.get("is_deleted") is not True]
        more = [
            {**firm, **person}
            for firm, person in zip(self._firms.values(rows), self._persons.values(rows))
        ]
        named = self._with_firms(rows, known)
        return [self._record(row, known, values) for row, values in zip(named, more)]

    def _with_firms(
        self, rows: Sequence[Mapping[str, JsonValue]], known: Known
    ) -> Sequence[Mapping[str, JsonValue]]:
        """With the name of the organisation in place of its number, where the bundle met that."""
        if not self._settings.columns:
            return rows
        asked = [self._naming(known, tuple(known.flat(row))).names for row in rows]
        keys = [key if (key := self._firms.key_of(row)) in of else "" for row, of in zip(rows, asked)]  # fmt: skip
        numbers: dict[str, list[str]] = defaultdict(list)
        for row, of, key in zip(rows, asked, keys):
            numbers[of.get(key, "")].append(text(row.get(key)))
        names = {
            column: self._firms.readings(column, some, self._met)
            for column, some in numbers.items()
            if column
        }
        found = []
        for row, of, key in zip(rows, asked, keys):
            name = names.get(of.get(key, ""), {}).get(text(row.get(key)))
            found.append({**row, key: name} if name else row)
        return found

    def _many(self, object_ids: Sequence[str]) -> list[Mapping[str, JsonValue]]:
        rows = self._by_ids(self._thing.many_path, object_ids)
        there = {text(row.get("id")) for row in rows}
        missing = [one for one in object_ids if one not in there]
        if not (missing and self._thing.archives):
            return rows
        try:
            return rows + self._by_ids(f"{self._thing.many_path}/archived", missing)
        except CrmRefusedError as error:
            if error.status not in GONE:
                raise
            return rows

    def _by_ids(self, path: str, object_ids: Sequence[str]) -> list[Mapping[str, JsonValue]]:
        query = {"ids": ",".join(object_ids), "limit": str(len(object_ids))}
        return rows_in(self._http.call("GET", path, query=query), "data", self._name)

    def _one(self, object_id: str) -> Mapping[str, JsonValue]:
        try:
            answer = self._http.call("GET", f"{self._thing.path}/{quote(object_id, safe='')}")
        except CrmRefusedError as error:
            if error.status not in GONE:
                raise
            return {}
        return one(self._said(answer).get("data"))

    def _said(self, answer: JsonValue) -> Mapping[str, JsonValue]:
        """An answer that says yes: an HTTP 200 alone may be somebody's between. Raises DeliveryError."""
        found = one(answer)
        said = found.get("success")
        if said is False or (said is not True and "data" not in found):
            raise DeliveryError("answered without saying that it succeeded", where=self._name)
        return found

    def _record(
        self, row: Mapping[str, JsonValue], known: Known, more: Mapping[str, JsonValue]
    ) -> Record:
        """A record. `more`: values of what it belongs to, by column."""
        flat = known.flat(row)
        naming = self._naming(known, tuple(flat))
        told = naming.told({key: known.plain(key, flat[key]) for key in naming.names})
        called = {name: flat[name] for name in _CALLED if isinstance(flat.get(name), str)}
        keys = {n: record_key(known.key_of(n) or n, flat) for n in self._settings.persons}
        said = {name: known.plain(key, flat.get(key)) for name, key in keys.items()}
        record = record_of(
            text(row.get("id")), {**called, **told, **more}, self._settings,
            modified=row.get("update_time"), created=row.get("add_time"),
            archived=row.get("is_archived") is True, persons=persons_in(said, self._settings.persons),
        )  # fmt: skip
        if (
            record.outcome
            or not record.archived
            or self._settings.options.get("archived") != "lost"
        ):
            return record
        ended = moment(row.get("archive_time")) or record.modified_at
        return replace(record, outcome="lost", outcome_at=ended)

    def _naming(self, known: Known, keys: tuple[str, ...]) -> Naming:
        """How the fields of a record with these keys are called: those that are asked for, and what says how it ended."""
        if self._named is not None and self._named[:2] == (known, keys):
            return self._named[2]
        there = {key: known.of(key) for key in keys}
        outcome = self._settings.outcome
        also = [name for name in (outcome.field, outcome.at, *self._settings.opt_out) if name]
        # a setting may name one by its key, by that of the other version of the API, or as people do
        said = {record_key(known.key_of(name) or name, keys): name for name in also}
        names = {key: said.get(key) or known.name_of(key) for key in keys}
        if self._settings.columns:
            own = {key: name for key, name in names.items() if name in also}
            names = {**names_of(self._settings.columns, labels_of(there), is_related), **own}
            there |= {key: self._fields.described(known, key) for key in names if key not in own}
        # exports have labels, and so had every record that was ever read here
        found = naming(names, there, self._settings, self._met, labels_first=True)
        self._named = known, keys, found
        return found

    def labels(self) -> Mapping[str, str]:
        """As `Crm.labels`."""
        return self._named[2].labels if self._named is not None else {}

    def choices(self, field: str) -> Mapping[str, str]:
        """As `Chooses.choices`."""
        known = self._fields.known()
        key = known.key_of(field)
        return self._fields.described(known, key).options if key else {}

    def changed_since(self, cursor: str) -> Page:
        """It sends its changes itself."""
        return Page((), cursor)

    def listed(self, cursor: str, since: datetime | None) -> Listing:
        """As `Crm.listed`."""
        cursor, more, rows = self._page(cursor, since)
        outcome = self._settings.outcome.field
        found = tuple(
            listed_of(
                text(row.get("id")), row.get(outcome), self._settings,
                modified=row.get("update_time"),
            )
            for row in rows
            if text(row.get("id")) and row.get("is_deleted") is not True
        )  # fmt: skip
        if since is not None and not self._thing.many_path:
            # sorted by it, and the API cannot cut
            recent = tuple(record for record in found if record.modified_at >= since)
            return Listing(recent, cursor, more and len(recent) == len(found))
        return Listing(found, cursor, more)

    def _page(
        self, cursor: str, since: datetime | None
    ) -> tuple[str, bool, list[Mapping[str, JsonValue]]]:
        """Rows, the newest first, where to go on, and whether there are more; v2 has cursors, v1 counts."""
        if self._thing.many_path:
            query = {"limit": str(PAGE), "sort_by": "id", "sort_direction": "desc"}
            query |= {"cursor": cursor} if cursor else {}
            query |= {"updated_since": stamp(since)} if since is not None else {}
            answer = one(self._http.call("GET", self._thing.many_path, query=query))
            following = text(one(answer.get("additional_data")).get("next_cursor"))
            more = bool(following) and following != cursor
            return following or cursor, more, rows_in({**answer}, "data", self._name)
        start = int(cursor) if cursor.isdecimal() else 0
        by = "add_time" if since is None else "update_time"
        query = {"start": str(start), "limit": str(PAGE), "sort": f"{by} DESC"}
        answer = one(self._http.call("GET", self._thing.path, query=query))
        rows = listed_in(answer, self._name)
        paging = one(one(answer.get("additional_data")).get("pagination"))
        more = bool(rows) and paging.get("more_items_in_collection") is True
        # one that is deleted meanwhile moves the others up
        return str(max(start + len(rows) - AGAIN, start + 1)), more, rows

    def write(self, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
        """As `Crm.write`."""
        keys = self._fields.keys(self._settings.fields)

        def write(score: ScoreWrite) -> None:
            values: dict[str, JsonValue] = {
                keys[name]: value
                for name, value in json_values(score, self._settings.fields).items()
            }
            body: JsonValue = {"custom_fields": values} if self._thing.nested else values
            path = f"{self._thing.path}/{quote(score.object_id, safe='')}"
            try:
                self._said(self._http.call("PATCH", path, body))
            except CrmRefusedError as error:
                if error.retry or error.status in GONE or not self._is_archived(score.object_id):
                    raise
                raise RefusedError("archived", status=410, where=self._name, retry=False) from error

        return write_singly(writes, write)

    def _is_archived(self, object_id: str) -> bool:
        """Whether it was put away since it was read. How an edit of such a one is refused, Pipedrive does not say."""
        return self._thing.archives and self._one(object_id).get("is_archived") is True

    def make_fields(self) -> list[Check]:
        """As `Crm.make_fields`."""
        self._fields.make(self._settings.fields)
        return self.check()

    def check(self) -> list[Check]:
        """As `Crm.check`."""
        try:
            who = one(one(self._http.call("GET", "/v1/users/me")).get("data"))
            fields = self._fields.checks(self._settings.fields)
        except DeliveryError as error:
            fix = "check the API token (Settings, Personal preferences, API), and that the user is active"
            return [Check("sign in", False, error.what, remedy(error, fix))]
        signed_in = Check("sign in", True, f"as {text(who.get('name'))[:60]}")
        beside = [*self._firms.checks(), *self._persons.checks()]
        return [signed_in, self._readable(), *beside, *fields]

    def _readable(self) -> Check:
        name = f"right to read {self._settings.object}"
        try:
            self._http.call("GET", self._thing.path, query={"limit": "1"})
        except CrmRefusedError as error:
            fix = f"let the user's permission set see and edit all {self._settings.object}"
            return Check(name, False, error.what, remedy(error, fix))
        return Check(name, True, "granted")


def _explained(status: int, value: JsonValue) -> str:
    said = one(value)
    if status == FORBIDDEN and "scope" in text(said.get("error")).casefold():
        return "the token lacks a scope: deals:full, contacts:full or leads:full, and to make fields deal-fields:full or contact-fields:full: add it in the app's OAuth & access scopes"
    return ""
