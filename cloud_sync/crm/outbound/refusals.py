"""What a CRM says when it refuses a lead, for people: its sentences without the data around them, and what is to be done.

The raw answer stays with the lead, for administrators and programs. Functions of text; who refused what is not known here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cloud_sync.crm.client.parting import READ
from cloud_sync.crm.outbound.writing import DEAD
from cloud_sync.effects.json_http import printable

MOST, DEPTH = 3, 2
"""Sentences of one answer that are told; so deep data within them is looked for."""
_DATA: Final = re.compile(r'[\[{]\s*[\[{"]')
"""Where JSON begins in a text."""
_SENTENCE: Final = re.compile(
    r'"(?:message|localizedErrorMessage|error_description)"\s*:\s*"((?:[^"\\]|\\.)*)("?)'
)
"""One in JSON, which may be cut short within."""
_HTTP: Final = re.compile(r"answered with HTTP (\d{3})(?:: )?")
_LEADS: Final = {DEAD: "its score is not written: ", READ: "it cannot be read: "}
_TABLE: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), remedy)
    for pattern, remedy in (
        (
            r"DOESNT_EXIST|(property|field) \S+ does not exist|no such column|invalid field|undeclared property"
            r"|could not find a property|field of scores is missing|field .{1,80} is missing",
            "an administrator lets `cloud-sync crm test {name}` say which field is missing, and `cloud-sync crm fields {name}` "
            "make it again",
        ),
        (
            r"INVALID_OPTION|not one of the allowed options|RESTRICTED_PICKLIST|restricted picklist|wrong value for",
            "an administrator gives that field the choices hot, warm and cold in the CRM",
        ),
        (
            r"INVALID_(INTEGER|LONG|NUMBER|NUMERIC|DATE|TYPE)|not a valid (number|integer|long|date)",
            "the field there is of another type than scores need: `cloud-sync crm test {name}` says which, and of what type",
        ),
        (
            r"READ_ONLY|read.only property|not writeable|FOR_INSERT_UPDATE|INSUFFICIENT_ACCESS|privilege|MISSING_SCOPES|lacks",
            "the hub's user lacks a right there: `cloud-sync crm test {name}` says which",
        ),
        (
            r"CUSTOM_VALIDATION|REQUIRED_FIELD|required (field|propert)|REQUIRED_PROPERT|mandatory",
            "a rule of the CRM's own refuses this record: put it right there, then read and score it again",
        ),
        (
            r"DUPLICATES_DETECTED",
            "a rule against duplicates blocks every change of this record: merge it with the one it is like, or leave the"
            " hub's user out in the rule's conditions; then read and score it again",
        ),
        (r"ENTITY_IS_LOCKED|LOCK_ROW|is locked", "it is locked there: read and score it again once it is free"),
    )
)  # fmt: skip
"""What a refusal tells of, by codes and sentences of the CRMs, and what is done about it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One lead's, for people: why, what is to be done (empty: nobody knows), and what the CRM said word by word."""

    why: str
    remedy: str
    raw: str


def refusal_of(fault: str, connection: str) -> Refusal | None:
    """What a fault that stands with a lead says; None: it is not the CRM that refused."""
    begins = next((mark for mark in _LEADS if fault.startswith(mark)), "")
    if not begins:
        return None
    raw = fault.removeprefix(begins)
    told = _HTTP.match(raw)
    said = in_words(raw[told.end() :] if told else raw)
    unsaid = f"the CRM answered with HTTP {told[1]}" if told else "the CRM does not say why"
    words = said or unsaid
    remedy = next((fix for pattern, fix in _TABLE if pattern.search(raw)), "")
    return Refusal(_LEADS[begins] + words, remedy.format(name=connection), raw)


def in_words(text: str, depth: int = DEPTH) -> str:
    """A text without the data in it, of which only the sentences stay; as it is where there is none.

    Args:
        depth: how often data may stand within a sentence of other data.
    """
    data = _DATA.search(text)
    if data is None:
        return text
    before = text[: data.start()].strip(" :")
    sentences = _sentences(text[data.start() :])
    if depth:
        sentences = [in_words(one, depth - 1) for one in sentences]
    return ": ".join(filter(None, (before, "; ".join(sentences))))


def _sentences(data: str) -> Sequence[str]:
    found = (_plain(said, whole=bool(end)) for said, end in _SENTENCE.findall(data))
    return list(dict.fromkeys(filter(None, found)))[:MOST]


def _plain(said: str, *, whole: bool) -> str:
    try:
        words = str(json.loads(f'"{said}"', strict=False))
    except ValueError:  # cut within a sign
        words = said.replace("\\", "")
    return printable(words) + ("" if whole else "…")
