"""Which addresses the hub may call when somebody else has a say in where it calls (SSRF guard).

A name says nothing: the addresses it resolves to are judged, and the connection goes to just that address, so there is
no second look-up that could answer otherwise. An IPv6 address that carries an IPv4 one inside is judged by both. What
is blocked is what Svix's server blocks, and whatever is not global unicast. Connecting is `deadline.py`.
"""

from __future__ import annotations

import re
import socket
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias
from urllib.parse import SplitResult, urlsplit

from kits.core.errors import ConfigError

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
Found: TypeAlias = tuple[int, int, int, tuple[str | int | bytes, ...]]
"""Family, type, protocol and address of a socket."""

OWN = (
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
    "198.18.0.0/15", "::1/128", "64:ff9b::/96", "64:ff9b:1::/48", "fc00::/7",
)  # fmt: skip
"""Blocked, but a firm may have machines there and say so."""
NEVER = (
    "0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fe80::/10",
    "fec0::/10", "ff00::/8",
    # where clouds tell a machine its own secrets
    "100.100.100.200/32", "168.63.129.16/32", "fd00:ec2::254/128",
)  # fmt: skip
"""Blocked, whatever anybody says: no CRM is there."""
_GLOBAL = IPv6Network("2000::/3")
_MAPPED = IPv6Network("::ffff:0:0/96")
_CARRIES = (
    # network, and by how many bits the IPv4 address inside is shifted
    (_MAPPED, 0), (IPv6Network("::/96"), 0), (IPv6Network("::ffff:0:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0), (IPv6Network("64:ff9b:1::/48"), 0),
    (IPv6Network("2002::/16"), 80),
)  # fmt: skip
_TEREDO = IPv6Network("2001::/32")
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})
_LOW_PORTS = frozenset({80, 443})
_FIRST_HIGH = 1024
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
_MAX_NAME = 253


class AddressRefusedError(OSError):
    """Nobody may be called there; the message is for people."""


def _networks(texts: Iterable[str]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


_OWN = _networks(OWN)
_NEVER = _networks(NEVER)


def forms(address: Address) -> list[Address]:
    """The address and each IPv4 address that it stands for or carries inside."""
    if isinstance(address, IPv4Address):
        return [address]
    plain = IPv6Address(int(address))  # without its zone
    if plain in _MAPPED:  # the system connects to the IPv4 address itself
        return [IPv4Address(int(plain) & 0xFFFF_FFFF)]
    found: list[Address] = [plain]
    number = int(plain)
    found += [
        IPv4Address(number >> shift & 0xFFFF_FFFF)
        for network, shift in _CARRIES
        if plain in network and number > 1
    ]
    if plain in _TEREDO:
        found += [IPv4Address(number >> 64 & 0xFFFF_FFFF), IPv4Address(~number & 0xFFFF_FFFF)]
    if number >> 32 & 0xFFFF_FFFF in _ISATAP:
        found.append(IPv4Address(number & 0xFFFF_FFFF))
    return found


@dataclass(frozen=True, slots=True)
class Guard:
    """Judges addresses.

    Attributes:
        allow: networks of the firm's own that may be called; made by `parse_networks`.
    """

    allow: tuple[Network, ...] = ()

    def refusal(self, address: Address) -> str:
        """Why it may not be called; empty: it may."""
        return next((why for form in forms(address) if (why := self._judged(form))), "")

    def is_own(self, address: Address) -> bool:
        """Whether it lies in a network that a person has allowed, so that it needs no encryption."""
        return all(_within(form, self.allow) for form in forms(address))

    def _judged(self, address: Address) -> str:
        if _within(address, _NEVER):
            return f"{address} is an address no server of a CRM has"
        if _within(address, self.allow):
            return ""
        if _within(address, _OWN) or (isinstance(address, IPv6Address) and address not in _GLOBAL):
            return f"{address} is in a private network that is not among those allowed"
        return ""

    def resolve(self, host: str, port: int, *, encrypted: bool) -> list[Found]:
        """The addresses of a name that may be called.

        Raises:
            AddressRefusedError: there are addresses, and none may be called.
            OSError: the name is not known.
        """
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        fine: list[Found] = []
        why = "the name has no address"
        for family, kind, protocol, _, address in found:
            judged = ip_address(str(address[0]).partition("%")[0])
            refusal = self.refusal(judged)
            if not refusal and not encrypted and not self.is_own(judged):
                refusal = "http:// is for networks of your own that are allowed: use https://"
            if refusal:
                why = refusal
            else:
                fine.append((family, kind, protocol, address))
        if not fine:
            raise AddressRefusedError(why)
        return fine


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks that a person allows.

    Raises:
        ValueError: it is none, or reaches beyond what is private.
    """
    found: list[Network] = []
    for text in texts:
        try:
            network = ip_network(text.strip())
        except ValueError as error:
            raise ValueError(f"{text!r} is no network: 10.1.0.0/16") from error
        if not any(_is_part(network, own) for own in _OWN):
            raise ValueError(
                f"{text!r} is not inside a private network ({', '.join(OWN)}): public ones need no"
                " leave, and others are never called"
            )
        found.append(network)
    return tuple(found)


def _is_part(network: Network, of: Network) -> bool:
    if isinstance(network, IPv4Network) and isinstance(of, IPv4Network):
        return network.subnet_of(of)
    if isinstance(network, IPv6Network) and isinstance(of, IPv6Network):
        return network.subnet_of(of)
    return False


def checked_url(url: str) -> SplitResult:
    """An address to call, its host in the one spelling that is compared and resolved.

    Names are brought to ASCII as browsers do it; numbers that are no plain IPv4 address (octal, hexadecimal, one
    number, fewer than four parts) are refused, because programs do not agree on what they mean.

    Raises:
        ConfigError: it is no address of a web server, or carries a secret.
    """
    if any(not c > " " for c in url):  # `urlsplit` would leave some of them out
        raise _bad("has signs in it that belong into no address")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = _host(parts.hostname or "")
    except (ValueError, UnicodeError) as error:
        raise _bad(f"no address of a web server: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise _bad("must begin with https:// (or http:// in your own network)")
    if parts.username is not None or parts.password is not None:
        raise _bad("a secret does not belong into an address")
    if parts.fragment or any(not " " < c < "\x7f" for c in parts.path + parts.query):
        raise _bad("has signs in it that belong into no address")
    if port is not None and port < _FIRST_HIGH and port not in _LOW_PORTS:
        raise _bad(f"port {port} is not one of a web server")
    shown = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=f"{shown}:{port}" if port is not None else shown, fragment="")


def _bad(what: str) -> ConfigError:
    return ConfigError(what, where="url", fix="https://HOST, or https://HOST:PORT/PATH")


def _host(raw: str) -> str:
    if ":" in raw:
        if "%" in raw:
            raise ValueError("an address with a zone is for one machine only")
        return str(IPv6Address(raw))
    name = unicodedata.normalize("NFKC", raw).lower()
    name = name.encode("idna").decode("ascii") if not name.isascii() else name
    name = name.removesuffix(".")
    labels = name.split(".")
    if not name or len(name) > _MAX_NAME or not all(map(_LABEL.match, labels)):
        raise ValueError("names no host")
    if _NUMBER.match(labels[-1]):  # then every program reads it as a number
        return str(IPv4Address(name))
    return name
