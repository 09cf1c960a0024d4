"""What the agent asks of a mailbox, whatever speaks to it. UIDs throughout; nothing is ever set `\\Seen`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

NO_KEYWORDS = "the server keeps no new keywords in {folder}: set source.filing.how to move or copy"
"""What to tell; Exchange is such a server."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the mailbox.

    Attributes:
        name: as the server has it, decoded.
        delimiter: between a folder and those in it; empty: there are none.
        flags: lower case, with special uses as `\\drafts`.
        is_own: whether it is the user's, and neither another user's nor everybody's (RFC 2342).
    """

    name: str
    delimiter: str
    flags: frozenset[str]
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class FolderState:
    """A folder as it was when it was opened; a change of `validity` makes all known UIDs worthless.

    Attributes:
        kept: flags and keywords that it keeps, lower case; with `\\*` also new ones. None: it does not say.
        may_change: whether it is open for more than reading.
        tells_next: whether the server itself said the next UID, which never falls unless the server was restored.
    """

    validity: int
    next_uid: int
    kept: frozenset[str] | None = None
    may_change: bool = True
    tells_next: bool = True

    def keeps(self, keyword: str) -> bool:
        """Whether a keyword that is set stays set."""
        return self.kept is None or bool(self.kept & {"\\*", keyword.lower()})


class Mailbox(Protocol):
    """One connection, used by one thread.

    All methods raise `MailboxLostError` when the connection is of no use any more, and `MailboxRefusedError`
    when the server says no to one request.

    Attributes:
        moves_at_once: whether a move is one step at the server, which nothing cuts in two.
    """

    @property
    def moves_at_once(self) -> bool: ...

    def folders(self) -> Sequence[Folder]:
        """All folders."""

    def make_folder(self, name: str) -> None:
        """Makes a folder with those it lies in; nothing when it is there."""

    def open(self, folder: str, *, fresh: bool = False) -> FolderState:
        """Makes `folder` the one the other methods speak of.

        Args:
            fresh: ask the server again, also when it is open already.
        """

    def uids_after(self, uid: int, since: date | None = None) -> list[int]:
        """UIDs above `uid`, rising, of mails that arrived on the day `since` or later and are not marked as deleted."""

    def sizes(self, uids: Sequence[int]) -> Mapping[int, int]:
        """UID → bytes of those that are there."""

    def fetch(self, uid: int, size: int) -> bytes:
        """A mail's bytes; empty when it is gone."""

    def fetch_small(self, uids: Sequence[int]) -> Mapping[int, bytes]:
        """UID → bytes of mails that are known to be small."""

    def headers(self, uids: Sequence[int], names: Sequence[str]) -> Mapping[int, bytes]:
        """UID → the header lines of these names; all headers for no names."""

    def keywords(self, uids: Sequence[int]) -> Mapping[int, frozenset[str]]:
        """UID → keywords and flags, lower case, of mails that are there."""

    def find(self, header: str, value: str) -> list[int]:
        """UIDs of mails whose header holds the value."""

    def append(self, folder: str, content: bytes, flags: Sequence[str]) -> None:
        """Lays a mail into a folder."""

    def move(self, uid: int, folder: str) -> None:
        """Moves a mail out of the open folder; only this one is ever expunged."""

    def remove(self, uid: int) -> None:
        """Takes a mail out of the open folder for good."""

    def copy(self, uid: int, folder: str) -> None:
        """Copies a mail of the open folder."""

    def add_keyword(self, uid: int, keyword: str) -> None:
        """Sets a keyword or a flag on a mail of the open folder."""

    def add_gmail_label(self, uid: int, label: str) -> None:
        """Sets a label, where the server is Gmail."""

    def wait(self, seconds: float, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Returns when something may have changed in the open folder, after `seconds`, or on `stop`."""

    def keep_alive(self) -> None:
        """Says that we are still there."""

    def close(self) -> None:
        """Ends the connection; never raises."""
