"""A mailbox over IMAP4rev1, with what the server offers beyond it and ways around what it does not.

Every call has a time-out. `BODY.PEEK` only, so that no mail looks read because a program saw it. What a
server lacks (MOVE, UIDPLUS, IDLE, LITERAL+) is replaced by what all have; no mail but the named one is ever
expunged.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from edge_agent.errors import MailboxRefusedError
from edge_agent.log import warn
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.mail.imap_connection import ImapConnection
from edge_agent.mail.letters import head_of
from edge_agent.mail.mailbox import Folder, FolderState

if TYPE_CHECKING:
    from imapclient import IMAPClient

CHUNK = 1 << 20
"""Bytes asked for at once of one mail."""
_PLAIN = re.compile(r"[\w.@<>+=/:!#$&'?^~-]{1,200}", re.ASCII)
"""The library quotes neither brackets nor wildcards: with those, an id would be a part of the question."""
_MAX_COMPARED = 500
"""Mails whose header is looked at here, because the server cannot be asked."""
_MAX_ASKED, _MAX_QUESTIONS = 50_000, 1000
"""UIDs among which is searched at once where a folder holds more mails, and how often: the library takes no line of more than a megabyte."""
_LOOK_S = 1.0
_MAX_FOLDERS = 5000
_REISSUE_S = 1500.0
"""Servers end an IDLE after 30 minutes (RFC 2177); firewalls earlier."""

T = TypeVar("T")


class ImapMailbox:
    """A `Mailbox`.

    Args:
        config: server and login.

    Raises:
        MailboxLoginError: it does not let us in.
        MailboxLostError: it does not answer.
    """

    def __init__(self, config: ImapSourceConfig) -> None:
        self._config = config
        self._open = ""
        self._state = FolderState(0, 0)
        self._mails = 0
        self._connection = ImapConnection(config)
        self._client = self._connection.client

    def close(self) -> None:
        self._connection.close()

    def _ask(self, call: Callable[..., T], *given: object, **named: object) -> T:
        return self._connection.ask(call, *given, **named)

    def can(self, capability: str) -> bool:
        """Whether the server offers it."""
        return self._connection.can(capability)

    @property
    def moves_at_once(self) -> bool:
        return self.can("MOVE")

    # -- folders ---------------------------------------------------------------------------------

    def folders(self) -> Sequence[Folder]:
        self._client.folder_encode = False  # one name that is none would cost all the others
        try:
            found = self._ask(self._client.list_folders)[:_MAX_FOLDERS]
        finally:
            self._client.folder_encode = True
        spaces = self._ask(_namespaces, self._client) if self.can("NAMESPACE") else {}
        return [
            _folder(name, (delimiter or b"").decode("ascii", "replace"), flags, spaces)
            for flags, delimiter, raw in found
            if (name := _folder_name(raw))
        ]

    def make_folder(self, name: str) -> None:
        try:
            self._ask(self._client.create_folder, name)
        except MailboxRefusedError:
            if not self._ask(self._client.folder_exists, name):
                raise
            return
        with contextlib.suppress(MailboxRefusedError):
            self._ask(self._client.subscribe_folder, name)

    def open(self, folder: str, *, fresh: bool = False) -> FolderState:
        if folder == self._open and not fresh:
            return self._state
        self._open = ""
        found = self._ask(self._select, folder)
        validity, next_uid = int(found.get(b"UIDVALIDITY", 0)), int(found.get(b"UIDNEXT", 0) or 0)
        tells_next = bool(next_uid)
        if not tells_next:  # RFC 3501 lets a server leave it out
            next_uid = max(self._ask(self._client.search, ["ALL"]), default=0) + 1
        kept = _flags(found.get(b"PERMANENTFLAGS"))
        may_change = b"READ-ONLY" not in found
        self._state = FolderState(validity, next_uid, kept, may_change, tells_next)
        self._mails = int(found.get(b"EXISTS", _MAX_ASKED + 1))
        self._open = folder
        return self._state

    def _select(self, folder: str) -> Mapping[bytes, Any]:
        found: Mapping[bytes, Any]
        looks = self._config.dry_run  # else the server takes it for seen: `\\Recent` goes
        try:
            found = self._client.select_folder(folder, readonly=looks)
        except imaplib.IMAP4.readonly:  # which the library takes for an end of the connection
            found = self._client.select_folder(folder, readonly=True)
        return found

    # -- looking ---------------------------------------------------------------------------------

    def uids_after(self, uid: int, since: date | None = None) -> list[int]:
        first, end, found = uid + 1, self._state.next_uid, set[int]()
        step = max(_MAX_ASKED, (end - first) // _MAX_QUESTIONS)
        while self._mails > _MAX_ASKED and first + step < end:
            found |= self._uids(f"{first}:{first + step - 1}", since)
            first += step
        found |= self._uids(f"{first}:*", since)
        return sorted(n for n in found if n > uid)  # n:* names the last one in any case

    def _uids(self, among: str, since: date | None) -> set[int]:
        # what a person has marked as deleted is gone, though no program has expunged it yet
        criteria: list[object] = ["UID", among, "UNDELETED"]
        if since is not None:
            criteria += ["SINCE", since]
        return {int(n) for n in self._ask(self._client.search, criteria)}

    def sizes(self, uids: Sequence[int]) -> Mapping[int, int]:
        if not uids:
            return {}
        found = self._ask(self._client.fetch, uids, ["RFC822.SIZE"])
        wanted, part = set(uids), b"RFC822.SIZE"
        # an answer without it tells of a flag, and by its number perhaps of another mail
        return {int(n): int(one[part]) for n, one in found.items() if n in wanted and part in one}

    def fetch(self, uid: int, size: int) -> bytes:
        if size <= CHUNK:
            return self.fetch_small([uid]).get(uid, b"")
        content = bytearray()
        while len(content) < size:
            part = self._piece(uid, len(content))
            content += part
            if len(part) < CHUNK:
                break
        return bytes(content)

    def fetch_small(self, uids: Sequence[int]) -> Mapping[int, bytes]:
        found = self._ask(self._client.fetch, uids, ["BODY.PEEK[]"])
        return {int(n): item[b"BODY[]"] for n, item in found.items() if item.get(b"BODY[]")}

    def _piece(self, uid: int, start: int) -> bytes:
        ask = f"BODY.PEEK[]<{start}.{CHUNK}>"
        found = self._ask(self._client.fetch, [uid], [ask])
        return next(
            (v for k, v in found.get(uid, {}).items() if k.startswith(b"BODY[]") and v), b""
        )

    def headers(self, uids: Sequence[int], names: Sequence[str]) -> Mapping[int, bytes]:
        if not uids:
            return {}
        part = f"HEADER.FIELDS ({' '.join(names).upper()})" if names else "HEADER"
        found = self._ask(self._client.fetch, uids, [f"BODY.PEEK[{part}]"])
        return {
            int(n): value
            for n, item in found.items()
            for key, value in item.items()
            if key.startswith(b"BODY[") and value is not None
        }

    def keywords(self, uids: Sequence[int]) -> Mapping[int, frozenset[str]]:
        if not uids:
            return {}
        found = self._ask(self._client.get_flags, uids)
        return {
            int(n): frozenset(flag.decode("ascii", "replace").lower() for flag in flags)
            for n, flags in found.items()
        }

    def find(self, header: str, value: str) -> list[int]:
        # strangers choose ids: a server is only asked for letters that every server understands
        asked = max(_PLAIN.findall(value), key=len, default="")
        found = self._ask(self._client.search, ["HEADER", header, asked])
        uids = sorted(int(n) for n in found)
        if asked == value:
            return uids
        heads = self.headers(uids[-_MAX_COMPARED:], (header,))
        return [uid for uid in uids if _has_id(heads.get(uid, b""), header, value)]

    # -- changing --------------------------------------------------------------------------------

    def append(self, folder: str, content: bytes, flags: Sequence[str]) -> None:
        self._ask(self._client.append, folder, content, flags)

    def move(self, uid: int, folder: str) -> None:
        if self.moves_at_once:
            self._ask(self._client.move, [uid], folder)
            return
        self.copy(uid, folder)
        self.remove(uid)

    def remove(self, uid: int) -> None:
        self._ask(self._client.add_flags, [uid], [b"\\Deleted"], silent=True)
        if self.can("UIDPLUS"):
            self._ask(self._client.uid_expunge, [uid])
            return
        # a plain EXPUNGE takes all that is marked: only when that is this one alone
        marked = [int(n) for n in self._ask(self._client.search, ["DELETED"])]
        if marked == [uid]:
            self._ask(self._client.expunge)
        else:
            warn("not_expunged", uid=uid, others=len(marked) - 1)

    def copy(self, uid: int, folder: str) -> None:
        self._ask(self._client.copy, [uid], folder)

    def add_keyword(self, uid: int, keyword: str) -> None:
        self._ask(self._client.add_flags, [uid], [keyword], silent=True)

    def add_gmail_label(self, uid: int, label: str) -> None:
        self._ask(self._client.add_gmail_labels, [uid], [label], silent=True)

    # -- waiting ---------------------------------------------------------------------------------

    def wait(self, seconds: float, stop: threading.Event, beat: Callable[[], None]) -> None:
        end = time.monotonic() + min(seconds, _REISSUE_S)
        if not (self._config.idle and self.can("IDLE")):
            while not stop.wait(max(0.0, min(_LOOK_S, end - time.monotonic()))):
                beat()
                if time.monotonic() >= end:
                    self.keep_alive()
                    return
            return
        self._ask(self._client.idle)
        try:
            self._idle(end, stop, beat)
        finally:
            self._ask(self._client.idle_done)

    def _idle(self, end: float, stop: threading.Event, beat: Callable[[], None]) -> None:
        while not stop.is_set() and (left_s := end - time.monotonic()) > 0:
            beat()
            began, slice_s = time.monotonic(), min(_LOOK_S, left_s)
            said = self._ask(self._client.idle_check, slice_s)
            if any(len(one) > 1 and one[1] in (b"EXISTS", b"RECENT", b"EXPUNGE") for one in said):
                return
            if not said and time.monotonic() - began < slice_s / 2:
                return  # the connection ended: the next request finds out

    def used_share(self) -> float | None:
        """Share of the storage quota in use; None where there is none."""
        if not self.can("QUOTA"):
            return None
        try:
            found = self._ask(self._client.get_quota, "INBOX")
        except MailboxRefusedError:
            return None
        shares = [q.usage / q.limit for q in found if q.resource == "STORAGE" and q.limit]
        return max(shares) if shares else None

    def keep_alive(self) -> None:
        self._ask(self._client.noop)


def _namespaces(client: IMAPClient) -> Mapping[str, bool]:
    """Prefix of names → whether what bears it is the user's own (RFC 2342); none where the answer makes no sense."""
    from imapclient.exceptions import ProtocolError

    try:
        found = client.namespace()
        return {
            prefix: is_own
            for part, is_own in (
                (found.other, False),
                (found.shared, False),
                (found.personal, True),
            )
            for prefix, _delimiter in part or ()
        }
    except (ProtocolError, ValueError, LookupError, TypeError):  # it was read to its end
        return {}


def _folder(
    name: str, delimiter: str, flags: Sequence[bytes], spaces: Mapping[str, bool]
) -> Folder:
    # the longest one counts: Cyrus gives what is everybody's an empty prefix
    prefix = max((one for one in spaces if (name + delimiter).startswith(one)), key=len, default="")
    return Folder(name, delimiter, _flags(flags) or frozenset(), spaces.get(prefix, True))


def _flags(told: Sequence[bytes] | None) -> frozenset[str] | None:
    if told is None:
        return None
    return frozenset(flag.decode("ascii", "replace").lower() for flag in told)


def _folder_name(raw: bytes | str) -> str:
    """A name in modified UTF-7 (RFC 3501, 5.1.3); empty when it is broken and nobody can name the folder."""
    from imapclient.imap_utf7 import decode

    if isinstance(raw, str):  # made of digits alone
        return raw
    try:
        name = str(decode(raw))
        name.encode()
    except UnicodeError:
        warn("mail_folder_unreadable", name=raw)
        return ""
    return name


def _has_id(raw: bytes, header: str, value: str) -> bool:
    head = head_of(raw)
    if head is None:
        return False
    return value in (head.message_id, head.in_reply_to, *head.headers.get(header.lower(), ()))
