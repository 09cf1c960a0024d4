"""What each column of a table is for, by its name and its cells, and said in words.

A person's statement in `mails.yaml` comes first. Only a head of the file is looked at; rows are made elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from kits.core.errors import ConfigError, did_you_mean
from kits.core.tables import Row
from kits.support_triage._reading.fits import (
    FITS,
    MOST_LABELS,
    all_the_same,
    are_addresses,
    are_few,
    are_json,
    are_labels,
    mean_words,
)
from kits.support_triage._reading.sidecar import Sidecar

LABEL_NAMES = (
    "intent", "intents", "label", "labels", "category", "categories", "queue", "topic", "class", "target", "kategorie",
    "thema", "anliegen", "categorie", "categoria", "ticket_type", "type", "department", "team", "product", "issue",
    "tag", "tags", "reason", "domain",
)  # fmt: skip
"""Best first; words of the name count too (`ticket_category`)."""
_SURE_NAMES = frozenset(LABEL_NAMES[:8])
"""Names that mean the label even where its values hardly come again: a file of few rows and many intents."""
TEXT_NAMES = (
    "text", "body", "utterance", "message", "narrative", "email", "mail", "content", "sentence", "query", "question",
    "description", "comment", "review", "request", "nachricht", "inhalt", "texte", "mensaje", "testo", "instruction",
)  # fmt: skip
SUBJECT_NAMES = (
    "subject", "title", "betreff", "objet", "asunto", "assunto", "oggetto", "onderwerp", "temat", "predmet", "summary", "headline",
    "short_description", "ticket_name",
)  # fmt: skip
_NAMES: Mapping[str, tuple[str, ...]] = {
    "urgency": ("urgency", "priority", "severity", "dringlichkeit", "prioritaet", "prioritat", "impact"),
    "sentiment": ("sentiment", "polarity", "tone", "positive", "stimmung", "mood"),
    "language": ("language", "lang", "locale", "sprache", "langue", "idioma", "lingua"),
    "date": (
        "date", "datetime", "timestamp", "created", "created_at", "received", "sent_at", "opened", "reported", "submitted", "datum",
        "erstellt", "eingang", "eingegangen", "empfangen", "gesendet", "creation", "recu", "envoye", "cree", "creado", "creacion",
        "recibido", "criado", "creato", "creazione", "ricevuto", "aangemaakt", "ontvangen", "utworzono", "time",
    ),
    "group": (
        "thread", "thread_id", "conversation", "conversation_id", "customer", "customer_id", "user_id", "account_id",
        "client_id", "ticket", "ticket_id", "session_id", "kunde", "kundennummer", "group",
    ),
    "id": ("id", "ticket_id", "message_id", "complaint_id", "case_id", "number", "ticketnummer", "fallnummer", "nr"),
    "sender": ("from", "sender", "sender_email", "from_address", "email_address", "absender", "von"),
    "split": ("split", "set", "partition", "subset", "fold_name"),
    "source": ("source", "channel", "mailbox", "shop", "site", "quelle"),
    "entities": ("entities", "slots", "spans", "annotations", "ner"),
    "entity_type": ("entity_type", "entity", "entity_label", "slot", "slot_name"),
    "entity_start": ("start_offset", "entity_start", "start", "begin", "span_start"),
    "entity_end": ("end_offset", "entity_end", "end", "span_end"),
}  # fmt: skip
_BY_A_WORD = frozenset({"urgency", "sentiment", "language", "id", "date"})
"""Roles whose name may be a part of a longer one (`complaint_id`); the others are too common words."""
_LABEL_WORDS = 8
_UMLAUTS = (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"))
_TEXT_WORDS = 2.5
_SENDS = frozenset({
    "email", "mail", "e", "from", "von", "sender", "absender", "requester", "requestor", "contact", "customer", "kunde", "reporter",
    "author", "handle", "de", "da", "van",
})  # fmt: skip
"""Words of a column whose cells are addresses of who wrote."""
_READS = frozenset({
    "to", "cc", "bcc", "an", "recipient", "assignee", "assigned", "agent", "owner", "responder", "admin", "empfaenger", "besitzer",
})  # fmt: skip
"""Words of one whose cells are addresses of somebody else."""
_LATER = frozenset({
    "by", "closed", "resolved", "resolution", "solved", "completed", "completion", "updated", "update", "modified", "changed", "due",
    "last", "first", "next", "response", "reply", "replied", "end", "assigned", "von", "geschlossen", "geloest", "loesungszeit",
    "geaendert", "aktualisiert", "faellig", "faelligkeit", "letzte", "erste", "antwort", "ferme", "modifie", "resolu", "cierre",
    "cerrado", "resuelto", "actualizado", "vencimiento", "fechado", "atualizado", "chiuso", "modificato", "gesloten", "gewijzigd",
})  # fmt: skip
"""Words of a date that is not when the mail came."""


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


def find_roles(
    columns: Sequence[str],
    head: Sequence[Row],
    sidecar: Sidecar,
    nested: Collection[str] = frozenset(),
) -> Roles:
    """What the columns are for.

    Args:
        nested: those that lie within others are texts and labels by their names alone.

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
        text = _longest(free, {*taken, subject, *nested})
    found = replace(found, text=text, subject=subject)
    if not found.label:
        label = _a_label(free, set(_taken(found)), nested)
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
        ranked = _ranked(free, names, words=role in _BY_A_WORD)
        for name in _came_first(ranked) if role == "date" else ranked:
            if name not in taken and FITS[role](free[name]):
                change: dict[str, Any] = {role: name}
                found = replace(found, **change)
                break
    if not found.sender:
        found = replace(found, sender=_who_wrote(free, set(_taken(found))))
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
    """`Ticket Type`, `ticketType` → `ticket_type`; `Geändert` → `geaendert`, `Créé` → `cree`"""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).lower()
    for sign, letters in _UMLAUTS:
        parted = parted.replace(sign, letters)
    bare = "".join(c for c in unicodedata.normalize("NFKD", parted) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "_", bare).strip("_")


