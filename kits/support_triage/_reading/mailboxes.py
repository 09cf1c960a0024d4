"""Mailboxes as files → mails with the intent that their place or keywords tell: mbox, EML files, Maildir, folders of texts.

The mails stay as they are, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.mail import folders
from kits.support_triage._reading.imap_names import shown_name
from kits.support_triage._reading.keywords import (
    first_keywords,
    first_mails,
    ids_of,
)
from kits.support_triage._reading.listed_labels import (
    beside_folders,
    listed_by_id,
    listed_labels,
)
from kits.support_triage._reading.mail_files import eml_files, opened
from kits.support_triage._reading.mailbox import Box, refused
from kits.support_triage._reading.maildir import MaildirMail, mails_of
from kits.support_triage._reading.mbox import TooLarge, is_expunged, messages_of
from kits.support_triage._reading.rows import NOBODY
from kits.support_triage._reading.sidecar import Sidecar
from kits.support_triage._reading.splits import split_of
from kits.support_triage._reading.text_files import as_mail, is_piece, loose_texts, text_files

MAX_DEPTH = 12
_MBOX_SUFFIXES = frozenset({".mbox", ".mbx", ".mboxrd", ".mboxo"})


def read_mbox(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """Mails of one mbox file, or of all in a folder; each file a folder of a mail program.

    Raises:
        DataError: no mbox there.
    """
    files = mbox_files(path)
    if not files:
        raise DataError("no mbox file here", where=str(path), fix="export the mailbox as mbox")
    names = [file.relative_to(path).as_posix() if path.is_dir() else file.name for file in files]
    places = chain(map(_place, names if len(files) > 1 else ()), first_keywords(files))
    by_id = listed_by_id(path, sidecar)
    listed, said = beside_folders(by_id, places, sidecar,
        lambda: by_id is not None and by_id.names_most(one.message_id for one in first_mails(files)))  # fmt: skip
    box = Box(sidecar, listed=listed, said=said)
    for file, name in zip(files, names):
        # one export of a whole mailbox says nothing by its name; a file per folder does
        place = _place(name) if len(files) > 1 else ""
        split, whole = split_of(name, sidecar)
        with file.open("rb") as stream:
            for number, content in enumerate(messages_of(stream), start=1):
                source = f"{name}:{number}"
                if isinstance(content, TooLarge):
                    yield refused(source, content.why, "leave it out, or take its attachments away")
                    continue
                if is_expunged(content):
                    box.own["expunged"] += 1
                    continue
                made = box.sample(content, source, "" if whole else place, (), split)
                if made is not None:
                    yield made
    yield from box.findings()


def _place(name: str) -> str:
    """`Archive.sbd/Billing` and `Billing.mbox/mbox` → `Billing`"""
    parts = [part for part in name.split("/") if part]
    if parts[-1].lower() in ("mbox", "mboxrd") and len(parts) > 1:
        parts = parts[:-1]
    bare = [
        re.sub(r"\.(mbox|mbx|mboxrd|mboxo|sbd)$", "", one, flags=re.IGNORECASE) for one in parts
    ]
    return shown_name(folders.without_periods(bare)[-1])


def mbox_files(path: Path) -> list[Path]:
    """Files that begin like an mbox, by suffix or (Thunderbird) without one."""
    if path.is_file():
        return [path]
    found = []
    for file in sorted(path.rglob("*")):
        parts = file.relative_to(path).parts
        if len(parts) > MAX_DEPTH or any(part.startswith(".") for part in parts[:-1]):
            continue
        suffix = file.suffix.lower()
        if file.is_file() and (suffix in _MBOX_SUFFIXES or not suffix) and is_mbox(file):
            found.append(file)
    return found


def is_mbox(file: Path) -> bool:
    """Whether a file begins with an mbox's first line."""
    try:
        with file.open("rb") as stream:
            return stream.read(5) == b"From "
    except OSError:
        return False


