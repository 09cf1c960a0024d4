"""Threads: which mails belong together, and the headers that keep an answer with its question.

By Message-ID, In-Reply-To and References (RFC 5322, section 3.6.4), never by subject. Nothing is
sent here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kits.core.mail.message import Message

MAX_REFERENCES = 50
"""References an answer carries: the first, which names the thread, and the newest."""
MAX_SUBJECT_CHARS = 500
_ANSWERS = (
    "re",
    "aw",
    "antw",
    "antwort",
    "sv",
    "vs",
    "ref",
    "rif",
    "res",
    "resp",
    "odp",
    "ynt",
    "cvp",
    "atb",
    "vá",
    "válasz",
    "bls",
    "rép",
    "réf",
    "réponse",
    "ответ",
    "отв",
    "відп",
    "απ",
    "απάντηση",
    "σχετ",
    "השב",
    "תגובה",
    "رد",
    "إجابة",
    "回复",
    "回覆",
    "答复",
    "答覆",
    "回信",
    "返信",
    "답장",
    "회신",
    "trả lời",
)
"""What mail programs put before the subject of an answer, lower case."""
_FORWARDS = (
    "fw",
    "fwd",
    "wg",
    "tr",
    "rv",
    "enc",
    "i",
    "pd",
    "vb",
    "vl",
    "fs",
    "trs",
    "doorst",
    "ilt",
    "iml",
    "továbbítás",
    "továbbítva",
    "továbbí",
    "пересл",
    "переслано",
    "πρθ",
    "προωθ",
    "הועבר",
    "إعادة توجيه",
    "转发",
    "轉寄",
    "转寄",
    "転送",
    "전달",
    "chuyển tiếp",
)
"""The same for forwarded mails."""


def _prefix(words: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    names = "|".join(re.escape(word) for word in longest_first)
    return re.compile(
        rf"\s*(?:{names})\s?(?:\[\d{{1,3}}\]|\(\d{{1,3}}\)|\^\d{{1,3}})?\s?[:：]\s*", re.I
    )


_ANSWER = _prefix(_ANSWERS)
_FORWARD = _prefix(_FORWARDS)
_ANY = _prefix(_ANSWERS + _FORWARDS)


@dataclass(frozen=True, slots=True)
class ReplyHeaders:
    """What an answer must carry to stand below its question in every mail program."""

    subject: str
    to: str
    in_reply_to: str
    references: tuple[str, ...]


def thread_key(message: Message) -> str:
    """The id of the first known mail of the thread; empty when the mail has no id at all."""
    known = (*message.references, message.in_reply_to, message.message_id)
    return next((one for one in known if one), "")


def bare_subject(subject: str) -> str:
    """`subject` without what programs put before it for answers and forwards."""
    return _strip(subject, _ANY)


def reply_subject(subject: str) -> str:
    """`Re: …` once, whatever the language of the prefixes that stand there."""
    bare = _strip(subject, _ANSWER)
    return f"Re: {bare}" if bare else "Re:"


def is_forward_subject(subject: str) -> bool:
    """Whether a subject says that the mail forwards another one (`Fwd: …`, `WG: …`)."""
    return _FORWARD.match(subject[:MAX_SUBJECT_CHARS]) is not None


def reply_headers(message: Message) -> ReplyHeaders:
    """The headers of an answer to `message`."""
    known = message.references
    if not known and message.in_reply_to:
        known = (message.in_reply_to,)
    if message.message_id:
        known = (*(one for one in known if one != message.message_id), message.message_id)
    if len(known) > MAX_REFERENCES:
        known = (known[0], *known[1 - MAX_REFERENCES :])
    return ReplyHeaders(
        reply_subject(message.subject), message.answer_address, message.message_id, known
    )


def _strip(subject: str, prefix: re.Pattern[str]) -> str:
    text = " ".join(subject[:MAX_SUBJECT_CHARS].split())
    position = 0
    while (match := prefix.match(text, position)) is not None:
        position = match.end()
    return text[position:]
