"""Rows of a table → mails with what is known of them. A row becomes a canonical mail, so equal texts are equal bytes.

It knows roles, not names of columns; which files there are is `table_files.py`'s question.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from kits.core.annotation import Annotation
from kits.core.dataset import Split
from kits.core.errors import DataError
from kits.core.kit import Finding, RawSample
from kits.core.mail.message import read_message
from kits.core.mail.threads import thread_key
from kits.core.mail.writing import write_message
from kits.core.prediction import Quantity
from kits.core.tables import BadRow, Row
from kits.support_triage._mail.html_text import html_to_text
from kits.support_triage._mail.reading import read_mail
from kits.support_triage._reading.answered import Answered
from kits.support_triage._reading.fits import SPLITS_SAID, YES, are_pages
from kits.support_triage._reading.levels import (
    SENTIMENT,
    URGENCY,
    is_number,
    level_of,
    tone_scale,
)
from kits.support_triage._reading.roles import Roles
from kits.support_triage._reading.row_dates import ReadDate, date_reader
from kits.support_triage._reading.sidecar import Sidecar
from kits.support_triage._reading.spans import Piece, pieces_in, place
from kits.support_triage._reading.text_files import is_mail
from kits.support_triage._reading.writers import Writers

NOBODY = "customer@example.invalid"
"""Who wrote a row that names nobody: a mail without a sender would be taken for a machine's."""
MEDIA_TYPE = "message/rfc822"
MAX_LABEL = 200
MAX_INTENTS = 50
_SHOWN, _FEW_WORDS, _ALMOST_ALL = 20, 6, 0.9
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,240}@[^<>\s]{1,240}>")


