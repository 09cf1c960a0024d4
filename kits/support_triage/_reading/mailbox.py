"""Mails of one mailbox → samples with the intent that their place, keywords or a table beside them tell; what was left out is counted.

Which words are intents and which only places is `folders.py`'s table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from kits.core.annotation import Annotation
from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.mail import folders
from kits.core.mail.automatic import author_address, plain_address
from kits.core.mail.message import Message, read_message
from kits.core.mail.threads import thread_key
from kits.support_triage._reading.answered import Answered
from kits.support_triage._reading.keywords import (
    KEYWORD_HEADERS,
    OF_ANYBODY,
    keywords_of,
)
from kits.support_triage._reading.listed_labels import (
    ListedLabels,
)
from kits.support_triage._reading.rows import MEDIA_TYPE, joined_intents
from kits.support_triage._reading.sidecar import Sidecar
from kits.support_triage._reading.text_files import is_piece

_SHOWN = 8
_OWN_WORDS = {
    "sent": "lie in sent folders (the firm's own)",
    "drafts": "lie in drafts folders (not sent)",
    "trash": "lie in trash folders (thrown away)",
    "spam": "lie in spam folders (unwanted)",
    "expunged": "are marked as deleted or moved elsewhere (X-Mozilla-Status)",
    "own": "were written by own_addresses",
}


@dataclass
class Box:
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
            return refused(source, error.what, error.fix)
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
                left_out=count,
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


def refused(source: str, why: str, fix: str = "") -> Finding:
    """A mail that cannot be read."""
    fix = fix or "export it again"
    return Finding("unreadable-mail", "fail", f"{source}: {why}", (source,), fix)
