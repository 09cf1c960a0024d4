"""Salesforce: leads or opportunities by its REST API; read by SOQL, written by sObject collections of up to 200.

Source: REST API Developer Guide ("sObject Collections", "Query"). **How it is asked for changes**:
its Pub/Sub API speaks gRPC and Avro only, which would be two heavy dependencies. `SystemModstamp` is there in every
edition, is indexed, tells of deletions too (`queryAll`) and forgets nothing; so by default the cursor is a span of it
(`client/window.py`); each write of ours comes back once, moves no score, and the circle ends there. The Streaming API
(`stream.py`) has Change Data Capture (option `events: cdc`), which says which fields changed and who changed
them, and platform events of the firm's own (`events: platform`), but an administrator has to switch them on and they are
forgotten after 72 hours; then the span of time takes over until it has caught up.
Fields are made in `fields.py`; signing in is `login.py`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import quote_plus

from pydantic import JsonValue

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
from cloud_sync.crm.client.shown import (
    json_values,
    listed_of,
    moment,
    persons_in,
    record_of,
    stamp,
)
from cloud_sync.crm.client.window import event_of, merged_of, time_of, window_of
from cloud_sync.crm.kinds.base import (
    Access,
    CrmEvent,
    Listed,
    Listing,
    Page,
    Record,
    ScoreWrite,
    WriteOutcome,
)
from cloud_sync.crm.kinds.ends import Ends
from cloud_sync.crm.kinds.salesforce.columns import ID, SHORT, Asked, Columns, field_name, value_in
from cloud_sync.crm.kinds.salesforce.fields import described_in
from cloud_sync.crm.kinds.salesforce.login import Login
from cloud_sync.crm.kinds.salesforce.paths import VERSION, base_of
from cloud_sync.crm.kinds.salesforce.stream import Stream, is_stream, span_of
from cloud_sync.crm.kinds.salesforce.told import Changes, PlatformEvents
from cloud_sync.effects.checks import Check
from cloud_sync.effects.targets import DeliveryError

CDC: Final = "cdc"
PLATFORM: Final = "platform"
PAGE: Final = 500
PARTS: Final = 50
"""Parts of one answer that are fetched: Salesforce cuts it where it likes, whatever was asked for."""
LONGEST: Final = 12_000
"""Bytes of a question: address and headers together may have 16,384."""
_REST = re.compile(r"/services/data/v[0-9.]{1,8}/query(?:All)?/[A-Za-z0-9-]{1,100}\Z")
_GONE = frozenset({
    "ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND", "MALFORMED_ID",
    # a lead that was converted is closed for writing: it stays what it is
    "CANNOT_UPDATE_CONVERTED_LEAD",
})  # fmt: skip
_WRONG = frozenset({
    "FIELD_CUSTOM_VALIDATION_EXCEPTION", "STRING_TOO_LONG", "REQUIRED_FIELD_MISSING",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "NUMBER_OUTSIDE_VALID_RANGE", "JSON_PARSER_ERROR",
    "INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    "DUPLICATES_DETECTED",
})  # fmt: skip
_OF_ALL = frozenset({"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE"})
"""Of a field that is not there, or that the user may not write: the same for all leads."""
_MERGED = frozenset({"Lead", "Contact", "Account", "Case"})
_INTO: Final = "MasterRecordId"
"""Of a record that was merged away: which one it went into. Only objects that can be merged have it."""


class Salesforce:
    """One kind of object of one organisation.

    Args:
        access: settings with the kind's defaults, and the secrets of one OAuth flow.
        wire: how requests go out; None: as the settings say.
        clock: monotonic seconds.
    """

    kind = "salesforce"
    batch = 200
    singly = False

    def __init__(
        self,
        access: Access,
        wire: Wire | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = access.name
        self._settings = access.settings
        self._object = field_name(access.settings.object, access.name)
        self._wire = wire or Wire(access)
        self.budget = self._wire.budget
        self._login = Login(access, self._wire, clock)
        self._events = access.settings.options.get("events", "poll")
        self.polls = self._events in ("poll", CDC, PLATFORM)
        self._stream = self._streamed()
        self.base = base_of(access.settings.options.get("version", VERSION))
        self._columns = Columns(
            self._describe, self._object, access.settings, access.name, access.met
        )

    def __repr__(self) -> str:
        return f"Salesforce({self._object!r})"

    def _streamed(self) -> Stream | None:
        if self._events == PLATFORM:
            return Stream(PlatformEvents(self._settings.options))
        return Stream(Changes(self._object)) if self._events == CDC else None

    @property
    def http(self) -> CrmHttp:
        """Requests to the organisation's own server."""
        return self._login.http

    def read(self, object_ids: Sequence[str]) -> list[Record]:
        """As `Crm.read`."""
        asked = {object_id[:SHORT]: object_id for object_id in object_ids if ID.match(object_id)}
        if not asked:
            return []
        rows, columns = self._asked([*asked.values()])
        found = [row for row in rows if text(row.get("Id"))[:SHORT] in asked]
        return [
            self._record(row, values, asked[text(row.get("Id"))[:SHORT]], columns)
            for row, values in zip(found, columns.values(found))
        ]

    def _asked(self, ids: Sequence[str]) -> tuple[list[Mapping[str, JsonValue]], Asked]:
        """The records with these ids, and what was read of them: less where the user may not see other objects."""
        while True:
            columns = self._columns.asked()
            try:
                return self._rows(columns.select(self._name), ids), columns
            except CrmRefusedError as error:
                if not self._columns.close(error):
                    raise

    def _rows(self, names: Sequence[str], ids: Sequence[str]) -> list[Mapping[str, JsonValue]]:
        """Those with these ids; in halves where the question would be longer than Salesforce takes."""
        listed = ",".join(f"'{object_id}'" for object_id in ids)
        soql = f"SELECT {', '.join(names)} FROM {self._object} WHERE Id IN ({listed})"  # noqa: S608  (names and ids are checked)
        if len(quote_plus(soql)) > LONGEST and len(ids) > 1:
            half = len(ids) // 2
            return [*self._rows(names, ids[:half]), *self._rows(names, ids[half:])]
        return self._query("query", soql)

    def _record(
        self,
        row: Mapping[str, JsonValue],
        values: Mapping[str, JsonValue],
        object_id: str,
        asked: Asked,
    ) -> Record:
        record = record_of(
            object_id, values, self._settings, modified=row.get("SystemModstamp"),
            created=row.get("CreatedDate"), persons=persons_in(row, asked.naming.persons),
        )  # fmt: skip
        outcome = self._settings.outcome
        ended = record.outcome or asked.ends.of(row, outcome)
        if ended == record.outcome:
            return record
        return replace(record, outcome=ended, outcome_at=moment(values.get(outcome.at)))

    def labels(self) -> Mapping[str, str]:
        """As `Crm.labels`."""
        return self._columns.labels

    def choices(self, field: str) -> Mapping[str, str]:
        """As `Chooses.choices`."""
        found = described_in(many(self.described().get("fields"))).get(field)
        return found.options if found is not None else {}

    def described(self) -> Mapping[str, JsonValue]:
        """The object's fields and what the user may do with them."""
        return self._describe(self._object)

    def _describe(self, thing: str) -> Mapping[str, JsonValue]:
        found = one(self.http.call("GET", f"{self.base}/sobjects/{thing}/describe"))
        rows_in({**found}, "fields", self._name)  # an object without any is none
        return found

    def _query(self, kind: str, soql: str) -> list[Mapping[str, JsonValue]]:
        """All rows of an answer, which Salesforce may hand out in parts however short it is.

        Raises:
            DeliveryError: a part of it is not to be had, so that nobody knows what is missing.
        """
        answer = self.http.call("GET", f"{self.base}/{kind}", query={"q": soql})
        rows = rows_in(answer, "records", self._name)
        for _ in range(PARTS):
            if one(answer).get("done") is not False:
                return rows
            rest = text(one(answer).get("nextRecordsUrl"))
            if not _REST.match(rest):
                break
            answer = self.http.call("GET", rest)
            rows += rows_in(answer, "records", self._name)
        raise DeliveryError("answered a question in part only", where=self._name)

    def changed_since(self, cursor: str) -> Page:
        """As `Crm.changed_since`."""
        if self._stream is not None and (not cursor or is_stream(cursor)):
            page = self._stream.page(self.http, cursor, self._now())
            return replace(page, events=self._with_merged(page.events))
        page = self._changed_in_time(span_of(cursor) if is_stream(cursor) else cursor)
        if self._stream is not None and not page.more:
            return Page(page.events, self._stream.start(self._now()), more=True)
        return page

    def _now(self) -> datetime:
        if self._wire.server_time() is None:
            self.http.call("GET", f"{self.base}/limits")
        return time_of(self._wire.server_time() or self._wire.clock())

    def _changed_in_time(self, cursor: str) -> Page:
        now = self._now()
        window = window_of(cursor, now)
        if not cursor or window.since >= window.until:
            return Page((), window.text())
        into = f", {_INTO}" if self._object in _MERGED else ""
        soql = (
            f"SELECT Id, SystemModstamp, CreatedDate, IsDeleted{into} FROM {self._object}"  # noqa: S608  (the name is checked)
            f" WHERE SystemModstamp >= {stamp(window.since)} AND SystemModstamp < {stamp(window.until)}"
            f"{_behind(window.after)} ORDER BY Id LIMIT {PAGE}"
        )
        rows = [row for row in self._query("queryAll", soql) if ID.match(text(row.get("Id")))]
        events = tuple(event for row in rows for event in _events(row, window.until))
        if len(rows) >= PAGE:
            return Page(events, window.behind(text(rows[-1].get("Id"))).text(), more=True)
        return Page(events, window.done().text(), more=window.leaves(now))

    def _with_merged(self, events: Sequence[CrmEvent]) -> tuple[CrmEvent, ...]:
        """Of records that were deleted a stream does not say whether they went into another one."""
        gone = [e.object_id for e in events if e.what == "deleted" and ID.match(e.object_id)]
        found: list[CrmEvent] = [*events]
        for first in range(0, len(gone) if self._object in _MERGED else 0, self.batch):
            listed = ",".join(f"'{name}'" for name in gone[first : first + self.batch])
            soql = f"SELECT Id, SystemModstamp, {_INTO} FROM {self._object} WHERE Id IN ({listed})"  # noqa: S608  (ids are checked)
            for row in self._query("queryAll", soql):
                if ID.match(text(row.get(_INTO))):
                    found += _events(row, self._now())
        return tuple(found)

    def listed(self, cursor: str, since: datetime | None) -> Listing:
        """As `Crm.listed`: by id downwards, as records are made."""
        outcome = self._settings.outcome.field
        ends = self._columns.asked().ends
        names = ["Id", "SystemModstamp"] + ([field_name(outcome, self._name)] if outcome else [])
        names += [name for name in ends.fields if name not in names]
        wanted = [f"Id < '{cursor}'"] if ID.match(cursor) else []
        wanted += [f"SystemModstamp >= {stamp(since)}"] if since is not None else []
        where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
        soql = f"SELECT {', '.join(names)} FROM {self._object}{where} ORDER BY Id DESC LIMIT {PAGE}"  # noqa: S608  (names and ids are checked)
        rows = [row for row in self._query("query", soql) if ID.match(text(row.get("Id")))]
        found = tuple(self._listed(row, ends) for row in rows)
        last = found[-1].object_id if found else cursor
        return Listing(found, last, more=len(rows) >= PAGE and last != cursor)

    def _listed(self, row: Mapping[str, JsonValue], ends: Ends) -> Listed:
        outcome = self._settings.outcome
        said = value_in(row, outcome.field)
        name, modified = text(row.get("Id")), row.get("SystemModstamp")
        found = listed_of(name, said, self._settings, modified=modified)
        return replace(found, decided=found.decided or bool(ends.of(row, outcome)))

    def write(self, writes: Sequence[ScoreWrite]) -> list[WriteOutcome]:
        """As `Crm.write`."""
        records: list[JsonValue] = [
            {
                "attributes": {"type": self._object}, "id": write.object_id,
                **json_values(write, self._settings.fields),
            }
            for write in writes
        ]  # fmt: skip
        body: JsonValue = {"allOrNone": False, "records": records}
        found = self.http.call("PATCH", f"{self.base}/composite/sobjects", body)
        rows = many(found)
        if len(rows) != len(writes):
            raise DeliveryError("answered with another number of records", where=self._name)
        errors = [many(row.get("errors")) for row in rows]
        codes = {text(error.get("statusCode")) for some in errors for error in some[:1]}
        if all(errors) and codes and codes <= _OF_ALL:
            raise CrmRefusedError(
                f"a field of scores is missing or closed to this user: {words_in({**errors[0][0]})}",
                status=FORBIDDEN, where=self._name, retry=True,
            )  # fmt: skip
        return [
            _outcome(write.object_id, some, row) for write, some, row in zip(writes, errors, rows)
        ]

    def make_fields(self) -> list[Check]:
        """As `Crm.make_fields`."""
        from cloud_sync.crm.kinds.salesforce.fields import make_fields

        make_fields(self.http, self.base, self._object, self._settings.fields, self.described())
        return self.check()

    def check(self) -> list[Check]:
        """As `Crm.check`."""
        from cloud_sync.crm.kinds.salesforce.fields import check_event, check_object

        found = check_object(self._object, self._settings.fields, self.described)
        options = self._settings.options
        return found + check_event(options, self._describe) if self._events == PLATFORM else found


def _events(row: Mapping[str, JsonValue], fallback: datetime) -> tuple[CrmEvent, ...]:
    """What a row of `queryAll` says has happened."""
    name, at = text(row.get("Id")), row.get("SystemModstamp")
    into = text(row.get(_INTO))
    if ID.match(into):
        return merged_of(name, into, at, fallback)
    return (event_of(name, at, row.get("CreatedDate"), fallback, deleted=row.get("IsDeleted") is True),)  # fmt: skip


def _behind(last_id: str) -> str:
    return f" AND Id > '{last_id}'" if ID.match(last_id) else ""


def _outcome(
    object_id: str, errors: Sequence[Mapping[str, JsonValue]], row: Mapping[str, JsonValue]
) -> WriteOutcome:
    if row.get("success") is True:
        return WriteOutcome(object_id, True)
    code = text(errors[0].get("statusCode")) if errors else ""
    words = words_in({**errors[0]}) if errors else "refused without a word"
    return WriteOutcome(
        object_id, False, f"{code}: {words}" if code else words,
        retry=code not in _WRONG, gone=code in _GONE,
    )  # fmt: skip
