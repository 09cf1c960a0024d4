"""Carries out what is planned about mails: drafts, filing. Each effect happens once, also across `kill -9`.

A mail whose decision was made in this very connection cannot have been acted on; of any other, which a kill or a
lost connection may have left half done, the mailbox itself is asked first: whether its draft is there or was sent,
whether it lies where it is to go. Nothing is marked as read, and no other mail is ever touched.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from pydantic import JsonValue

from edge_agent.errors import (
    MailboxBusyError,
    MailboxFullError,
    MailboxLostError,
    MailboxRefusedError,
)
from edge_agent.log import log, warn
from edge_agent.mail.folders import on_server, usable
from edge_agent.mail.identity import MAX_HEAD, sample_id_of
from edge_agent.mail.ledger import IN_DOUBT
from edge_agent.mail.letters import DRAFT_HEADER, write_draft
from edge_agent.mail.mailbox import NO_KEYWORDS, Mailbox
from edge_agent.mail.places import Places
from edge_agent.mail.planning import Plan, keyword_of
from edge_agent.mail.record import MailRecord
from edge_agent.mail.room import MailRoom
from edge_agent.mail.sending import Sending
from kits.core.errors import DataError
from kits.core.events import DecisionBody
from kits.core.mail.threads import ReplyHeaders
from kits.core.prediction import Draft

NOT_FILED = "mail-not-filed"
NO_DRAFTS = "mail-no-drafts-folder"
FULL = "mailbox-full"
_TRIES = 5
_MAX_ALIKE = 20
_REFUSED_PAUSE_S = 60.0
"""A server that says no may be out of order for a while: doubled each time."""
_BUSY_PAUSE_S, _MAX_BUSY_PAUSE_S, _MAX_BUSY = 1.0, 300.0, 20
"""After which a mail that the server takes later is tried again, doubled each time, and how many are tried at once."""
_FULL_PAUSE_S, _MAX_FULL_PAUSE_S = 5.0, 300.0
"""After which a full mailbox is tried again, with one mail: doubled each time."""
_NONE: frozenset[str] = frozenset()
_SEEN_TO = frozenset({"\\answered", "\\deleted"})
"""Flags that a person's mail program sets."""
_SETTLES_S = 1.0
"""A server may still be at work on what a connection that broke asked for."""