def _came_first(ranked: Sequence[str]) -> list[str]:
    """Dates of when a mail came, before those of what happened to it afterwards."""
    return sorted(ranked, key=lambda name: not _LATER.isdisjoint(_plain(name).split("_")))


def _who_wrote(free: Mapping[str, list[str]], taken: set[str]) -> str:
    """A column of addresses that is called like who wrote, or like an address alone."""
    for name, cells in free.items():
        words = set(_plain(name).split("_"))
        sends = words & _SENDS and not words & _READS
        if name not in taken and sends and are_addresses(cells):
            return name
    return ""


def _a_text(
    free: Mapping[str, list[str]], taken: set[str], names: Sequence[str], *, content: bool = True
) -> str:
    for name in _ranked(free, names):
        if name in taken or are_json(free[name]):
            continue
        if not content or mean_words(free[name]) >= _TEXT_WORDS:
            return name
    return ""


def _longest(free: Mapping[str, list[str]], taken: set[str]) -> str:
    """The column of running text, where no name tells: many words, hardly ever the same."""
    best, most = "", _TEXT_WORDS
    for name, cells in free.items():
        if name in taken or not cells or are_json(cells):
            continue
        distinct = len(set(cells)) / len(cells)
        if mean_words(cells) > most and distinct > MOST_LABELS:
            best, most = name, mean_words(cells)
    return best


def _a_label(free: Mapping[str, list[str]], taken: set[str], nested: Collection[str]) -> str:
    """A column of labels by its name; without one, the only other column that repeats itself.

    One that says the same of many mails is taken where no other tells them apart.
    """
    same = ""
    for name in _ranked(free, LABEL_NAMES):
        sure = _plain(name) in _SURE_NAMES and mean_words(free[name]) <= _LABEL_WORDS
        if name in taken or not are_labels(free[name], sure):
            continue
        if not all_the_same(free[name]):
            return name
        same = same or name
    left = [n for n in free if n not in taken and n not in nested]
    others = [n for n in left if are_labels(free[n]) and are_few(free[n])]
    return others[0] if len(others) == 1 else same
