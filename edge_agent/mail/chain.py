"""The record of decisions: each entry carries the digest of the one before, personal text is sealed.

Who changes, leaves out or reorders an entry breaks the chain, and `verify` names the place. The text in an entry
is encrypted with a key of its correspondent alone: erasing the key erases the text for ever, and the chain, which
is over the encrypted bytes, still holds. What follows from decisions is not known here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import JsonValue

from edge_agent.log import warn
from edge_agent.mail.forgetting import forget_words
from edge_agent.mail.ledger import Ledger
from kits.core.chained import Checked, End, Entry, canonical, check, follow
from kits.core.events import ErasedBody

_END = "chain-end"
"""A note: number and hash of the newest entry, so that one cut off at the end is missed."""
_START = "chain-start"
"""A note: number and hash of the last entry that was let go of, which an entry in the chain confirms."""
_SHORTENED = "shortened"
_TRACES = "traces"
"""A note: keys were deleted since the file was written anew."""
_NONCE = 12
_PAGE = 1000
_FORGET_KEYS = (
    "DELETE FROM keys WHERE who NOT IN (SELECT who FROM mails WHERE at>=?)"
    " AND who NOT IN (SELECT who FROM spoken WHERE at>=?)"
)
_FORGET_DRAFTS = (
    "UPDATE mails SET sealed=NULL WHERE sealed NOT NULL AND who NOT IN (SELECT who FROM keys)"
)
_FIRST = "SELECT number, hash, entry FROM chain WHERE number<? ORDER BY number LIMIT ?"
_ANSWER_WORTH = 5.0


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the chain.

    Attributes:
        told: what is open to see.
        text: what was sealed, or None: its key was erased.
    """

    number: int
    hash: str
    told: Mapping[str, JsonValue]
    text: Mapping[str, JsonValue] | None


class Seals:
    """Keys of correspondents, one each, made when first needed.

    Args:
        ledger: holds them.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def who(self, address: str) -> str:
        """A correspondent, as a digest that nobody can compute without this ledger."""
        return hmac.new(self._ledger.salt, address.lower().encode(), hashlib.sha256).hexdigest()

    def seal(self, who: str, text: Mapping[str, JsonValue], about: str) -> bytes:
        """Text that only the correspondent's key opens again; `about` binds it to its place."""
        key, nonce = self._key(who, make=True), secrets.token_bytes(_NONCE)
        assert key is not None
        return nonce + AESGCM(key).encrypt(nonce, canonical(text).encode(), about.encode())

    def unseal(self, who: str, sealed: bytes | None, about: str) -> Mapping[str, JsonValue] | None:
        """The text; None when its key was erased."""
        key = self._key(who, make=False)
        if key is None or not sealed:
            return None
        try:
            plain = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
        except InvalidTag:
            return None  # sealed with a key that was erased, and another made since
        found = json.loads(plain)
        return found if isinstance(found, dict) else None

    def _key(self, who: str, *, make: bool) -> bytes | None:
        with self._ledger.transaction() as db:
            if make:
                db.execute(
                    "INSERT OR IGNORE INTO keys VALUES (?, ?)", (who, AESGCM.generate_key(256))
                )
            found = db.execute("SELECT key FROM keys WHERE who=?", (who,)).fetchone()
        return bytes(found[0]) if found else None


