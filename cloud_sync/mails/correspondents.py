"""Whose a stored mail is: a keyed digest of the address it comes from, so that no list of addresses is kept.

The key lies beside the hub's other keys and in its backups. Mails are read when somebody is to be found, each
once. Only who wrote a mail counts (From, Reply-To): whoever is merely among its receivers is not its correspondent.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable
from pathlib import Path

from sqlalchemy import exists, select

from cloud_sync.errors import NotFoundError
from cloud_sync.hub import Hub
from cloud_sync.store.bulk import found_among, in_portions
from cloud_sync.store.db import insert_once
from cloud_sync.store.models import MailWho, Sample
from cloud_sync.store.models.mails import MAILS
from kits.core.errors import DataError
from kits.core.files import write_atomically
from kits.core.mail.message import read_message

KEY_FILE = "mails.key"
MAX_ADDRESS = 254
_PORTION = 100


def normal(address: str) -> str:
    """An address as it is compared.

    Raises:
        DataError: it is none.
    """
    plain = address.strip().lower()
    local, at, domain = plain.rpartition("@")
    odd = any(c.isspace() or not c.isprintable() or c in "<>,;" for c in plain)
    if not (local and at and domain) or odd or len(plain) > MAX_ADDRESS:
        raise DataError("not one mail address", where=address[:60], fix="name@example.org")
    return plain


class Correspondents:
    """Knows people by digests.

    Args:
        keys_dir: where the key is, or is made.
    """

    def __init__(self, keys_dir: Path) -> None:
        path = keys_dir / KEY_FILE
        if not path.exists():
            with contextlib.suppress(FileExistsError):  # another process was faster
                write_atomically(path, secrets.token_bytes(32), private=True, new=True)
        self._key = path.read_bytes()

    def who(self, address: str) -> str:
        """The digest of a normal address."""
        return hmac.new(self._key, address.encode(), hashlib.sha256).hexdigest()

    def of_mail(self, content: bytes, *, sender_only: bool = False) -> set[str]:
        """Digests of who wrote a mail; of one that cannot be read none.

        Args:
            sender_only: not who is to be answered in place of the sender.
        """
        try:
            message = read_message(content)
        except DataError:
            return set()
        found = set()
        for address in (message.sender, *(() if sender_only else (message.reply_to,))):
            try:
                found.add(self.who(normal(address)))
            except DataError:
                continue
        return found


def read_stored(hub: Hub, people: Correspondents, others: Iterable[str] = ()) -> int:
    """Notes whose the stored mails are that nobody has read yet; how many those were.

    Args:
        others: digests of mails that are in dataset versions, and perhaps no samples of a device.

    Raises:
        UnreachableError: the storage cannot be used.
    """
    done = 0
    with hub.database.session() as session:
        read = exists().where(MailWho.digest == Sample.blob)
        query = select(Sample.blob).where(MAILS, Sample.blob_state == "stored", ~read)
        waiting = set(session.scalars(query))
        waiting |= set(others) - _known(hub, set(others))
    for some in in_portions(waiting):
        for first in range(0, len(some), _PORTION):
            done += _read(hub, people, some[first : first + _PORTION])
    return done


def _known(hub: Hub, digests: Collection[str]) -> set[str]:
    with hub.database.session() as session:
        return found_among(session, MailWho.digest, digests)


def _read(hub: Hub, people: Correspondents, digests: Collection[str]) -> int:
    rows = []
    for digest in digests:
        try:
            content = hub.storage.get(digest)
        except (NotFoundError, DataError):
            continue  # its bytes are gone, or damaged: nobody can tell any more
        rows += [{"digest": digest, "who": who} for who in people.of_mail(content) or {""}]
    with hub.database.transaction() as session:
        insert_once(session, MailWho, rows)
    return len(digests)