class Actor:
    """Acts in one connection.

    Args:
        sending: None: nothing is ever sent.
    """

    def __init__(
        self,
        room: MailRoom,
        box: Mailbox,
        places: Places,
        sending: Sending | None = None,
    ) -> None:
        self._room = room
        self._box = box
        self._places = places
        self._sending = sending
        self._folders = {folder.name for folder in usable(places.all)}
        self._unsure: set[str] = set()
        self.counts: Counter[str] = room.counts
        self._rests: dict[str, float] = {}
        self._busy = 0
        self._pauses: dict[str, float] = {}
        self._full_until = float("-inf")
        self._full_pause_s = _FULL_PAUSE_S

    def recover(self, pause: Callable[[float], object]) -> None:
        """Does what an earlier connection or life left, and may have begun.

        Args:
            pause: waits so many seconds.

        Raises:
            MailboxLostError: as `act`.
        """
        if self._room.ledger.waiting():
            pause(_SETTLES_S)
            self.act(doubtful=True)

    def act(self, *, doubtful: bool = False) -> None:
        """Does all that is to do.

        Args:
            doubtful: it may have been begun before.

        Raises:
            MailboxLostError: the connection is lost; what is left is done in the next one.
        """
        doubtful = doubtful or bool(self._room.ledger.note(IN_DOUBT))
        ledger, done, self._busy = self._room.ledger, True, 0
        while done:  # else the server refuses all of them: they are tried again later
            done = False
            for sample_id, plan in ledger.to_do():
                due = self._busy < _MAX_BUSY and self._is_due(sample_id, Plan.from_json(plan))
                record = ledger.get(sample_id) if due else None
                if record is not None:
                    done |= self._one(record, doubtful or record.attempts > 0)

    def _is_due(self, sample_id: str, plan: Plan) -> bool:
        now = time.monotonic()
        if plan.needs_room and now < self._full_until:
            return False
        return now >= self._rests.get(sample_id, float("-inf"))

    def _one(self, record: MailRecord, doubtful: bool) -> bool:
        """Whether a mail is done with."""
        plan, filed_to = Plan.from_json(record.plan), record.filed_to
        done: dict[str, str] = {}
        try:
            if plan.draft or plan.send:
                done |= self._reply(record, plan, doubtful)
            if plan.flag:
                done["flag"] = self._flag(record)
            if plan.how != "none":
                filed_to = self._file(record, plan, doubtful)
                done["file"] = "done" if filed_to else "late"  # a person was faster
                self.counts["filed"] += bool(filed_to)
        except MailboxFullError as error:
            self._wait_for_room(record, error)
            return False
        except MailboxBusyError as error:
            self._leave_alone(record, error)
            return False
        except MailboxRefusedError as error:
            if record.attempts + 1 < _TRIES:
                self._room.ledger.change(record.sample_id, attempts=record.attempts + 1)
                if not self._room.config.once:
                    pause_s = _REFUSED_PAUSE_S * 2**record.attempts
                    self._rests[record.sample_id] = time.monotonic() + pause_s
                warn("mail_act_refused", sample=record.sample_id, error=error.what)
                return False
            self._room.alerts(NOT_FILED, "error", f"a mail stays where it is: {error.what}")
            self.counts["not filed"] += 1
            done["file"] = "error"
        else:
            if done.get("file") == "done":
                self._room.alerts(NOT_FILED, "info", "mails are filed again")
            if plan.needs_room:
                self._full_pause_s = _FULL_PAUSE_S
                self._room.alerts(FULL, "info", "the mailbox has room again")
        self._finish(record, filed_to, done)
        return True

    def _leave_alone(self, record: MailRecord, error: MailboxBusyError) -> None:
        """No fault of a mail's either: at first all is left alone for a while, then that mail for longer. A server that is
        busy with one folder for days, or for ever, keeps no other mail waiting.

        Raises:
            MailboxLostError: at first.
        """
        warn("mailbox_busy", sample=record.sample_id, error=error.what)
        if self._room.config.once:
            return
        if not record.attempts:  # a part of it may be done: the mailbox is asked the next time
            self._room.ledger.change(record.sample_id, attempts=1)
            raise MailboxLostError(error.what, where=error.where) from error
        self._busy += 1
        pause_s = min(2 * self._pauses.get(record.sample_id, _BUSY_PAUSE_S / 2), _MAX_BUSY_PAUSE_S)
        self._pauses[record.sample_id] = pause_s
        self._rests[record.sample_id] = time.monotonic() + pause_s
        if pause_s >= _MAX_BUSY_PAUSE_S:
            text = f"a mail waits to be filed or answered: {error.what}"
            self._room.alerts(NOT_FILED, "error", text)

    def _wait_for_room(self, record: MailRecord, error: MailboxFullError) -> None:
        """A mailbox that is full is no fault of a mail's: it waits as long as it takes."""
        if not record.attempts:  # a part of it may be done: the mailbox is asked the next time
            self._room.ledger.change(record.sample_id, attempts=1)
        self._full_until = time.monotonic() + self._full_pause_s
        self._full_pause_s = min(2 * self._full_pause_s, _MAX_FULL_PAUSE_S)
        waiting = self._room.ledger.waiting()
        warn("mailbox_full", waiting=waiting, error=error.what)
        self._room.alerts(
            FULL,
            "error",
            f"the mailbox is full, and {waiting} mails wait to be filed or answered: make room in it",
        )

    def _finish(self, record: MailRecord, filed_to: str, done: Mapping[str, str]) -> None:
        room = self._room
        drafted = done.get("draft") == "done" or done.get("send") == "done"
        with room.ledger.transaction():
            # as it stands now: its correspondent may have been erased while the mailbox was at work
            told = room.ledger.get(record.sample_id) or record
            body = DecisionBody.model_validate_json(told.row)
            body = body.model_copy(update={"actions": {**body.actions, **done}})
            room.ledger.say(
                "s",
                body.model_dump_json(),
                worth=told.worth,
                content=told.content,
                media_type=told.media_type,
            )
            room.ledger.change(
                record.sample_id,
                state="acted",
                filed_to=filed_to,
                row="",
                content=None,
                draft_id=record.draft_id if drafted else "",
                fate="sent" if done.get("send") == "done" else "",
            )
        self.counts["sent"] += done.get("send") == "done"
        log(
            "mail_done",
            sample=record.sample_id,
            verdict=body.verdict,
            label=body.label,
            did=" ".join(name if how == "done" else f"{name}:{how}" for name, how in done.items()),
        )

    # -- replies ---------------------------------------------------------------------------------

    def _reply(self, record: MailRecord, plan: Plan, doubtful: bool) -> dict[str, str]:
        text = self._room.seals.unseal(record.who, record.sealed, record.sample_id)
        if text is None:
            return {"draft": "error"}  # its correspondent was erased meanwhile
        try:
            return self._replied(record, plan, text, doubtful)
        except DataError as error:
            warn("draft_not_written", sample=record.sample_id, error=error.what)
            return {"draft": "error"}

    def _replied(
        self, record: MailRecord, plan: Plan, text: Mapping[str, JsonValue], doubtful: bool
    ) -> dict[str, str]:
        if plan.send and self._sending is not None:
            if not self._sending.has_begun(record) and self._is_seen_to(record):
                return {"send": "late"}
            sent = self._sending.send(record, lambda: self._written(record, text, automatic=True))
            if sent != "doubtful":
                with contextlib.suppress(MailboxRefusedError):  # it went out all the same
                    self._mark(record, "\\Answered")
                return {"send": sent}
        return {"draft": self._lay(record, text, doubtful or plan.send)}

    def _lay(self, record: MailRecord, text: Mapping[str, JsonValue], doubtful: bool) -> str:
        drafts = self._places.drafts
        if not drafts:
            self._room.alerts(
                NO_DRAFTS, "error", "no folder of drafts is known: set source.drafts.folder"
            )
            return "error"
        self._room.alerts(NO_DRAFTS, "info", "there is a folder of drafts")
        if doubtful and self._is_there(record):
            return "done"
        if self._is_seen_to(record):
            return "late"
        self._box.append(drafts, self._written(record, text), ("\\Draft", "\\Seen"))
        self.counts["drafted"] += 1
        return "done"

    def _is_seen_to(self, record: MailRecord) -> bool:
        """Whether a person has answered the mail or thrown it away before we came to it."""
        uid = self._where(record)
        return bool(uid) and bool(self._box.keywords([uid]).get(uid, _NONE) & _SEEN_TO)

    def _is_there(self, record: MailRecord) -> bool:
        """Whether the draft was laid before: it lies there, or a person has sent it since."""
        for folder in (self._places.drafts, self._places.sent):
            if not folder:
                continue
            self._box.open(folder, fresh=True)
            if self._box.find(DRAFT_HEADER, record.sample_id):
                return True
            if self._box.find("Message-ID", record.draft_id):
                return True
            answered = folder == self._places.sent and record.message_id
            if answered and self._box.find("In-Reply-To", record.message_id):
                return True
        return False

    def _written(
        self, record: MailRecord, text: Mapping[str, JsonValue], *, automatic: bool = False
    ) -> bytes:
        config = self._room.config
        return write_draft(
            ReplyHeaders(
                str(text["subject"]),
                str(text["to"]),
                str(text["in_reply_to"]),
                tuple(str(text["references"]).split()),
            ),
            Draft(str(text["subject"]), str(text["body"]), str(text["language"])),
            sender=config.sender,
            sample_id=record.sample_id,
            at=datetime.now(timezone.utc),
            signature=config.drafts.signature,
            automatic=automatic,
        )

    # -- filing ----------------------------------------------------------------------------------

    def _flag(self, record: MailRecord) -> str:
        """Flags it where it lies, before it is filed: a move takes flags along."""
        if not self._mark(record, "\\Flagged"):
            return "late"
        self.counts["flagged"] += 1
        return "done"

    def _mark(self, record: MailRecord, flag: str) -> bool:
        """Sets a flag on the mail where it lies; whether it is there."""
        uid = self._where(record)
        if uid:
            self._box.add_keyword(uid, flag)
        return bool(uid)

    def _file(self, record: MailRecord, plan: Plan, doubtful: bool) -> str:
        """Where it was put; empty: it is not there any more."""
        uid = self._where(record)
        if plan.how in ("keyword", "gmail-label"):
            if not uid:
                return ""
            if plan.how == "keyword":
                self._set_keyword(record, uid, keyword_of(plan.to))
            else:
                self._box.add_gmail_label(uid, plan.to)
            return plan.to
        folder, size = on_server(plan.to, self._places.all), self._size(uid)
        there = doubtful and self._lies_in(folder, record, size)
        if there and (plan.how == "copy" or not uid):
            return folder
        if not uid:
            return ""
        self._make(folder)
        may_change = self._box.open(record.folder).may_change
        if plan.how == "move" and not may_change:  # some servers would copy it
            raise MailboxRefusedError(f"{record.folder} may only be read")
        try:
            if plan.how == "copy":
                self._box.copy(uid, folder)
            elif there and not self._box.moves_at_once:
                self._box.remove(uid)  # a kill cut a move by hand after the copy
            else:
                self._box.move(uid, folder)
        except MailboxRefusedError:
            self._unsure.add(folder)  # a person may have renamed it: made anew the next time
            raise
        return folder

    def _set_keyword(self, record: MailRecord, uid: int, keyword: str) -> None:
        if not self._box.open(record.folder).keeps(keyword):
            raise MailboxRefusedError(NO_KEYWORDS.format(folder=record.folder))
        self._box.add_keyword(uid, keyword)

    def _size(self, uid: int) -> int:
        return self._box.sizes([uid]).get(uid, 0) if uid else 0

    def _where(self, record: MailRecord) -> int:
        """Its UID in the folder it came from, which is open then; 0: it is gone."""
        state = self._box.open(record.folder)
        if state.validity == record.validity:
            return record.uid if self._box.sizes([record.uid]) else 0
        found = self._box.find("Message-ID", record.message_id) if record.message_id else []
        return next((uid for uid in found[:_MAX_ALIKE] if self._is(uid, record)), 0)

    def _is(self, uid: int, record: MailRecord) -> bool:
        """Whether it is this mail: a stranger's may bear the same Message-ID."""
        config, size = self._room.config, self._size(uid)
        if size > config.max_bytes:
            head = self._box.headers([uid], ()).get(uid, b"")[:MAX_HEAD]
            return sample_id_of(config.account, head, str(size)) == record.sample_id
        content = self._box.fetch(uid, config.max_bytes)
        return sample_id_of(config.account, content) == record.sample_id

    def _lies_in(self, folder: str, record: MailRecord, size: int) -> bool:
        """Whether a mail like it is there; when its size is known, one of that size."""
        if folder not in self._folders or not record.message_id:
            return False
        self._make(folder)
        self._box.open(folder, fresh=True)
        found = self._box.find("Message-ID", record.message_id)
        return bool(found) and (not size or size in self._box.sizes(found).values())

    def _make(self, folder: str) -> None:
        if folder in self._folders - self._unsure:
            return
        self._box.make_folder(folder)
        self._folders.add(folder)
        self._unsure.discard(folder)
        log("mail_folder_made", folder=folder)