@dataclass(frozen=True)
class RowReader:
    """Makes samples of the rows of one file.

    Attributes:
        name: of the file, for sources.
        split: of the whole file; a row's own column comes first.
        tones: cell → 0, 1 or 2, for the file's sentiment column.
        read_date: of the file's column of dates.
        pages: columns whose texts are written in HTML.
        whole: whether the texts are whole mails, with their headers.
        intent: of all its rows; empty: these tell it.
        writers: who wrote the rows; what the firm did is left out.
    """

    name: str
    roles: Roles
    sidecar: Sidecar
    split: Split | None = None
    tones: Mapping[str, float] = field(default_factory=dict)
    read_date: ReadDate = lambda _: None
    pages: frozenset[str] = frozenset()
    whole: bool = False
    writers: Writers = field(default_factory=Writers)
    intent: str = ""
    answered: Answered = field(default_factory=Answered)

    def samples(self, rows: Iterator[tuple[int, Row] | BadRow]) -> Iterator[RawSample | Finding]:
        """Samples in the order of the rows; rows that state one more entity of the same text are one sample."""
        lost, bare = 0, False
        empty: list[str] = []
        unknown: Counter[str] = Counter()
        passed: defaultdict[str, list[str]] = defaultdict(list)
        for number, row, pieces in self._joined(rows):
            if isinstance(row, str):
                yield self._refused(number, row)
                continue
            if told := self.writers.firm_by(row):
                passed[told].append(f"{self.name}:{number}")
                continue
            if self._says_nothing(row):
                empty.append(f"{self.name}:{number}")
                continue
            urgency = _cell(row, self.roles.urgency).strip()
            bare = bare or self._is_bare_number(urgency)
            if urgency and self._urgency(urgency) is None:
                unknown[urgency] += 1
            made = self._sample(number, row, pieces)
            if isinstance(made, Finding):
                yield made
                continue
            lost += len(pieces) - len(made.annotation.spans if made.annotation else ())
            yield made
        if bare:
            yield Finding(
                "urgency-in-numbers",
                "warn",
                f"{self.roles.urgency!r} holds numbers: the larger is taken for the more urgent",
                (self.name,),
                "nothing to do if so; where 1 is the most urgent, say it in mails.yaml: urgency: {'1': 3, '2': 2, '3': 1}",
            )
        if unknown:
            yield urgency_unknown(self.name, self.roles.urgency, list(unknown), unknown.total())
        yield from self.writers.findings(passed, self.name)
        if empty:
            yield self._without_text(empty)
        if lost:
            yield Finding(
                "entities-lost",
                "warn",
                f"{lost} entities do not stand in the text as it is read, and were left out",
                (self.name,),
                "count offsets in characters of the text column, from 0, the end exclusive",
            )

    def _joined(
        self, rows: Iterator[tuple[int, Row] | BadRow]
    ) -> Iterator[tuple[int, Row | str, tuple[Piece, ...]]]:
        held: tuple[int, Row, tuple[Piece, ...]] | None = None
        for found in rows:
            if isinstance(found, BadRow):
                if held:
                    yield held
                held = None
                yield found.line, found.why, ()
                continue
            number, row = found
            pieces = pieces_in(row, self.roles)
            if held and self.roles.entity_type and pieces and self._same(held[1], row):
                held = (held[0], held[1], (*held[2], *pieces))
                continue
            if held:
                yield held
            held = (number, row, pieces)
        if held:
            yield held

    def _same(self, one: Row, two: Row) -> bool:
        roles = self.roles
        names = (roles.text, roles.subject, roles.id, *roles.label)
        return all(one.get(name, "") == two.get(name, "") for name in names if name)

    def _sample(self, number: int, row: Row, pieces: tuple[Piece, ...]) -> RawSample | Finding:
        roles = self.roles
        text, subject = _cell(row, roles.text), _cell(row, roles.subject)
        label = self._label(row)
        if len(label) > MAX_LABEL * MAX_INTENTS:
            return self._refused(number, "a label of this length is none")
        if roles.text in self.pages and not pieces:
            text = html_to_text(text).text
        if roles.subject in self.pages:
            subject = html_to_text(subject).text.strip()
        content = self._whole_mail(text) or self._as_mail(row, subject, text)
        spans = place(pieces, text, read_mail(content).text) if pieces else ()
        annotation = Annotation(
            label=label, spans=spans, quantities=tuple(self._quantities(row)), author=self.name
        )
        known = bool(label or spans or annotation.quantities or pieces)
        return RawSample(
            content=content,
            media_type=MEDIA_TYPE,
            source=f"{self.name}:{number}",
            annotation=annotation if known or self._states_entities(row) else None,
            group=self._group(row) or self._thread(content) or self._answered(number, row, subject),
            split=self._split(row),
            meta=self._meta(row),
        )

    def _whole_mail(self, text: str) -> bytes:
        content = text.lstrip().encode(errors="replace") if self.whole else b""
        return content if is_mail(content) else b""

    def _thread(self, content: bytes) -> str:
        root = thread_key(read_message(content)) if self.whole else ""
        return f"thread={root}" if root else ""

    def _as_mail(self, row: Row, subject: str, text: str) -> bytes:
        """The row as a mail; what is no address or no date is left out of its headers."""
        date = self.read_date(_cell(row, self.roles.date))
        identity = _cell(row, self.roles.id).strip()
        known = identity if _MESSAGE_ID.fullmatch(identity) else ""
        sender = _sender(row, self.roles)
        try:
            return write_message(
                subject=subject, body=text, sender=sender, date=date, message_id=known
            )
        except DataError:
            # a name or half an address: the text is what counts
            return write_message(
                subject=subject, body=text, sender=NOBODY, date=date, message_id=known
            )

    def _states_entities(self, row: Row) -> bool:
        """A column of entities that is empty here states that there are none."""
        return bool(self.roles.entities) and self.roles.entities in row and bool(self.roles.label)

    def _label(self, row: Row) -> str:
        if self.roles.flags:
            stated = self.sidecar.labels
            named = [n for n in self.roles.flags if _cell(row, n).strip().lower() in YES]
            return joined_intents("|".join(stated.get(name, name) for name in named), "|")
        parts = [self.intent]
        for name in self.roles.label:
            cell = " ".join(_cell(row, name).split())
            parts.append(self.sidecar.labels.get(cell, cell))
        joined = "/".join(part for part in parts if part)
        return joined_intents(joined, self.sidecar.separator)

    def _is_bare_number(self, cell: str) -> bool:
        """Whether nobody said which end of a scale is the urgent one."""
        cell = cell.strip()
        return bool(cell) and cell not in self.sidecar.urgency and is_number(cell)

    def _urgency(self, cell: str) -> float | None:
        stated = self.sidecar.urgency.get(cell)
        return level_of(cell, URGENCY) if stated is None else stated

    def _quantities(self, row: Row) -> Iterator[Quantity]:
        urgency = _cell(row, self.roles.urgency).strip()
        if urgency:
            level = self._urgency(urgency)
            if level is not None:
                yield Quantity("urgency", level, "level")
        tone = _cell(row, self.roles.sentiment).strip()
        if tone:
            told = self.sidecar.sentiment.get(tone, self.tones.get(tone))
            told = level_of(tone, SENTIMENT) if told is None and not self.tones else told
            if told is not None:
                yield Quantity("sentiment", told, "level")

    def _group(self, row: Row) -> str:
        column = self.roles.group
        if self.sidecar.group == "sender" and self.roles.sender:
            column = self.roles.sender
        value = _cell(row, column).strip().lower()
        return f"{column}={value}" if value else ""

    def _answered(self, number: int, row: Row, subject: str) -> str:
        """The row whose subject and sender this one has, where it answers; rows without a subject or a sender stand alone."""
        found = self.answered.thread(subject, _cell(row, self.roles.sender), f"{self.name}:{number}")  # fmt: skip
        return f"thread={found}" if found else ""

    def _split(self, row: Row) -> Split | None:
        stated = _cell(row, self.roles.split).strip().lower()
        return SPLITS_SAID.get(stated) or self.split

    def _meta(self, row: Row) -> dict[str, JsonValue]:
        roles = self.roles
        found = {
            "language": _cell(row, roles.language).strip().lower().replace("_", "-").split("-")[0],
            "source": _cell(row, roles.source).strip(),
            "id": _cell(row, roles.id).strip(),
        }
        return {name: value[:200] for name, value in found.items() if value}

    def _says_nothing(self, row: Row) -> bool:
        return (
            not _cell(row, self.roles.text).strip() and not _cell(row, self.roles.subject).strip()
        )

    def _without_text(self, rows: Sequence[str]) -> Finding:
        """Published complaints have a text in a row of three: nothing is wrong with the others, and one word is enough."""
        columns = " and ".join(map(repr, filter(None, (self.roles.subject, self.roles.text))))
        return Finding(
            "rows-without-text", "warn", f"{len(rows)} rows of {self.name} have nothing in {columns}: left out", tuple(rows[:_SHOWN]),
            "nothing to do if nobody wrote anything there; else name the column of the text in mails.yaml",
            left_out=len(rows),
        )  # fmt: skip

    def _refused(self, number: int, why: str) -> Finding:
        return Finding(
            "unreadable-row",
            "fail",
            f"row {number} of {self.name} cannot be used: {why}",
            (f"{self.name}:{number}",),
            "correct the row, or leave it out",
        )


