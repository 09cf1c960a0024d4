"""The mails of a dataset version as the checks see them: read once, at most so many.

Which mails are looked at does not depend on the order of files: they are spread evenly over the ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kits.core.dataset import Dataset, DatasetItem
from kits.core.errors import DataError
from kits.core.mail.automatic import why_automatic
from kits.support_triage._mail.reading import Reading, read_mail

MOST_MAILS = 30_000
"""Mails that are read for the checks; more would only sharpen shares that are clear by then."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail with what is known of it.

    Attributes:
        automatic: why a machine wrote it; empty for a person's.
    """

    item: DatasetItem
    reading: Reading
    automatic: str

    @property
    def label(self) -> str:
        return self.item.annotation.label if self.item.annotation else ""

    @property
    def intents(self) -> tuple[str, ...]:
        return tuple(part for part in self.label.split("|") if part)

    @property
    def words(self) -> int:
        return len(self.reading.text.split())

    @property
    def language(self) -> str:
        """As the data says, else as it reads."""
        stated = self.item.sample.meta.get("language")
        return stated if isinstance(stated, str) and stated else self.reading.language

    @property
    def name(self) -> str:
        return self.item.sample.source or self.item.sample.id


def load(dataset: Dataset) -> tuple[list[Mail], int]:
    """The mails, and how many could not be read."""
    mails: list[Mail] = []
    unread = 0
    for item in spread(dataset.items, MOST_MAILS):
        try:
            reading = read_mail(dataset.content(item))
        except DataError:
            unread += 1
            continue
        mails.append(Mail(item, reading, why_automatic(reading.message)))
    return mails, unread


def spread(items: Sequence[DatasetItem], most: int) -> list[DatasetItem]:
    """Every n-th item."""
    step = max(1, -(-len(items) // most))
    return list(items[::step])
