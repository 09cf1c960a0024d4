"""Where an OPC UA server and its nodes are: the usual port, node ids by the URI of their namespace, endpoints.

A namespace's number may be another one after a program was downloaded to a PLC; its URI stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kits.core.errors import ConfigError, MachineError

if TYPE_CHECKING:
    from asyncua.client.client import Client

PORT = 4840
"""Registered for OPC UA."""
_BY_URI = "nsu="


def with_port(url: str) -> str:
    """The address with the usual port where it names none."""
    parts = urlsplit(url)
    return url if parts.port else parts._replace(netloc=f"{parts.netloc}:{PORT}").geturl()


async def namespaces(client: Client, nodes: Iterable[str]) -> list[str]:
    """URIs by number, as they are now; nothing where no node is named by one."""
    if not any(node.startswith(_BY_URI) for node in nodes):
        return []
    return [str(uri) for uri in await client.get_namespace_array()]


def node_id(client: Client, text: str, uris: list[str], where: str) -> Any:
    """A node id as ns=2;s=Flow or nsu=urn:press;s=Flow; None: the server has no namespace of that URI.

    Raises:
        ConfigError: it is none.
    """
    from asyncua.ua.uaerrors import UaError

    plain = text
    if text.startswith(_BY_URI):
        uri, _, rest = text.removeprefix(_BY_URI).partition(";")
        if uri not in uris:
            return None
        plain = f"ns={uris.index(uri)};{rest}"
    try:
        return client.get_node(plain).nodeid
    except (UaError, ValueError) as error:
        raise ConfigError(
            f"no node id: {text}", where=where,
            fix="ns=2;s=NAME, ns=2;i=NUMBER or nsu=URI;s=NAME, as the server's browser shows it",
        ) from error  # fmt: skip


async def refused_endpoint(url: str, timeout_s: float, wanted: str) -> MachineError:
    """What to say of a server that does not offer the security that is wanted."""
    from asyncua.client.client import Client

    offered = await Client(url, timeout=timeout_s).connect_and_get_server_endpoints()
    found = sorted(
        {
            f"{str(one.SecurityPolicyUri).rpartition('#')[2] or 'None'} {one.SecurityMode.name.rstrip('_')}"
            for one in offered
        }
    )
    return MachineError(
        f"the server does not offer {wanted}", where=url,
        fix=f"set source.security and source.mode to what it offers: {', '.join(found)}",
    )  # fmt: skip