def urgency_unknown(name: str, column: str, words: Sequence[str], rows: int) -> Finding:
    """What is said of words for urgency that nobody told the level of."""
    shown = ", ".join(words[:_FEW_WORDS]) + (", …" if len(words) > _FEW_WORDS else "")
    stated = ", ".join(f"{json.dumps(word, ensure_ascii=False)}: {at}" for at, word in enumerate(words[:2], start=1))  # fmt: skip
    return Finding(
        "urgency-unknown",
        "warn",
        f"{rows} rows of {name} have no urgency: it is not known how urgent {shown} in {column!r} is",
        (name,),
        f"say it in mails.yaml, larger is more urgent: columns: {{urgency: {json.dumps(column, ensure_ascii=False)}}} and urgency: {{{stated}, …}};"
        " nothing to do if it is none",
    )


def joined_intents(cell: str, separators: str) -> str:
    """`refund; delay` → `delay|refund`: several intents of one mail, sorted, each once."""
    pattern = f"[{re.escape(separators)}]" if separators else r"(?!)"
    parts = {part.strip() for part in re.split(pattern, cell)}
    return "|".join(sorted(parts - {""})[:MAX_INTENTS])


def as_written(reader: RowReader, head: list[Row]) -> tuple[RowReader, list[Finding]]:
    """The reader, told by some of a file's rows what numbers of its sentiment column mean and how dates and texts are written;
    what was assumed."""
    roles = reader.roles
    tones = set(_filled(head, roles.sentiment))
    read_date, assumed = date_reader(_filled(head, roles.date))
    told = [Finding(
        "dates-assumed", "warn", f"dates of {roles.date!r} were read {assumed}", (reader.name,),
        "nothing to do if so; else write them as 2025-04-03",
    )] if assumed else []  # fmt: skip
    shown = (roles.text, roles.subject)
    pages = frozenset(name for name in shown if are_pages(_filled(head, name)))
    texts = _filled(head, roles.text)
    whole = bool(texts) and sum(
        is_mail(text.encode(errors="replace")) for text in texts
    ) >= _ALMOST_ALL * len(texts)
    told += [Finding(
        "whole-mails", "pass", f"{roles.text!r} holds whole mails with their headers: read as mails", (reader.name,),
    )] if whole else []  # fmt: skip
    scale = tone_scale(tones) if tones else reader.tones
    return replace(reader, tones=scale, read_date=read_date, pages=pages, whole=whole), told


def _filled(head: list[Row], column: str) -> list[str]:
    return [cell for row in head if (cell := row.get(column, "").strip())] if column else []


def _cell(row: Row, name: str) -> str:
    return row.get(name, "") if name else ""


def _sender(row: Row, roles: Roles) -> str:
    """An address: the column's, where it holds one."""
    cell = " ".join(_cell(row, roles.sender).split())
    return cell if "@" in cell and len(cell) <= 300 else NOBODY
