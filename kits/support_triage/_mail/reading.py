"""A mail's bytes → what somebody wrote in it just now: the text a model sees and spans point into.

Puts together what the other files of this package do. Who may be answered is `kits.core.mail.automatic`'s
business, what the text means is the models'.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from kits.core.mail.message import Message, read_message
from kits.core.mail.threads import is_forward_subject
from kits.support_triage._mail.form_fields import written_words
from kits.support_triage._mail.html_text import html_to_text
from kits.support_triage._mail.invisible import plain_letters, without_invisible
from kits.support_triage._mail.language import language_of
from kits.support_triage._mail.quotes import Split, split_quotes
from kits.support_triage._mail.signatures import split_signature

MAX_BODY_CHARS = 20_000
"""Characters of new text that models see."""
_MANY_EMPTY = 40
"""Empty lines that fill a screen."""
_MAX_DISGUISED = 10
"""Words with look-alike letters that are told."""
_STUB_CHARS = 300
_STUBS = re.compile(
    r"view (?:this|it|the) (?:e-?mail|message|newsletter)? ?(?:online|in (?:your|a) (?:web )?browser)|"
    r"(?:does not|doesn't|cannot|can't) (?:support|display|show|read) html|html(?:-| )?(?:capable|enabled|version|format)|"
    r"im browser (?:ansehen|anzeigen|öffnen|lesen)|html-?(?:fähig|nachricht|mail|ansicht|darstellung)|"
    r"(?:dans|avec) (?:votre|un) navigateur|version html|en (?:su|tu|el) navegador|"
    r"nel (?:tuo )?browser|no (?:seu )?navegador|in (?:je|uw) browser",
    re.IGNORECASE,
)
_WORD = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|[^\\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]{2,40}"
)
"""A word, or a sign of a script that has no spaces."""
_SHOWN = 0.6
"""Share of a plain line's words that the HTML must show too."""
_MIN_WORDS = 3
_NOTED_WORDS = 8
"""Words missing in the HTML from which it is told: programs write a few of their own."""
_MANY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Reading:
    """What a mail says.

    Attributes:
        body: the new text only: no quoted text, no signature; a forwarded mail is part of it.
        text: subject, blank line, body: what models see; spans index into it.
        quoted: what was quoted.
        hidden_chars: characters that a person would not have seen.
        notes: what was odd about the mail, in words.
    """

    message: Message
    subject: str
    body: str
    text: str
    quoted: str
    hidden_chars: int
    notes: tuple[str, ...]

    @cached_property
    def language(self) -> str:
        """ISO 639-1, or empty where that cannot be told; found out when somebody asks, since it takes as long as the rest.

        Of a form's mail it is that of what was written into it.
        """
        own = written_words(self.body)
        found = language_of(own) if own != self.body else ""
        return found or language_of(self.body) or language_of(self.text)


def read_mail(content: bytes) -> Reading:
    """Reads a mail; work is bounded, nothing is fetched or opened.

    Raises:
        DataError: there are no bytes, or too many.
    """
    message = read_message(content)
    notes = list(message.complaints)
    is_forwarding = is_forward_subject(message.subject)
    shown, hidden = _shown(message, is_forwarding, notes)
    gap = _far_below(shown)
    if gap >= _MANY_EMPTY:
        notes.append(f"text stands below {gap} empty lines, where few look")
    split = split_quotes(_tidy(shown), is_forwarding)
    body = _body(split, notes)
    if len(body) > MAX_BODY_CHARS:
        notes.append("the text is very long; the end is not looked at")
        body = body[:MAX_BODY_CHARS]
    subject, hidden_above = without_invisible(message.subject)
    subject, disguised_above = plain_letters(subject)
    body, disguised = plain_letters(body)
    text = f"{subject}\n\n{body}".strip() if subject else body
    for word in dict.fromkeys((*disguised_above, *disguised)[:_MAX_DISGUISED]):
        notes.append(f"a word is written with look-alike letters: {word!r}")
    hidden += hidden_above
    if hidden:
        notes.append(f"{hidden} characters were hidden")
    return Reading(
        message=message,
        subject=subject,
        body=body,
        text=text,
        quoted=split.quoted,
        hidden_chars=hidden,
        notes=tuple(dict.fromkeys(notes)),
    )


class LastReading:
    """Reads a mail once for all that is asked about it, one question after the other. Safe to share between threads."""

    def __init__(self) -> None:
        self._last: tuple[bytes, Reading] | None = None

    def of(self, content: bytes) -> Reading:
        """As `read_mail`; the same bytes object is not read again until another one came."""
        last = self._last
        if last is None or last[0] is not content:
            self._last = last = (content, read_mail(content))
        return last[1]


def _shown(message: Message, is_forwarding: bool, notes: list[str]) -> tuple[str, int]:
    """The text that a person sees, and how many characters were hidden."""
    plain, hidden = without_invisible(message.plain)
    if not message.html:
        return plain, hidden
    rich = html_to_text(message.html, is_forwarding)
    if rich.note:
        notes.append(rich.note)
    text, unseen = without_invisible(rich.text)
    unseen += rich.hidden_chars
    if not text.strip():
        return plain, hidden + unseen
    if not plain.strip() or _is_stub(plain):
        return text, unseen
    only_plain = _words_only_in(plain, text)
    if only_plain >= _NOTED_WORDS:
        notes.append("the plain text says what the HTML does not show; the HTML is read")
    # mail programs show the HTML: what only the plain text says would reach the model past every eye
    return (text, unseen) if only_plain else (plain, hidden + unseen)


def _is_stub(plain: str) -> bool:
    return len(plain.strip()) <= _STUB_CHARS and _STUBS.search(plain) is not None


def _words_only_in(plain: str, shown: str) -> int:
    """Words in lines of `plain` that `shown` does not have."""
    seen = set(_WORD.findall(shown.lower()))
    missing = 0
    for line in plain.lower().split("\n"):
        # plain text spells out the links that HTML hides behind words
        told = " ".join(word for word in line.split() if "://" not in word)
        words = _WORD.findall(told)
        unseen = sum(word not in seen for word in words)
        if len(words) >= _MIN_WORDS and unseen > (1 - _SHOWN) * len(words):
            missing += len(words)
    return missing


def _tidy(text: str) -> str:
    # line by line: a pattern for blanks before a line end costs the square of a long run of them
    return _MANY_LINES.sub("\n\n\n", "\n".join(map(str.rstrip, text.split("\n")))).strip("\n")


def _far_below(text: str) -> int:
    """Empty lines of the longest gap with text below it."""
    longest = run = 0
    for line in text.strip().split("\n"):
        run = run + 1 if not line.strip() else 0
        longest = max(longest, run)
    return longest


def _body(split: Split, notes: list[str]) -> str:
    own, _ = split_signature(split.new)
    body = "\n\n".join(part for part in (own, split.forwarded) if part.strip())
    if not body.strip() and split.quoted:
        # some answer below a quote that nothing marks: better all of it than nothing
        notes.append("nothing new was found above the quoted text; all of it is read")
        return split.quoted
    return _MANY_LINES.sub("\n\n", body).strip()
