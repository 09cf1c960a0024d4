"""What cells of two tables are compared by: text without case and signs, whole cells, a firm's domain, each of several ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from kits.lead_scoring._mailbox import FREE_MAIL, domain_of
from kits.lead_scoring._reading.values.cells import is_missing

_REMEMBERED = 1 << 16
_SIGNS = re.compile(r"[\W_]+")
_TAG = re.compile(r"(?<=[^\s+@])\+[^\s@]*(?=@[^\s@]+\.[^\s@]+$)")
"""What mailboxes take beside their name: `ann+news@acme.example` reaches Ann."""
BETWEEN = ";"
"""What stands between several ids in a cell."""

Key = Callable[[str], str]
"""A cell → what it is compared by; empty: nothing to compare."""


@lru_cache(_REMEMBERED)
def text_key(cell: str) -> str:
    """`GTX Pro` and `GTXPro` are one product, `ann+news@acme.example` and `Ann@acme.example` one mailbox."""
    if is_missing(cell):
        return ""
    bare = _TAG.sub("", cell.strip()) if "+" in cell else cell
    return _SIGNS.sub("", bare.casefold()) or cell.strip()


@lru_cache(_REMEMBERED)
def exact_key(cell: str) -> str:
    """A cell with its signs."""
    return "" if is_missing(cell) else cell.strip().casefold()


@lru_cache(_REMEMBERED)
def firm_key(cell: str) -> str:
    """The domain of a firm; none of a free mailbox."""
    domain = domain_of(cell)
    return "" if domain in FREE_MAIL else domain


@lru_cache(_REMEMBERED)
def first_key(cell: str) -> str:
    """The first of several ids in a cell: `570007;570008`."""
    return text_key(cell.split(BETWEEN, 1)[0])


@lru_cache(_REMEMBERED)
def all_keys(cell: str) -> tuple[str, ...]:
    """Each of several ids in a cell."""
    return tuple(dict.fromkeys(key for one in cell.split(BETWEEN) if (key := text_key(one))))