class Chain:
    """The entries.

    Args:
        ledger: holds them.
        seals: close and open their text.
    """

    def __init__(self, ledger: Ledger, seals: Seals) -> None:
        self._ledger = ledger
        self._seals = seals

    def add(
        self,
        told: Mapping[str, JsonValue],
        who: str = "",
        text: Mapping[str, JsonValue] | None = None,
    ) -> None:
        """Adds an entry, in the transaction under way if there is one."""
        with self._ledger.transaction() as db:
            last = db.execute(
                "SELECT number, hash FROM chain ORDER BY number DESC LIMIT 1"
            ).fetchone()
            end = End(int(last[0]), str(last[1])) if last else End()
            if who and text:
                sealed = self._seals.seal(who, text, str(end.number + 1))
                told = {**told, "who": who, "sealed": base64.b64encode(sealed).decode()}
            entry = follow(end, told)
            db.execute("INSERT INTO chain VALUES (?, ?, ?)", entry)
            self._ledger.keep_note(_END, f"{entry.number} {entry.digest}")

    def links(self, sample_id: str = "") -> Iterator[Link]:
        """All entries in order, or those about one mail."""
        for number, digest, written in self._rows():
            entry = json.loads(written)
            if sample_id and entry.get("sample_id") != sample_id:
                continue
            sealed = entry.pop("sealed", "")
            text = self._seals.unseal(
                str(entry.get("who", "")), base64.b64decode(sealed), str(number)
            )
            yield Link(number, digest, entry, text)

    def verify(self) -> Checked:
        """Whether the entries are as they were written; `good` counts those that are still there."""
        with self._ledger.snapshot():
            start = self._noted(_START)
            found = check(self._rows(), lambda: self._noted(_END), start)
            if not found.fault and start.number and not self._confirms(start):
                fault = (
                    f"entries 1 to {start.number} are missing, and none says that they were let go"
                )
                return Checked(0, fault)
        return Checked(found.good - start.number, found.fault)

    def _confirms(self, start: End) -> bool:
        """Whether an entry says that those up to this one were let go."""
        told = (json.loads(row.written) for row in self._rows() if _SHORTENED in row.written)
        return any(
            (one.get("kind"), one.get("through"), one.get("hash")) == (_SHORTENED, *start)
            for one in told
        )

    def shorten(self, at: datetime, before: datetime, most: int) -> int:
        """Lets go of old entries at the beginning, a bounded number at once; how many.

        An entry says so, with the hash of the last one that went: the others still follow it.

        Args:
            at: now.
            before: what was decided earlier goes, with all that stands before it.
            most: entries that may stay, whatever their age.
        """
        with self._ledger.transaction() as db:
            first, last = db.execute("SELECT MIN(number), MAX(number) FROM chain").fetchone()
            through, digest = 0, ""
            for number, hash_, written in db.execute(_FIRST, (last or 0, _PAGE)):
                if last - number >= most or _decided_before(json.loads(written), before):
                    through, digest = int(number), str(hash_)
            if not through:
                return 0
            self.add({"kind": _SHORTENED, "at": at.isoformat(), "through": through, "hash": digest})
            self._ledger.keep_note(_START, f"{through} {digest}")
            db.execute("DELETE FROM chain WHERE number<=?", (through,))
            db.execute(
                "DELETE FROM meta WHERE key LIKE 'erased/%' AND value<?", (before.isoformat(),)
            )
        return through - int(first) + 1

    def erase(self, address: str, at: datetime, request: str = "") -> int:
        """Destroys a correspondent's key and all that tells of the person; how many mails that were.

        Args:
            request: id of the hub's wish, which is answered in the same step; doing it twice equals once.
        """
        who, note = self._seals.who(address), f"erased/{request}"
        with self._ledger.transaction() as db:
            if request and self._ledger.note(note):
                return 0
            db.execute("DELETE FROM keys WHERE who=?", (who,))
            db.execute("DELETE FROM spoken WHERE who=?", (who,))
            db.execute(
                "UPDATE mails SET sealed=NULL, message_id='' WHERE who=? AND state='acted'", (who,)
            )
            mails = len(forget_words(self._ledger, who, at.timestamp()))
            self.add({"kind": "erasure", "at": at.isoformat(), "mails": mails})
            if request:
                self._ledger.keep_note(note, at.isoformat())
                body = ErasedBody(request=request, who=who, mails=mails, at=at)
                self._ledger.say("l", body.model_dump_json(), worth=_ANSWER_WORTH)
            self._ledger.keep_note(_TRACES, at.isoformat())
        self.clear_traces()
        return mails

    def clear_traces(self) -> None:
        """Writes the ledger's file anew, if somebody was erased since; where that fails, it is tried again at the next look."""
        if not self._ledger.note(_TRACES):
            return
        try:
            self._ledger.rewrite()
            self._ledger.keep_note(_TRACES, "")
        except sqlite3.Error as error:
            warn("mail_traces_left", error=error)

    def forget(self, before: float) -> int:
        """Destroys the keys of those whose last mail is older; how many that were.

        Args:
            before: seconds since 1970.
        """
        with self._ledger.transaction() as db:
            gone = db.execute(_FORGET_KEYS, (before, before)).rowcount
            if gone:
                db.execute(_FORGET_DRAFTS)
                self._ledger.keep_note(_TRACES, str(before))
            db.execute("DELETE FROM spoken WHERE at<?", (before,))
        return gone

    def _noted(self, note: str) -> End:
        number, _, digest = self._ledger.note(note).partition(" ")
        return End(int(number), digest) if number.isdigit() else End()

    def _rows(self) -> Iterator[Entry]:
        after = 0
        while rows := self._ledger.read(
            "SELECT number, hash, entry FROM chain WHERE number>? ORDER BY number LIMIT ?",
            (after, _PAGE),
        ):
            yield from (Entry(*row) for row in rows)
            after = int(rows[-1][0])


def _decided_before(entry: Mapping[str, JsonValue], moment: datetime) -> bool:
    """Only decisions bear the time of our own clock; what stands between them goes with them."""
    at = str(entry.get("at", ""))
    return entry.get("kind") == "decision" and bool(at) and datetime.fromisoformat(at) < moment
