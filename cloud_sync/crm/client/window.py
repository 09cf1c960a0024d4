"""A cursor for CRMs that are asked what changed: a span of the CRM's own time, walked by id. No network here.

Walking by time alone loses records: many change in the same second, and one that changes during the walk moves. Walking
a closed span by id loses none: what changes meanwhile falls out of the span and into the next one. The next span begins
a little before the end of this one, because a transaction shows its records later than their time says, and once in a
while far before it, for the longest of them; events that come twice have the same id and do nothing. A span that begins later than the CRM's clock says was made by a clock
that was wrong: as nobody knows when it was right last, the latest hours are walked again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from pydantic import JsonValue

from cloud_sync.crm.client.shown import moment
from cloud_sync.crm.kinds.base import CrmEvent, What
from kits.core.errors import DataError

OVERLAP = timedelta(seconds=90)
"""Longer than nearly all transactions take in the CRMs that are asked, and than HubSpot's search lags behind its records
(seconds): a change within a span is asked for again until so much time has gone by."""
FAR = timedelta(minutes=30)
"""So far a span goes back once in a while: Salesforce ends a transaction after 10 minutes, Odoo.sh after 15, and Odoo gives
all records of a file that is imported the time at which that began."""
EVERY = timedelta(minutes=10)
"""So often it does. What is changed is listed three times more for it."""
LONGEST = timedelta(hours=6)
"""Of time that is asked for at once, after a long pause."""


@dataclass(frozen=True, slots=True)
class Window:
    """The span `since` to `until` (without its end), behind the id `after`.

    Attributes:
        looked: when one went back far; None: none has since it began.
    """

    since: datetime
    until: datetime
    after: str = ""
    looked: datetime | None = None

    def text(self) -> str:
        """The cursor that is stored."""
        values = [self.since.isoformat(), self.until.isoformat(), self.after]
        values += [self.looked.isoformat()] if self.looked else []
        return json.dumps(values, separators=(",", ":"))

    def behind(self, last_id: str) -> Window:
        """The rest of the span."""
        return replace(self, after=last_id)

    def done(self, *, far: bool = True) -> Window:
        """What is stored once the span was walked: where the next one begins.

        Args:
            far: it goes back far once in a while; for a CRM that has no long transactions it need not.
        """
        looked = self.looked or self.since
        if far and self.until - looked >= EVERY:
            return Window(self.until - FAR, self.until - FAR, looked=self.until)
        since = max(self.since, self.until - OVERLAP)
        return Window(since, since, looked=looked)

    def leaves(self, now: datetime) -> bool:
        """Whether so much time is left behind it that it is asked for at once, not at the next turn.

        A second or two that went by while a slow CRM was answering are not: with what `done` goes
        back, whoever asked for them at once would never stop asking.
        """
        return self.until + OVERLAP < now

    def opened(self, now: datetime) -> Window:
        """The span that begins there; empty where the clock has not moved."""
        until = max(min(now, self.since + LONGEST), self.since)
        return replace(self, until=until, after="")


def window_of(cursor: str, now: datetime) -> Window:
    """The span to ask for.

    Args:
        cursor: as stored; empty: it begins now.
        now: by the CRM's clock.

    Raises:
        DataError: it is no cursor.
    """
    if not cursor:
        return Window(now, now)
    try:
        since, until, after, *more = json.loads(cursor)
        found = moment(since), moment(until)
        looked = moment(more[0]) if more else None
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError("not a cursor of a CRM", where=cursor[:80]) from error
    if found[0] is None or found[1] is None or not isinstance(after, str):
        raise DataError("not a cursor of a CRM", where=cursor[:80])
    window = Window(found[0], found[1], after, looked)
    if window.since > now + OVERLAP:
        since = now - LONGEST
        return Window(since, since).opened(now)
    return window if window.since < window.until else window.opened(now)


def event_of(
    object_id: str,
    changed: JsonValue,
    created: JsonValue,
    fallback: datetime,
    *,
    deleted: bool = False,
) -> CrmEvent:
    """A change of a record that was found; the same change found again has the same id.

    Args:
        changed, created: when it was, as the CRM writes it.
        fallback: for a record that does not say.
    """
    at = moment(changed) or fallback
    what: What = "deleted" if deleted else "created" if at == moment(created) else "changed"
    return CrmEvent(f"{object_id}@{at.isoformat()}", object_id, what, at)


def merged_of(
    object_id: str, into: str, changed: JsonValue, fallback: datetime
) -> tuple[CrmEvent, CrmEvent]:
    """A record that went into another one: it is gone, and the other one is to have its own score again.

    Args:
        changed, fallback: as of `event_of`.
    """
    at = moment(changed) or fallback
    name = f"{object_id}@{at.isoformat()}"
    return CrmEvent(name, object_id, "merged", at, into=into), CrmEvent(
        f"{name}>{into}", into, "joined", at
    )


def time_of(seconds: float) -> datetime:
    """A whole second of UTC: as fine as the clocks of CRMs tell."""
    return datetime.fromtimestamp(int(seconds), timezone.utc)
