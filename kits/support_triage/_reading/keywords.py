"""Keywords that mail programs write into mails: which headers hold them, and what stands there."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from kits.core.errors import DataError
from kits.core.mail.message import Message, read_message
from kits.support_triage._reading.mail_files import opened
from kits.support_triage._reading.mbox import TooLarge, messages_of

KEYWORD_HEADERS: Final = ("x-gmail-labels", "x-keywords", "x-mozilla-keys")
"""Where mail programs write keywords into the mail. Whoever sends a mail can write them, too."""
OF_ANYBODY: Final = (*KEYWORD_HEADERS, "keywords")
"""Also the one that mails are sent with: Outlook's categories, and what newsletters are about."""
_MAX_KEYWORDS = 100
_LOOKED_AT = 50
_MOST_FILES = 200


def keywords_of(message: Message, headers: Iterable[str]) -> list[str]:
    """What stands in the mail itself."""
    words: list[str] = []
    for name in headers:
        for value in message.headers.get(name, ()):
            listed = "," in value or name == "x-gmail-labels"
            words += (_listed(value) if listed else value.split())[:_MAX_KEYWORDS]
    return [word for word in map(_unquoted, words) if word]


def first_keywords(mailboxes: Sequence[Path]) -> Iterator[str]:
    """Those of the first mails of mbox files, to know whether there are any."""
    for message in first_mails(mailboxes):
        yield from keywords_of(message, KEYWORD_HEADERS)


def first_mails(mailboxes: Sequence[Path]) -> Iterator[Message]:
    """The first mails of mbox files, those that can be read."""
    for file in mailboxes[:_LOOKED_AT]:
        with file.open("rb") as stream:
            for content in islice(messages_of(stream), _LOOKED_AT):
                if isinstance(content, TooLarge):
                    continue
                try:
                    yield read_message(content)
                except DataError:
                    continue  # who reads them all says so


def ids_of(files: Sequence[Path]) -> Iterator[str]:
    """The Message-IDs of mails in files of their own, of those that can be read, evenly from all folders."""
    for file in files[:: max(1, len(files) // _MOST_FILES)]:
        try:
            yield read_message(opened(file)[0]).message_id
        except (DataError, OSError):
            continue  # who reads them all says so


def _listed(value: str) -> list[str]:
    """Words between commas; one that holds a comma itself stands in quotes."""
    try:
        cut = next(csv.reader([" ".join(value.split())], skipinitialspace=True), [])
    except csv.Error:
        cut = value.split(",")
    return [word.strip() for word in cut]


def _unquoted(word: str) -> str:
    return word[1:-1] if len(word) > 1 and word[0] == word[-1] == '"' else word
