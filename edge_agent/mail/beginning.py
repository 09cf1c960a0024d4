"""From which mail on a folder is ours: after the first start, or since a day, also once its UIDs have become worthless.

A server that was moved or restored renumbers its folders. What lay there before the first start is then new by its UID
and none of ours all the same. One that was restored from a copy may give UIDs a second time. What was decided already is the ledger's knowledge.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from edge_agent.log import log, warn
from edge_agent.mail.ledger import Ledger
from edge_agent.mail.mailbox import FolderState, Mailbox
from edge_agent.mail.pruning import known_since

_BEGUN, _ANEW = "begun/", "anew/"
"""Notes: the day from which on mails of a folder are ours; validity and next UID when it was read anew."""
_LATELY = timedelta(days=2)
_NEW_ONLY = "mails that come from now on; source.since takes earlier ones, too"


def _day(now: float) -> date:
    return datetime.fromtimestamp(now, timezone.utc).date()


class Beginning:
    """Asked at each look into a folder.

    Args:
        since: as configured.
    """

    def __init__(self, ledger: Ledger, since: date | None) -> None:
        self._ledger = ledger
        self._since = since

    def uids(self, box: Mailbox, folder: str, state: FolderState, now: float) -> list[int]:
        """UIDs of mails of the open folder that were not read yet and are ours, rising.

        Args:
            now: seconds since 1970.

        Raises:
            MailboxError: the server does not tell.
        """
        before = self._before(folder, state, now)
        days = [self._since, known_since(self._ledger, folder)]
        begun = self._ledger.note(_BEGUN + folder)
        since = max(filter(None, days), default=None)
        found = box.uids_after(before, since)
        if not found and state.tells_next and before >= state.next_uid:
            day = max(filter(None, (since, _day(now) - _LATELY, date.fromisoformat(begun))))
            before, found = self._after_restoring(box, folder, state, before, day)
        old = self._read_anew_until(folder, state)
        if not found or found[0] >= old:
            return found
        ours = set(box.uids_after(before, date.fromisoformat(begun)))
        return [uid for uid in found if uid >= old or uid in ours]

    def _after_restoring(
        self, box: Mailbox, folder: str, state: FolderState, before: int, day: date
    ) -> tuple[int, list[int]]:
        """Where a server was restored from a copy, what comes now has the UIDs of what came since that was made.

        Returns:
            The UID up to which it was read, and UIDs above that.
        """
        if box.uids_after(state.next_uid - 1):
            return before, []  # not restored: what it tells of the next one lags behind
        found = box.uids_after(0, day)
        warn("mailbox_restored", folder=folder)
        before = (found[0] if found else state.next_uid) - 1
        self._ledger.advance(f"in/{folder}", state.validity, before)
        return before, found

    def _before(self, folder: str, state: FolderState, now: float) -> int:
        """The UID up to which it was read."""
        ledger, name, since = self._ledger, f"in/{folder}", self._since
        before, begun = ledger.position(name, state.validity), ledger.note(_BEGUN + folder)
        if before is not None and not begun:  # it was read before this was written down
            begun = (since or ledger.first_day() or _day(now)).isoformat()
            ledger.keep_note(_BEGUN + folder, begun)
        if before is None:
            before = 0 if since is not None else max(0, state.next_uid - 1)
            with ledger.transaction():
                ledger.advance(name, state.validity, before)
                ledger.keep_note(_BEGUN + folder, (since or _day(now)).isoformat())
            if since is None:
                log("mailbox_begun", folder=folder, takes=_NEW_ONLY)
        elif since is not None and since.isoformat() < begun:
            before = 0
            with ledger.transaction():
                ledger.advance(name, state.validity, before)
                ledger.keep_note(_BEGUN + folder, since.isoformat())
            log("mailbox_read_anew", folder=folder, since=since)
        elif before == 0 and not self._read_anew_until(folder, state):
            ledger.keep_note(_ANEW + folder, f"{state.validity} {state.next_uid}")
            log("mailbox_read_anew", folder=folder, since=begun)
        return before

    def _read_anew_until(self, folder: str, state: FolderState) -> int:
        """The first UID that is new since it was read anew; 0: it never was under these UIDs."""
        validity, _, until = self._ledger.note(_ANEW + folder).partition(" ")
        return int(until) if validity == str(state.validity) else 0
