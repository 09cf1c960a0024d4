"""Links, addresses and markup in text that may go to a customer: what is there, and which hosts are the firm's.

A mail program turns anything that looks like an address into a link, so bare names of hosts count too. Nothing is
resolved or fetched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_SCHEME = re.compile(
    r"[a-z][a-z0-9+.-]{1,20}:(?=//)|(?:mailto|javascript|data|tel|sms|file|vbscript):",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?<![\w.-])(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_BARE_IP = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_MARKUP = re.compile(r"!\[|\]\s{0,4}[\[(]|\]:|</?[A-Za-z!]|<[a-z]+:|`")
_SHORT = "e.g i.e z.b d.h u.a p.ex c.a p.ej p.e t.ex f.eks m.m bl.a e.v o.ä s.o s.u a.m p.m"
_NO_HOSTS = frozenset(_SHORT.split())


def links_in(text: str) -> tuple[str, ...]:
    """Hosts that a mail program may make links of, lower case; a scheme without a host as `scheme:`."""
    plain = unicodedata.normalize(
        "NFKC", "".join(c for c in text if unicodedata.category(c) != "Cf")
    )
    plain = plain.replace("。", ".").replace("．", ".")
    found = [host.lower() for host in _HOST.findall(plain) if host.lower() not in _NO_HOSTS]
    found += _BARE_IP.findall(plain)
    if not found:
        found = [scheme.lower().rstrip(":") + ":" for scheme in _SCHEME.findall(plain)]
    return tuple(dict.fromkeys(found))


def foreign_links(text: str, hosts: Iterable[str]) -> tuple[str, ...]:
    """The links that lead to none of the firm's hosts or what is below them."""
    own = tuple(host.lower().lstrip(".") for host in hosts)
    return tuple(
        link
        for link in links_in(text)
        if not any(link == host or link.endswith(f".{host}") for host in own)
    )


def has_markup(text: str) -> bool:
    """Whether there is Markdown that loads or leads somewhere, HTML, or code: a reply is plain text."""
    return bool(_MARKUP.search(text))
