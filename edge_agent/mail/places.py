"""The folders of one mailbox by what they are for. How they are recognised is `folders.py`'s."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.mail.folders import special
from edge_agent.mail.mailbox import Folder, Mailbox
from edge_agent.mail.room import MailRoom


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of this mailbox by what they are for; empty: there is none."""

    drafts: str
    sent: str
    all: tuple[Folder, ...]


def places_of(box: Mailbox, room: MailRoom) -> Places:
    """Finds them."""
    folders = tuple(box.folders())
    return Places(
        special(folders, "\\drafts", room.config.drafts.folder),
        special(folders, "\\sent", room.config.learning.sent_folder),
        folders,
    )
