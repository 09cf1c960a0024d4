"""What a person wrote into a form: the mail of a web shop's contact form says the rest in the shop's own language."""

from __future__ import annotations

import re
from itertools import takewhile

_FIELD = re.compile(r"^\s{0,20}[^\W\d_][\w .()/*-]{0,30}:(?!//)\s{0,20}(?P<value>.{0,500})$")
"""`E-Mail: ann@example.com`"""
_RULE = re.compile(r"^\s{0,20}([-_=*])\1{2,100}\s{0,20}$")
_LEAST_FIELDS = 3
_WORDS = 4
"""A value of so many words is written by hand, and no name or number."""
_LABEL_WORDS = 4
_MOST_LINES = 200


def written_words(body: str) -> str:
    """The text of a form's mail without labels, short values and what stands below a line; of another mail all of it."""
    lines = body.split("\n")[:_MOST_LINES]
    above = list(takewhile(lambda line: not line.strip() or _field(line) is not None, lines))
    values = [value for line in above if (value := _field(line)) is not None]
    if len(values) < _LEAST_FIELDS:
        return body
    long = [value for value in values if len(value.split()) >= _WORDS]
    below = takewhile(lambda line: not _RULE.match(line), lines[len(above) :])
    return "\n".join([*long, *below]).strip() or body


def _field(line: str) -> str | None:
    """A field's value; None where the line is none."""
    found = _FIELD.match(line)
    if found is None or len(line.partition(":")[0].split()) > _LABEL_WORDS:
        return None
    return found["value"].strip()
