"""Links, addresses and markup in text that may go to a customer: what is there, and which hosts are the firm's.

A mail program turns anything that looks like an address into a link, so bare names of hosts count too. Nothing is
resolved or fetched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_AUTHORITY = re.compile(r"([a-z][a-z0-9+.-]{1,20}):[/\\]{2,}([^\s/\\?#]*)", re.IGNORECASE)
_SCHEME = re.compile(
    r"(?<![\w.-])(javascript|data|file|vbscript|blob|intent|ftp|sms|tel|mailto):(?=\S)",
    re.IGNORECASE,
)
_ADDRESSED = frozenset({"mailto"})
"""Schemes that lead to the host behind them, which counts by itself."""
_DOTTED = re.compile(r"(?<![\w.-])[\w-]+(?:\.[\w-]+)+")
_TOP = re.compile(r"[^\W\d_]{2,24}|xn--[\w-]{1,59}", re.IGNORECASE)
_BARE_IP = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_MARKUP = re.compile(r"!\[|\]\s{0,4}[\[(]|\]:|</?[A-Za-z!]|<[a-z]+:|`")
_SHORT = "e.g i.e z.b d.h u.a p.ex c.a p.ej p.e t.ex f.eks m.m bl.a e.v o.ä s.o s.u a.m p.m"
_NO_HOSTS = frozenset(_SHORT.split())


def links_in(text: str) -> tuple[str, ...]:
    """Hosts that a mail program may make links of, lower case; a scheme that needs none as `scheme:`."""
    plain = unicodedata.normalize(
        "NFKC", "".join(c for c in text if unicodedata.category(c) != "Cf")
    )
    plain = plain.replace("。", ".").replace("．", ".")
    found = [_host(dotted) for dotted in _DOTTED.findall(plain)]
    found += _BARE_IP.findall(plain)
    # whatever stands where a host belongs is one: a number, an address in brackets, a name without a dot
    found += [_named(authority) or f"{scheme}:" for scheme, authority in _AUTHORITY.findall(plain)]
    schemes = (scheme.lower() for scheme in _SCHEME.findall(plain))
    found += [f"{scheme}:" for scheme in schemes if scheme not in _ADDRESSED or not any(found)]
    return tuple(dict.fromkeys(host.lower() for host in found if host))


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


def _host(dotted: str) -> str:
    """The longest beginning of dotted words that may be a host: one that ends with a top-level domain."""
    labels = dotted.split(".")
    while len(labels) > 1 and not _TOP.fullmatch(labels[-1]):
        labels.pop()
    host = ".".join(labels) if len(labels) > 1 else ""
    return "" if host.lower() in _NO_HOSTS else host


def _named(authority: str) -> str:
    """The host of an authority, without user, port and the dot at its end."""
    host = authority.rpartition("@")[2]
    if not host.startswith("["):
        host = host.partition(":")[0]
    return host.rstrip(".,;:!?)'\"").lower()