def read_eml(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """One mail per file; the folder it lies in is its intent.

    Raises:
        DataError: no EML file there.
    """
    files = eml_files(path)
    if not files:
        raise DataError("no .eml file here", where=str(path), fix="name the folder that holds them")
    base = path if path.is_dir() else path.parent
    places = (_folder(file.relative_to(base).as_posix(), sidecar) for file in files)
    by_id = None if (named := listed_labels(path, files, sidecar)) else listed_by_id(path, sidecar)
    listed, said = beside_folders(named or by_id, places, sidecar, lambda: by_id is None or by_id.names_most(ids_of(files)))  # fmt: skip
    box = Box(sidecar, listed=listed, said=said)
    for file in files:
        name = file.relative_to(base).as_posix()
        split, _ = split_of(f"{name.rsplit('/', 1)[0]}/mail" if "/" in name else "mail", sidecar)
        try:
            content, words = opened(file)
        except OSError as error:
            yield refused(name, f"cannot be read: {error.strerror}")
            continue
        except DataError as error:
            yield refused(name, error.what, error.fix)
            continue
        made = box.sample(content, name, _folder(name, sidecar), words, split)
        if made is not None:
            yield made
    yield from box.findings()


def _folder(name: str, sidecar: Sidecar) -> str:
    """The innermost folder that is not the name of a split; of Apple Mail's folders the mailbox."""
    boxes = [part for part in name.split("/")[:-1] if part.lower().endswith(".mbox")]
    if boxes:
        return _place(boxes[-1])
    for part in reversed(folders.without_periods(name.split("/")[:-1])):
        if part in sidecar.labels:
            return part
        if split_of(f"{part}/mail", sidecar)[0] is None and not is_piece(part):
            return part
    return ""


def read_texts(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """One text or mail per file, whatever it is called; the folder it lies in is its intent.

    Raises:
        DataError: no folders of texts there.
    """
    texts = loose_texts(path)
    places = (_folder(file.relative_to(path).as_posix(), sidecar) for file in texts)
    listed, said = beside_folders(listed_labels(path, texts, sidecar), places, sidecar)
    files = texts if listed is not None else text_files(path)
    if not files:
        raise DataError("no folders of text files here", where=str(path), fix="a folder for each intent, a file for each text; or a table with the columns file and label beside them")  # fmt: skip
    box = Box(sidecar, listed=listed, said=said)
    for file in files:
        name = file.relative_to(path).as_posix()
        split, _ = split_of(f"{name.rsplit('/', 1)[0]}/mail", sidecar)
        try:
            content = file.read_bytes()
        except OSError as error:
            yield refused(name, f"cannot be read: {error.strerror}")
            continue
        if not content.strip():
            yield refused(name, "nothing stands in it", "leave it out")
            continue
        made = box.sample(as_mail(content, NOBODY), name, _folder(name, sidecar), (), split)
        if made is not None:
            yield made
    yield from box.findings()


def read_maildir(path: Path, sidecar: Sidecar) -> Iterator[RawSample | Finding]:
    """Mails of a Maildir and its folders (Maildir++ dots or sub-folders), keywords included.

    Raises:
        DataError: no Maildir there.
    """
    box = Box(sidecar, headers=())  # a server keeps keywords beside the mails
    found = False
    for mail in mails_of(path):
        found = True
        made = _of_maildir(box, mail)
        if made is not None:
            yield made
    if not found:
        raise DataError(
            "no mail in this Maildir", where=str(path), fix="name the folder with cur and new in it"
        )
    yield from box.findings()


def _of_maildir(box: Box, mail: MaildirMail) -> RawSample | Finding | None:
    try:
        content = mail.path.read_bytes()
    except OSError as error:
        return refused(mail.source, f"cannot be read: {error.strerror}")
    if mail.trashed:
        box.own["trash"] += 1
        return None
    return box.sample(content, mail.source, mail.folder, mail.keywords)
