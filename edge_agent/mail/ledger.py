"""The ledger: which mail was decided how, what is still to be done about it, and what the hub was told.

One SQLite file (WAL, `synchronous=FULL`): a decision with its place in the chain and the mailbox's position is
one transaction, its end with the row for the outbox another. What a call returned survives `kill -9` and power
cuts. Meaning is others' business: nothing here decides, and no text of a person lies in it unsealed once a mail
is done with.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.mail.record import FIELDS, NAMES, MailRecord, UntoldRow
from edge_agent.mail.schema import SCHEMA
from kits.core.events import EventClass
from kits.core.files import make_folder

T = TypeVar("T")

IN_DOUBT = "in-doubt"
"""A note: another ledger was here and is lost, so that what was done to a mail is known to the mailbox alone."""
MAX_WAITING, MAX_UNTOLD = 1000, 10_000
"""Decided mails that wait for the mailbox, rows that wait for the outbox: at most, with a batch on top."""

_DAY_S = 86_400.0
_SELECT = "SELECT FIELDS FROM mails WHERE ".replace("FIELDS", FIELDS)
_INSERT = "INSERT INTO mails (FIELDS) VALUES (MARKS)".replace("FIELDS", FIELDS).replace(
    "MARKS", ",".join("?" * len(NAMES))
)
_SET = {name: "UPDATE mails SET NAME=? WHERE sample_id=?".replace("NAME", name) for name in NAMES}


class Ledger:
    """The file.

    Args:
        path: made with its folder when absent; readable by its owner only.

    Raises:
        sqlite3.Error: from any method: the disk does not take it, and nothing of the call happened.
    """

    def __init__(self, path: Path) -> None:
        make_folder(path.parent, 0o700)
        path.touch(mode=0o600)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA secure_delete=ON")
        self._db.executescript(SCHEMA)
        self.salt = bytes.fromhex(self._kept("salt", lambda: secrets.token_hex(32)))

    def close(self) -> None:
        """Everything is on the disk already."""
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Whatever is done inside happens altogether or not at all."""
        with self._lock:
            if self._db.in_transaction:
                yield self._db  # part of the one that is under way
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Whatever is read inside is of one moment; others go on writing."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")

    def read(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def rewrite(self) -> None:
        """Writes the file anew. What is deleted is overwritten where it lay last, but pages also hold copies of rows that
        were moved about in them: none of these comes with.
        """
        with self._lock:
            self._db.execute("VACUUM")
            # the new pages lie in the journal until they are written back
            [(busy, *_)] = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            if busy:
                raise sqlite3.OperationalError("another program reads it as it was")

    def _kept(self, key: str, make: Callable[[], str]) -> str:
        with self.transaction() as db:
            db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, make()))
        return self.note(key)

    # -- notes and positions -----------------------------------------------------------------------

    def note(self, key: str) -> str:
        """A remembered word; empty when there is none."""
        found = self.read("SELECT value FROM meta WHERE key=?", (key,))
        return str(found[0][0]) if found else ""

    def keep_note(self, key: str, value: str) -> None:
        """Remembers a word."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def position(self, name: str, validity: int) -> int | None:
        """The UID up to which a folder was read; 0: its UIDs are all new; None: it never was."""
        found = self.read("SELECT validity, uid FROM positions WHERE name=?", (name,))
        if not found:
            return None
        return int(found[0][1]) if int(found[0][0]) == validity else 0

    def advance(self, name: str, validity: int, uid: int) -> None:
        """A folder was read up to this UID."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", (name, validity, uid))

    def pass_by(self, name: str, validity: int, uid: int) -> None:
        """A mail was dealt with: as `advance`, but never back."""
        with self.transaction():
            self.advance(name, validity, max(uid, self.position(name, validity) or 0))

    def first_day(self) -> date | None:
        """The day of the oldest decision that is known; None: there is none."""
        [(at,)] = self.read("SELECT MIN(at) FROM mails")
        [(day,)] = self.read("SELECT MIN(day) FROM known")
        days = [int(at // _DAY_S)] if at is not None else []
        days += [int(day)] if day is not None else []
        return date(1970, 1, 1) + timedelta(days=min(days)) if days else None

    # -- mails -----------------------------------------------------------------------------------

    def get(self, sample_id: str) -> MailRecord | None:
        """A decided mail."""
        found = self.read(_SELECT + "sample_id=?", (sample_id,))
        return MailRecord.of(found[0]) if found else None

    def knows(self, sample_id: str) -> bool:
        """Whether it was decided, also long ago."""
        digest = digest_of_id(sample_id)
        return bool(
            self.read("SELECT 1 FROM mails WHERE sample_id=?", (sample_id,))
            or self.read("SELECT 1 FROM known WHERE mail=?", (digest,))
        )

    def add(self, record: MailRecord) -> None:
        """A new decision."""
        with self.transaction() as db:
            db.execute(_INSERT, record.values)

    def change(self, sample_id: str, **values: object) -> None:
        """Sets fields of a mail. Raises ValueError for a name that is none."""
        if not set(values) <= set(NAMES):
            raise ValueError(f"no such fields: {sorted(values)}")
        with self.transaction() as db:
            for name, value in values.items():
                db.execute(_SET[name], (value, sample_id))

    def to_do(self) -> list[tuple[str, str]]:
        """(sample, plan) of mails that are decided and not acted on: oldest first, those that were refused last."""
        return self.read(
            "SELECT sample_id, plan FROM mails WHERE state='decided' ORDER BY attempts, at, rowid"
        )

    def by_message(self, message_id: str) -> list[MailRecord]:
        """Mails of this Message-ID, newest first."""
        return self._where("message_id=?", message_id)

    def by_draft(self, draft_id: str) -> list[MailRecord]:
        """Mails whose draft has this Message-ID."""
        return self._where("draft_id=?", draft_id)

    def open_drafts(self, after: tuple[float, str], limit: int) -> list[MailRecord]:
        """Mails whose draft nobody has used or thrown away yet, oldest first.

        Args:
            after: time and sample of the one before.
        """
        found = self.read(
            _SELECT + "draft_id<>'' AND fate='' AND state='acted' AND at>=?"
            " AND (at, sample_id)>(?, ?) ORDER BY at, sample_id LIMIT ?",
            (after[0], *after, limit),
        )
        return [MailRecord.of(row) for row in found]

    def unsaid(self, folder: str, validity: int, limit: int) -> list[MailRecord]:
        """Mails of a folder of which no person has said anything, newest first."""
        found = self.read(
            _SELECT + "folder=? AND validity=? AND said_label='' AND state='acted'"
            " ORDER BY at DESC LIMIT ?",
            (folder, validity, limit),
        )
        return [MailRecord.of(row) for row in found]

    def audits_unsaid(self) -> bool:
        """Whether there are audit mails of which no person has said anything."""
        query = "SELECT 1 FROM mails WHERE audit AND said_label='' AND state='acted' LIMIT 1"
        return bool(self.read(query))

    def replies_to(self, who: str, since: float) -> int:
        """Replies drafted for whoever receives them since then."""
        found = self.read("SELECT COUNT(*) FROM replies WHERE who=? AND at>=?", (who, since))
        return int(found[0][0])

    def keep_reply(self, who: str, at: float, *, forget_before: float) -> None:
        """Counts a reply for its receiver; those of before are not counted any more."""
        with self.transaction() as db:
            db.execute("DELETE FROM replies WHERE at<?", (forget_before,))
            db.execute("INSERT INTO replies VALUES (?, ?)", (who, at))

    def waiting(self) -> int:
        """Mails that are decided and not acted on."""
        return int(self.read("SELECT COUNT(*) FROM mails WHERE state='decided'")[0][0])

    def is_behind(self) -> bool:
        """Whether so much waits for the mailbox or the outbox that no further mail is to be decided."""
        untold = "SELECT COUNT(*) FROM (SELECT 1 FROM untold LIMIT ?)"
        return self.waiting() >= MAX_WAITING or self.read(untold, (MAX_UNTOLD,))[0][0] >= MAX_UNTOLD

    def _where(self, condition: str, value: str) -> list[MailRecord]:
        found = self.read(_SELECT + condition + " ORDER BY at DESC LIMIT 20", (value,))
        return [MailRecord.of(row) for row in found]

    # -- what the outbox is told -----------------------------------------------------------------

    def say(
        self,
        klass: EventClass,
        body: str,
        *,
        worth: float = 0.0,
        content: bytes | None = None,
        media_type: str = "",
    ) -> None:
        """A row for the outbox."""
        with self.transaction() as db:
            number = int(self.note("number") or 0) + 1
            self.keep_note("number", str(number))
            db.execute(
                "INSERT INTO untold VALUES (?, ?, ?, ?, ?, ?)",
                (number, klass, worth, body, media_type, content),
            )

    def untold(self, klass: EventClass, after: int, limit: int = 100) -> list[UntoldRow]:
        """Rows of a class with `number > after`, in order."""
        found = self.read(
            "SELECT number, klass, worth, body, media_type, content FROM untold"
            " WHERE klass=? AND number>? ORDER BY number LIMIT ?",
            (klass, after, limit),
        )
        return [UntoldRow(*row) for row in found]

    def told(self, klass: EventClass, number: int) -> None:
        """Rows of a class up to this number are committed in the outbox."""
        if not self.read("SELECT 1 FROM untold WHERE klass=? AND number<=?", (klass, number)):
            return
        with self.transaction() as db:
            db.execute("DELETE FROM untold WHERE klass=? AND number<=?", (klass, number))

    def number_beyond(self, number: int) -> None:
        """Numbers begin behind one that the outbox has seen from a ledger that was lost."""
        with self.transaction() as db:
            mine = int(self.note("number") or 0)
            if number <= mine:
                return
            db.execute("UPDATE untold SET number=-(number + ?)", (number,))
            db.execute("UPDATE untold SET number=-number")
            self.keep_note("number", str(mine + number))

    # -- calls to a help desk --------------------------------------------------------------------

    def next_call(self, now: float) -> tuple[str, str, int] | None:
        """(sample, body, attempts) of the call that is due, the oldest first; None: no such."""
        query = "SELECT sample_id, body, attempts FROM calls WHERE due<=? ORDER BY due LIMIT 1"
        found = self.read(query, (now,))
        return (found[0][0], found[0][1], found[0][2]) if found else None

    def put_call(self, sample_id: str, body: str, attempts: int, due: float) -> None:
        """A call that is to be made."""
        with self.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?)", (sample_id, body, attempts, due)
            )

    def put_off_call(self, sample_id: str, attempts: int, due: float) -> None:
        """A call that is to be made again, unless its correspondent was erased while it was tried."""
        with self.transaction() as db:
            db.execute(
                "UPDATE calls SET attempts=?, due=? WHERE sample_id=?", (attempts, due, sample_id)
            )

    def drop_calls_beyond(self, most: int) -> int:
        """Gives up the calls that were tried most often, where there are more than these; how many."""
        over = int(self.read("SELECT COUNT(*) FROM calls")[0][0]) - most
        if over <= 0:
            return 0
        with self.transaction() as db:
            db.execute(
                "DELETE FROM calls WHERE sample_id IN"
                " (SELECT sample_id FROM calls ORDER BY attempts DESC, due LIMIT ?)",
                (over,),
            )
        return over

    def drop_call(self, sample_id: str) -> None:
        """A call was made, or given up."""
        with self.transaction() as db:
            db.execute("DELETE FROM calls WHERE sample_id=?", (sample_id,))


def digest_of_id(sample_id: str) -> bytes:
    """What stays of a mail that is done with: 16 bytes."""
    return hashlib.sha256(sample_id.encode()).digest()[:16]
