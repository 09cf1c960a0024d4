"""Audit mails that a person filed where no intent's mails go: then the decision would have been wrong.

Whoever makes a folder for a new product says by it that these mails are none of those that the bundle knows; heard of
from the folders of intents alone, audits would be right for ever. It finds those folders and hears of audits in them;
what is learned from the folders of intents is `learning.py`'s.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager

from edge_agent.errors import MailboxRefusedError
from edge_agent.log import log, warn
from edge_agent.mail.folders import on_server
from edge_agent.mail.mailbox import Folder, Mailbox
from edge_agent.mail.record import MailRecord
from edge_agent.mail.room import MailRoom
from kits.core.mail.folders import DEFAULT_FOLDERS, DESK_QUEUES, own_kind, plain
from kits.core.mail.message import Message
from kits.core.sample import utc_now

EVERY_S = 900.0
"""Each folder is opened for it, and a mailbox may have hundreds."""
MOST = 300
"""Folders that are looked into; of more the first by name."""
NOWHERE = "-"
"""What a person said who filed a mail in the folder of no intent."""
_BEGAN = "elsewhere-began"
_PLACES = frozenset(
    {"\\all", "\\archive", "\\drafts", "\\flagged", "\\important", "\\sent", "\\trash", "\\noselect", "\\nonexistent"}
)  # fmt: skip
"""Flags of folders that say nothing of what a mail is about, or that hold none."""

NewHeads = Callable[[Mailbox, str, str, str], AbstractContextManager[Sequence[tuple[int, Message]]]]
"""Mailbox, purpose, folder and the note that says whether it was looked at before → headers of what is new there."""


def matters(folders: Sequence[Folder], known: Collection[str], aside: Sequence[str]) -> list[str]:
    """Folders that stand for a matter of their own, by their names.

    Args:
        known: folders of intents, and those that mails come from.
        aside: as configured: they, and what lies in them, say nothing of what a mail is about.
    """
    no_matter = {on_server(name, folders) for name in aside}
    found = [
        folder.name
        for folder in folders
        if folder.name not in known
        and not folder.flags & _PLACES
        and not _is_place(folder)
        and not any(_lies_in(folder, name) for name in no_matter)
    ]
    return sorted(found)


def _is_place(folder: Folder) -> bool:
    """A place where mails lie whatever they are about, or one within such a place. Unwanted mail is a matter."""
    parts = folder.name.split(folder.delimiter) if folder.delimiter else [folder.name]
    inner = parts[1:] if len(parts) > 1 and plain(parts[0]) == "inbox" else parts
    return any(
        plain(part) in DEFAULT_FOLDERS | DESK_QUEUES or own_kind(part) not in {"", "spam"}
        for part in inner
    )


def _lies_in(folder: Folder, name: str) -> bool:
    return folder.name == name or bool(
        folder.delimiter and folder.name.startswith(name + folder.delimiter)
    )


class Elsewhere:
    """Looks every now and then, while audits wait for a person's word.

    Args:
        room: whose mails they are.
        new_heads: reads on in a folder.
    """

    def __init__(self, room: MailRoom, new_heads: NewHeads) -> None:
        self._room = room
        self._new_heads = new_heads
        self._due = float("-inf")
        self._told_more = False
        self._refused: set[str] = set()

    def look(self, box: Mailbox, known: Collection[str]) -> None:
        """Looks, when it is time; at the first time only from where it will look on.

        Args:
            known: folders of intents, as the server writes them.

        Raises:
            MailboxLostError: the connection is lost.
        """
        ledger, config = self._room.ledger, self._room.config
        began = bool(ledger.note(_BEGAN))
        if time.monotonic() < self._due or (began and not ledger.audits_unsaid()):
            return
        self._due = time.monotonic() + EVERY_S
        folders = box.folders()
        taken = {*known, *(on_server(name, folders) for name in config.folders)}
        for folder in self._some(matters(folders, taken, config.learning.aside)):
            try:
                with self._new_heads(box, "elsewhere", folder, _BEGAN) as heads:
                    for record in self._audits(heads):
                        self._hear(record, folder)
            except MailboxRefusedError as error:
                # a calendar, or a colleague's folder: the others are looked into
                if folder not in self._refused:
                    self._refused.add(folder)
                    warn("mail_folder_not_looked_into", error=error.what)
        if not began:
            ledger.keep_note(_BEGAN, "1")

    def _some(self, names: list[str]) -> list[str]:
        if len(names) > MOST and not self._told_more:
            self._told_more = True
            warn("mail_folders_not_looked_into", folders=len(names) - MOST)
        return names[:MOST]

    def _audits(self, heads: Sequence[tuple[int, Message]]) -> Iterator[MailRecord]:
        for _uid, head in heads:
            found = self._room.ledger.by_message(head.message_id) if head.message_id else []
            # of two under one Message-ID one is a stranger's
            if len(found) == 1 and found[0].audit and not found[0].said_label:
                yield found[0]

    def _hear(self, record: MailRecord, folder: str) -> None:
        if record.state != "acted":
            return
        with self._room.ledger.transaction():
            self._room.ledger.change(record.sample_id, said_label=NOWHERE, filed_to=folder)
            self._room.chain.add(
                {"kind": "override", "at": utc_now().isoformat(), "sample_id": record.sample_id,
                 "label": "", "was": record.label}
            )  # fmt: skip
            self._room.gate.hear(record.bundle, wrong=True, elsewhere=folder)
        self._room.counts["relabelled"] += 1
        log("mail_filed_by_person", sample=record.sample_id, audit=True, wrong=True)
