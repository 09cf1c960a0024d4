"""Mails by which a device proves that it computes what the builder computed, without a word of any one customer.

A signed bundle goes to many machines and can never be changed, so no real mail may be in it. Of each mail only words
stay that mails of several correspondents or threads have, in their order: what is left tells what mails are about, and of
nobody.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from kits.core.mail.writing import write_message
from kits.support_triage._learning.mails import Mail

COMMON = 5
"""Correspondents or threads that must have used a word, at least."""
_FEWEST, _MOST = 3, 60
_MAILS = 200
_WORD = re.compile(r"[^\W\d_]{2,30}")
_SENDER = "customer@example.invalid"


def golden_mails(mails: Sequence[Mail], labels: Sequence[str]) -> Iterator[bytes]:
    """Mails of common words alone, then one of each label's name; each once.

    Args:
        mails: of the parts that are learned from, in a fixed order.
    """
    known = _common(mails)
    seen: set[str] = set()
    for mail in mails[:_MAILS]:
        words = [word for word in _words(mail.text) if word in known][:_MOST]
        text = " ".join(words)
        if len(words) >= _FEWEST and text not in seen:
            seen.add(text)
            yield _mail(text)
    for label in labels:
        yield _mail(label.replace("_", " ").replace("|", " "))


def _common(mails: Sequence[Mail]) -> frozenset[str]:
    who: dict[str, set[str]] = defaultdict(set)
    for number, mail in enumerate(mails):
        for word in set(_words(mail.text)):
            if len(who[word]) < COMMON:
                who[word].add(mail.group or str(number))
    return frozenset(word for word, groups in who.items() if len(groups) >= COMMON)


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _mail(text: str) -> bytes:
    return write_message(subject="", body=text, sender=_SENDER)
