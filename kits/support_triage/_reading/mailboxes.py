"""Mailboxes as files → mails with the intent that their place or keywords tell: mbox, EML files, Maildir, folders of texts.

The mails stay as they are, byte for byte. Which words are intents and which only places is `folders.py`'s table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path

from kits.core.annotation import Annotation
from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.mail import folders
from kits.core.mail.automatic import author_address, plain_address
from kits.core.mail.message import Message, read_message
from kits.core.mail.threads import thread_key
from kits.support_triage._reading.answered import Answered
from kits.support_triage._reading.imap_names import shown_name
from kits.support_triage._reading.keywords import (
    KEYWORD_HEADERS,
    OF_ANYBODY,
    first_keywords,
    first_mails,
    ids_of,
    keywords_of,
)
from kits.support_triage._reading.listed_labels import (
    ListedLabels,
    beside_folders,
    listed_by_id,
    listed_labels,
)
from kits.support_triage._reading.mail_files import eml_files, opened
from kits.support_triage._reading.maildir import MaildirMail, mails_of
from kits.support_triage._reading.mbox import TooLarge, messages_of
from kits.support_triage._reading.rows import MEDIA_TYPE, NOBODY, joined_intents
from kits.support_triage._reading.sidecar import Sidecar
from kits.support_triage._reading.splits import split_of
from kits.support_triage._reading.text_files import as_mail, is_piece, loose_texts, text_files

MAX_DEPTH = 12
_SHOWN = 8
_MBOX_SUFFIXES = frozenset({".mbox", ".mbx", ".mboxrd", ".mboxo"})
_OWN_WORDS = {
    "sent": "lie in sent folders (the firm's own)",
    "drafts": "lie in drafts folders (not sent)",
    "trash": "lie in trash folders (thrown away)",
    "spam": "lie in spam folders (unwanted)",
    "own": "were written by own_addresses",
}


@dataclass
class _Box:
    """What is shared by all mails of one reading."""

    sidecar: Sidecar
    headers: tuple[str, ...] = KEYWORD_HEADERS
    threads: dict[str, str] = field(default_factory=dict)
    own: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    pieces: Counter[str] = field(default_factory=Counter)
    stated: set[str] = field(default_factory=set)
    listed: ListedLabels | None = None
    unlisted: int = 0
    said: tuple[Finding, ...] = ()
    answered: Answered = field(default_factory=Answered)

    @cached_property
    def ours(self) -> frozenset[str]:
        """The firm's addresses as they are compared."""
        return frozenset(plain_address(one) for one in self.sidecar.own_addresses)

    def sample(
        self,
        content: bytes,
        source: str,
        place: str,
        keywords: Iterable[str] = (),
        split: Split | None = None,
    ) -> RawSample | Finding | None:
        """One mail; None when its place says that no customer wrote it."""
        if kind := folders.own_kind(place):
            self.own[kind] += 1
            return None
        try:
            message = read_message(content)
        except DataError as error:
            return _refused(source, error.what, error.fix)
        if plain_address(author_address(message, self.sidecar.own_addresses)) in self.ours:
            self.own["own"] += 1
            return None
        stated = self.sidecar.labels_from == "keywords"
        words = [*keywords, *keywords_of(message, OF_ANYBODY if stated else self.headers)]
        if kind := next((k for word in words if (k := folders.own_kind(word))), ""):
            self.own[kind] += 1
            return None
        label = self._label(place, words) if self.listed is None else self._listed(source, message)
        self.labels.update(label.split("|") if label else ())
        if not (label or place or self.listed):
            self.pieces.update(part for part in source.split("/")[:-1] if is_piece(part))
        annotation = Annotation(label=label, author=place or source) if label else None
        return RawSample(
            content, MEDIA_TYPE, source, annotation, self._group(message, source), split
        )

    def _listed(self, source: str, message: Message) -> str:
        """What the table beside the mails says of one, which it calls by its file or its Message-ID."""
        assert self.listed is not None
        cell = self.listed.of(message.message_id) or self.listed.of(source)
        self.unlisted += not cell
        named = [self.sidecar.labels.get(one, one) for one in joined_intents(cell, self.listed.separators(self.sidecar.separator)).split("|")]  # fmt: skip
        return joined_intents("|".join(named), "|")

    def _label(self, place: str, words: list[str]) -> str:
        stated = self.sidecar
        if stated.labels_from == "nothing":
            return ""
        marks = [self._intent(word, folders.is_system) for word in words]
        marks = [mark for mark in marks if mark]
        if stated.labels_from != "folders" and marks:
            return joined_intents("|".join(mark.replace("|", "/") for mark in marks), "|")
        if stated.labels_from == "keywords" or not place:
            return ""
        return self._intent(place, folders.is_default).replace("|", "/").strip()

    def _intent(self, name: str, is_place: Callable[[str], bool]) -> str:
        """What a folder or keyword stands for; one that says nothing of a mail's matter is counted."""
        if name in self.sidecar.labels:
            self.stated.add(name)
            return self.sidecar.labels[name]
        if is_place(name):
            self.places[name] += 1
            return ""
        return name

    def _group(self, message: Message, source: str) -> str:
        """The thread by its first known mail, also when a mail of it names only the one before."""
        if self.sidecar.group == "sender":
            return f"sender={message.sender.lower()}" if message.sender else ""
        known = [i for i in (*message.references, message.in_reply_to, message.message_id) if i]
        root = next((self.threads[i] for i in known if i in self.threads), thread_key(message))
        if not message.references and not message.in_reply_to:
            root = self.answered.thread(message.subject, message.sender, root or source, root)
        for one in known:
            self.threads.setdefault(one, root)
        return f"thread={root}" if root else ""

    def findings(self) -> Iterator[Finding]:
        """What to know about the whole."""
        yield from self.said
        if self.listed is not None:
            yield self.listed.finding()
            if self.unlisted and not self.listed.unlisted:
                yield Finding("labels-of-some", "warn", f"of {self.unlisted} mails {self.listed.table} says nothing: they have no label",
                              (self.listed.table,), "add a line for each of them, or kit label")  # fmt: skip
        for kind, count in sorted(self.own.items()):
            yield Finding(
                "mails-passed-over",
                "warn",
                f"{count} mails {_OWN_WORDS[kind]} and were left out",
                fix="nothing to do: they are no customers' mails to learn from",
            )
        yield from self._told_pieces()
        if self.labels:
            shown = ", ".join(f"{name} {count}" for name, count in self.labels.most_common(_SHOWN))
            yield Finding("labels", "pass", f"{len(self.labels)} intents found: {shown}")
            yield from self._told_places()
            yield from self._told_unknown()
        else:
            yield Finding(
                "no-labels",
                "warn",
                "no mail has a label: folders and keywords tell none",
                fix="kit label, or state labels_from and labels in mails.yaml",
            )

    def _told_places(self) -> Iterator[Finding]:
        if not self.places:
            return
        shown = ", ".join(f"{name} {count}" for name, count in self.places.most_common(_SHOWN))
        shown += ", …" if len(self.places) > _SHOWN else ""
        yield Finding(
            "places",
            "pass",
            f"{len(self.places)} folders or keywords name no intent, only where a mail lay or how it stood: {shown}",
            fix="if one is an intent all the same, say so under labels in mails.yaml",
        )

    def _told_pieces(self) -> Iterator[Finding]:
        if not self.pieces:
            return
        shown = ", ".join(f"{name} {count}" for name, count in self.pieces.most_common(_SHOWN))
        one = min(self.pieces)
        yield Finding(
            "places", "warn", f"{len(self.pieces)} folders are called as pieces of a set and are no intents: {shown}", tuple(sorted(self.pieces)),
            f"nothing to do if so; else say it in mails.yaml, such as labels: {{{one}: {one}}}, and import with --replace",
        )  # fmt: skip

    def _told_unknown(self) -> Iterator[Finding]:
        absent = sorted(set(self.sidecar.labels) - self.stated)
        if absent:
            yield Finding(
                "labels-unknown",
                "warn",
                f"mails.yaml says what {len(absent)} folders or keywords stand for that no mail has",
                tuple(absent),
                "write them as they stand in the line above that begins with labels or places",
            )


