"""Whether a person's addresses and names are those of a form that was tried out, or of the firm's own people.

Functions of texts, the same at import and at a CRM. Which columns hold them is for whoever reads the lead.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cache
from typing import cast

from kits.lead_scoring._mailbox import domain_of
from kits.lead_scoring._reading.columns.names import load_words, words_of
from kits.lead_scoring._trial import ADDRESS, NAME, OWN

_RESERVED = re.compile(
    r"(?:^|\.)(?:example\.(?:com|org|net|edu)|test\.com|localhost)$|\.(?:example|test|invalid)$"
)
"""Domains that nobody has a mailbox at (RFC 2606), and the one that forms are tried with."""
_TAG = re.compile(r"\+(\w{1,20})$")
_DIGITS = re.compile(r"\d+")
_SAME = re.compile(r"(\w)\1*@\1+\.\w{1,24}")
"""`a@a.com`, `xxx@xxx.de`"""


@cache
def trial_words(which: str) -> frozenset[str]:
    """A list of `words/trials.yaml`."""
    return frozenset(map(words_of, cast("list[str]", load_words("trials.yaml")[which])))


def taken_for(addresses: Sequence[str], names: Sequence[str], own: Collection[str]) -> str:
    """What a lead is taken for; empty: for a lead.

    Args:
        names: the parts of the person's name.
        own: the firm's own domains.
    """
    if any(map(is_trial_address, addresses)):
        return ADDRESS
    if is_trial(" ".join(names)):
        return NAME
    return OWN if any(domain_of(one) in own for one in addresses) else ""


def is_trial(text: str) -> bool:
    """Whether words are nothing but what people type to try something out."""
    plainly = words_of(_DIGITS.sub(" ", text))
    words = plainly.split()
    tried = trial_words("trials")
    if " ".join(words) in trial_words("nobody"):
        return True
    return any(word in tried for word in words) and all(
        word in tried or word in trial_words("beside") for word in words
    )


def is_trial_address(cell: str) -> bool:
    """Whether an address is one that forms are tried with; what is no address is none."""
    address = cell.strip().casefold()
    domain = domain_of(address)
    if "@" not in address or not domain:
        return False
    local = address.rsplit("@", 1)[0]
    tag = _TAG.search(local)
    return bool(
        _RESERVED.search(domain)
        or _SAME.fullmatch(address)
        or is_trial(local)
        or (tag and is_trial(tag[1]))
    )
