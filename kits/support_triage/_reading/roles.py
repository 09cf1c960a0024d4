"""What each column of a table is for, by its name and its cells, and said in words.

A person's statement in `mails.yaml` comes first. Only a head of the file is looked at; rows are made elsewhere.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from statistics import fmean
from typing import Any

from kits.core.dataset import SPLIT_WORDS, Split
from kits.core.errors import ConfigError, did_you_mean
from kits.core.tables import Row
from kits.support_triage._reading.levels import SENTIMENT, URGENCY, level_of
from kits.support_triage._reading.sidecar import Sidecar

LABEL_NAMES = (
    "intent", "intents", "label", "labels", "category", "categories", "queue", "topic", "class", "target", "kategorie",
    "thema", "anliegen", "categorie", "categoria", "ticket_type", "type", "department", "team", "product", "issue",
    "tag", "reason", "domain",
)  # fmt: skip
"""Best first; words of the name count too (`ticket_category`)."""
_SURE_NAMES = frozenset(LABEL_NAMES[:8])
"""Names that mean the label even where its values hardly come again: a file of few rows and many intents."""
_SMALL_LOT, _MOST_OF_ONE = 10, 0.2
"""Rows of one lot of what belongs together: so many, or such a share of all."""
TEXT_NAMES = (
    "text", "body", "utterance", "message", "narrative", "email", "mail", "content", "sentence", "query", "question",
    "description", "comment", "review", "request", "nachricht", "inhalt", "texte", "mensaje", "testo", "instruction",
)  # fmt: skip
SUBJECT_NAMES = ("subject", "title", "betreff", "objet", "asunto", "oggetto", "summary", "headline")
_NAMES: Mapping[str, tuple[str, ...]] = {
    "urgency": ("urgency", "priority", "severity", "dringlichkeit", "prioritaet", "priorität", "impact"),
    "sentiment": ("sentiment", "polarity", "tone", "positive", "stimmung", "mood"),
    "language": ("language", "lang", "locale", "sprache", "langue", "idioma", "lingua"),
    "date": ("date", "datetime", "timestamp", "created", "created_at", "received", "sent_at", "datum", "time"),
    "group": (
        "thread", "thread_id", "conversation", "conversation_id", "customer", "customer_id", "user_id", "account_id",
        "client_id", "ticket", "ticket_id", "session_id", "kunde", "kundennummer", "group",
    ),
    "id": ("id", "ticket_id", "message_id", "complaint_id", "case_id", "number", "nr"),
    "sender": ("from", "sender", "sender_email", "from_address", "email_address", "absender", "von"),
    "split": ("split", "set", "partition", "subset", "fold_name"),
    "source": ("source", "channel", "mailbox", "shop", "site", "quelle"),
    "entities": ("entities", "slots", "spans", "annotations", "ner"),
    "entity_type": ("entity_type", "entity", "entity_label", "slot", "slot_name"),
    "entity_start": ("start_offset", "entity_start", "start", "begin", "span_start"),
    "entity_end": ("end_offset", "entity_end", "end", "span_end"),
}  # fmt: skip
SPLITS_SAID: Mapping[str, Split] = {**SPLIT_WORDS, "dev": "val", "eval": "val", "holdout": "test"}
_BY_A_WORD = frozenset({"urgency", "sentiment", "language", "id", "date"})
"""Roles whose name may be a part of a longer one (`complaint_id`); the others are too common words."""
_LABEL_CHARS = 80
_MOST_LABELS = 0.5
_FEW_ROWS = 20
_LABEL_WORDS = 8
_TEXT_WORDS = 2.5
_ALMOST_ALL = 0.9


@dataclass(frozen=True, slots=True)
class Roles:
    """Column names by what they are for; empty where there is none."""

    text: str = ""
    subject: str = ""
    label: tuple[str, ...] = ()
    urgency: str = ""
    sentiment: str = ""
    language: str = ""
    id: str = ""
    date: str = ""
    group: str = ""
    sender: str = ""
    split: str = ""
    source: str = ""
    entities: str = ""
    entity_type: str = ""
    entity_start: str = ""
    entity_end: str = ""

    @property
    def usable(self) -> bool:
        """Whether there is a text to read."""
        return bool(self.text or self.subject)

    def said(self) -> str:
        """`text=utterance, label=intent, …`: what was taken for what."""
        told = []
        for one in fields(self):
            value = getattr(self, one.name)
            if value:
                told.append(f"{one.name}={value if isinstance(value, str) else '+'.join(value)}")
        return ", ".join(told)


def find_roles(columns: Sequence[str], head: Sequence[Row], sidecar: Sidecar) -> Roles:
    """What the columns are for.

    Raises:
        ConfigError: `mails.yaml` names a column that the file does not have.
    """
    free = {name: _cells(head, name) for name in columns if name not in sidecar.ignore}
    stated = _stated(columns, sidecar)
    found = _by_name(free, stated)
    taken = set(_taken(found))
    text = found.text or _a_text(free, taken, TEXT_NAMES)
    subject = found.subject or _a_text(free, taken | {text}, SUBJECT_NAMES, content=False)
    if not text:
        text = _longest(free, taken | {subject})
    found = replace(found, text=text, subject=subject)
    if not found.label:
        label = _a_label(free, set(_taken(found)))
        found = replace(found, label=(label,) if label else ())
    return found


def _cells(head: Sequence[Row], name: str) -> list[str]:
    return [cell for row in head if (cell := row.get(name, "").strip())]


def _stated(columns: Sequence[str], sidecar: Sidecar) -> Roles:
    stated = Roles(**{one.name: getattr(sidecar.columns, one.name) for one in fields(Roles)})
    for name in _taken(stated):
        if name not in columns:
            raise ConfigError(
                f"mails.yaml names the column {name!r}, which is not in the file",
                fix=did_you_mean(name, columns),
            )
    return stated


def _taken(roles: Roles) -> list[str]:
    found: list[str] = []
    for one in fields(roles):
        value = getattr(roles, one.name)
        found.extend([value] if isinstance(value, str) else value)
    return [name for name in found if name]


def _by_name(free: Mapping[str, list[str]], stated: Roles) -> Roles:
    """Roles that a name tells, where the cells bear it out."""
    found = stated
    for role, names in _NAMES.items():
        if getattr(found, role):
            continue
        taken = set(_taken(found))
        for name in _ranked(free, names, words=role in _BY_A_WORD):
            if name not in taken and _FITS[role](free[name]):
                change: dict[str, Any] = {role: name}
                found = replace(found, **change)
                break
    if not (found.entity_type and found.entity_start and found.entity_end):
        found = replace(found, entity_type="", entity_start="", entity_end="")
    return found


def _ranked(
    free: Mapping[str, list[str]], names: Sequence[str], *, words: bool = True
) -> list[str]:
    """Columns that go by one of the names: the whole name first, then one of its words."""
    order = {word: place for place, word in enumerate(names)}
    ranked: list[tuple[int, int, str]] = []
    for name in free:
        plain = _plain(name)
        if plain in order:
            ranked.append((0, order[plain], name))
        elif hits := [order[word] for word in plain.split("_") if words and word in order]:
            ranked.append((1, min(hits), name))
    return [name for _, _, name in sorted(ranked)]


def _plain(name: str) -> str:
    """`Ticket Type`, `ticketType` → `ticket_type`"""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[\W_]+", "_", parted).strip("_").lower()


# -- what cells bear out ----------------------------------------------------------------------------


def _any(_cells: list[str]) -> bool:
    return True


def _levels(cells: list[str]) -> bool:
    known = sum(level_of(cell, URGENCY) is not None for cell in cells)
    return bool(cells) and known >= _ALMOST_ALL * len(cells) and len(set(cells)) <= 12


def _tones(cells: list[str]) -> bool:
    known = sum(level_of(cell, SENTIMENT) is not None for cell in cells)
    return bool(cells) and known >= _ALMOST_ALL * len(cells) and len(set(cells)) <= 12


def _codes(cells: list[str]) -> bool:
    short = sum(
        len(cell) <= 12 and cell.replace("-", "").replace("_", "").isalpha() for cell in cells
    )
    return bool(cells) and short >= _ALMOST_ALL * len(cells)


def _splits(cells: list[str]) -> bool:
    return bool(cells) and all(cell.lower() in SPLITS_SAID for cell in cells)


def _few(cells: list[str]) -> bool:
    return bool(cells) and 1 < len(set(cells)) <= max(2, len(cells) // 3) and _short(cells)


def _short(cells: list[str]) -> bool:
    return all(len(cell) <= _LABEL_CHARS for cell in cells)


def _numbers(cells: list[str]) -> bool:
    return bool(cells) and all(cell.isdigit() for cell in cells)


def _repeats(cells: list[str]) -> bool:
    """What belongs together comes in many small lots; a team that nearly all mails went to is none."""
    counts = Counter(cells)
    largest = max(counts.values(), default=0)
    few = largest <= max(_SMALL_LOT, _MOST_OF_ONE * len(cells))
    return _short(cells) and len(counts) < len(cells) and few


def _json(cells: list[str]) -> bool:
    return bool(cells) and all(cell[:1] in "[{" and _is_json(cell) for cell in cells)


def _is_json(cell: str) -> bool:
    try:
        json.loads(cell)
    except (ValueError, RecursionError):
        return False
    return True


_FITS = {
    "urgency": _levels, "sentiment": _tones, "language": _codes, "id": _short, "date": _any, "group": _repeats,
    "sender": _short, "split": _splits, "source": _few, "entities": _json, "entity_type": _short,
    "entity_start": _numbers, "entity_end": _numbers,
}  # fmt: skip


def _a_text(
    free: Mapping[str, list[str]], taken: set[str], names: Sequence[str], *, content: bool = True
) -> str:
    for name in _ranked(free, names):
        if name in taken or _json(free[name]):
            continue
        if not content or _words(free[name]) >= _TEXT_WORDS:
            return name
    return ""


def _words(cells: list[str]) -> float:
    return fmean(len(cell.split()) for cell in cells) if cells else 0.0


def _longest(free: Mapping[str, list[str]], taken: set[str]) -> str:
    """The column of running text, where no name tells: many words, hardly ever the same."""
    best, most = "", _TEXT_WORDS
    for name, cells in free.items():
        if name in taken or not cells or _json(cells):
            continue
        distinct = len(set(cells)) / len(cells)
        if _words(cells) > most and distinct > _MOST_LABELS:
            best, most = name, _words(cells)
    return best


def _a_label(free: Mapping[str, list[str]], taken: set[str]) -> str:
    """A column of labels by its name; without one, the only other column that repeats itself."""
    for name in _ranked(free, LABEL_NAMES):
        sure = _plain(name) in _SURE_NAMES and _words(free[name]) <= _LABEL_WORDS
        if name not in taken and _is_label(free[name], sure):
            return name
    others = [n for n, c in free.items() if n not in taken and _is_label(c) and _few(c)]
    return others[0] if len(others) == 1 else ""


def _is_label(cells: list[str], sure: bool = False) -> bool:
    """Short cells that come again; a head of few rows cannot show that yet. A sure name needs no proof."""
    parts = {part.strip() for cell in cells for part in re.split(r"[|;]", cell)}
    if not cells or sure:
        return sure and bool(cells)
    if not _short(list(parts)):
        return False
    return len(cells) < _FEW_ROWS or len(parts) <= max(2.0, _MOST_LABELS * len(cells))