def _refused(source: str, why: str, fix: str = "") -> Finding:
    fix = fix or "export it again"
    return Finding("unreadable-mail", "fail", f"{source}: {why}", (source,), fix)


# -- formats ----------------------------------------------------------------------------------------


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
    box = _Box(sidecar, listed=listed, said=said)
    for file, name in zip(files, names):
        # one export of a whole mailbox says nothing by its name; a file per folder does
        place = _place(name) if len(files) > 1 else ""
        split, whole = split_of(name, sidecar)
        with file.open("rb") as stream:
            for number, content in enumerate(messages_of(stream), start=1):
                source = f"{name}:{number}"
                if isinstance(content, TooLarge):
                    yield _refused(
                        source, content.why, "leave it out, or take its attachments away"
                    )
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
    return shown_name(re.sub(r"\.(mbox|mbx|mboxrd|mboxo|sbd)$", "", parts[-1], flags=re.IGNORECASE))


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
    box = _Box(sidecar, listed=listed, said=said)
    for file in files:
        name = file.relative_to(base).as_posix()
        split, _ = split_of(f"{name.rsplit('/', 1)[0]}/mail" if "/" in name else "mail", sidecar)
        try:
            content, words = opened(file)
        except OSError as error:
            yield _refused(name, f"cannot be read: {error.strerror}")
            continue
        except DataError as error:
            yield _refused(name, error.what, error.fix)
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
    for part in reversed(name.split("/")[:-1]):
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
    box = _Box(sidecar, listed=listed, said=said)
    for file in files:
        name = file.relative_to(path).as_posix()
        split, _ = split_of(f"{name.rsplit('/', 1)[0]}/mail", sidecar)
        try:
            content = file.read_bytes()
        except OSError as error:
            yield _refused(name, f"cannot be read: {error.strerror}")
            continue
        if not content.strip():
            yield _refused(name, "nothing stands in it", "leave it out")
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
    box = _Box(sidecar, headers=())  # a server keeps keywords beside the mails
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


def _of_maildir(box: _Box, mail: MaildirMail) -> RawSample | Finding | None:
    try:
        content = mail.path.read_bytes()
    except OSError as error:
        return _refused(mail.source, f"cannot be read: {error.strerror}")
    if mail.trashed:
        box.own["trash"] += 1
        return None
    return box.sample(content, mail.source, mail.folder, mail.keywords)
