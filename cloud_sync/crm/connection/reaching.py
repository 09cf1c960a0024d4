"""Whom a connection may call by its settings, before anybody is called.

Which addresses may be called is for `effects/addresses.py`; what is done where a CRM is not reached is `client/remedies.py`.
"""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address
from urllib.parse import urlsplit

from cloud_sync.crm.connection.settings import CrmSettings, Fields
from cloud_sync.crm.kinds.table import filled, kind_of
from cloud_sync.effects.addresses import Address, Guard, parse_networks


def servers(settings: CrmSettings) -> list[str]:
    """Addresses of all that get the secrets of its API."""
    options = settings.options
    urls = (filled(settings).url, options.get(kind_of(settings.kind).tokens_at, ""))
    return [url for url in urls if url]


def shown_at(settings: CrmSettings) -> tuple[str, Fields]:
    """Where people look for scores: the CRM's server, and the fields there."""
    counts = filled(settings)
    return urlsplit(counts.url).netloc.lower(), counts.fields


def shut(settings: CrmSettings, name: str, before: CrmSettings | None = None) -> list[str]:
    """Its servers that the hub will not call, with the remedy, for people; names are not resolved.

    Args:
        before: what it said until now; networks that are gone are named again.
    """
    guard = Guard(parse_networks(settings.allow))
    said = []
    for url in servers(settings):
        parts = urlsplit(url)
        address = _address(parts.hostname or "")
        open_text = parts.scheme == "http"
        why = guard.refusal(address) if address else ""
        if not why and open_text and not (guard.is_own(address) if address else guard.allow):
            why = "http:// is for networks of your own that are allowed"
        if why:
            more = before.allow if before and set(before.allow) - set(settings.allow) else ()
            networks = dict.fromkeys((*settings.allow, *(more or (_network(address),))))
            fix = f"cloud-sync crm set {name} allow={','.join(networks)}"
            said.append(f"{url} is not called, neither to read leads nor to write scores: {why}; if it is yours: {fix}")  # fmt: skip
    return said


def _address(host: str) -> Address | None:
    """None: a name, which may lead anywhere."""
    if host.lower() == "localhost":
        return IPv4Address("127.0.0.1")
    try:
        return ip_address(host)
    except ValueError:
        return None


def _network(address: Address | None) -> str:
    if address is None:
        return "NETWORK"
    return (
        "127.0.0.0/8"
        if address.version == 4 and address.is_loopback
        else f"{address}/{address.max_prefixlen}"
    )
