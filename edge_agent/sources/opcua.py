"""Subscribes to an OPC UA server: the server tells changes with its own times (asyncua, extra `machines`).

One event loop in the driver's thread. A server that restarts ends the run; the source begins anew, and the
subscription with it. Bad readings are gaps; a queue that overflowed at the server is counted.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.log import log, warn
from edge_agent.pulse import Pulse
from edge_agent.signals.feed import Feed
from edge_agent.sources.machine_config import OpcUaSourceConfig
from edge_agent.sources.opcua_address import namespaces, node_id, refused_endpoint, with_port
from edge_agent.sources.secrets import password
from kits.core.errors import ConfigError, MachineError

if TYPE_CHECKING:
    from asyncua.client.client import Client
    from asyncua.common.subscription import Subscription

_TURN_S = 0.25
_GOODBYE_S = 3.0
_SILENCE_S, _LONGEST_SILENCE_S = 6.0, 60.0
_AT_ONCE = 100
"""Nodes of one request: servers of small machines refuse longer ones."""
_SERVER_TIME = "i=2258"
"""Server_ServerStatus_CurrentTime (OPC UA part 5)."""
_GONE = "BadShutdown"
_NO_YEAR = 1601
"""In which the calendar of OPC UA begins (part 6, 5.2.2.5)."""
_OVERFLOW = 0x480
"""InfoType DataValue with the overflow bit (OPC UA part 4, 7.39)."""


class OpcUaDriver:
    """A `SignalDriver`."""

    def __init__(self, config: OpcUaSourceConfig) -> None:
        self._config = config

    def run(self, feed: Feed, closed: threading.Event, pulse: Pulse) -> str:
        try:
            import asyncua  # noqa: F401  only whether it is there
        except ImportError as error:
            raise ConfigError(
                "asyncua is not installed", where="source.kind: opcua",
                fix="pip install 'kitwright[agent,machines]'",
            ) from error  # fmt: skip
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # it logs what is told anyway
        return asyncio.run(self._run(feed, closed, pulse))

    async def _run(self, feed: Feed, closed: threading.Event, pulse: Pulse) -> str:
        client = await self._connected()
        pulse.beat()
        try:
            c = self._config
            subscription, listener, numbers = await self._subscribe(client, feed)
            behind_s = (c.publishing_ms + c.sampling_ms) / 1000 + _TURN_S
            patience_s = max(_SILENCE_S, 10 * c.publishing_ms / 1000)
            log("opcua_subscribed", url=self._config.url, nodes=len(numbers))
            while not closed.is_set() and not listener.over:
                pulse.beat()
                await client.check_connection()
                if listener.silent_s > patience_s:
                    if patience_s > _LONGEST_SILENCE_S or not await _stands(subscription):
                        return "the subscription is silent, although the server answers"
                    patience_s *= 2  # the server tells less often than it was asked to
                feed.alive(numbers, behind_s + listener.silent_s)
                await asyncio.sleep(_TURN_S)
            return listener.over or "closed"
        finally:
            pulse.beat()
            await _leave(client)

    async def _connected(self) -> Client:
        """Raises MachineError where the server offers another security than is wanted."""
        from asyncua.ua.uaerrors import UaError

        c = self._config
        try:
            client = await self._client()
            await client.connect()
        except UaError as error:
            if "No matching endpoints" not in str(error):
                raise
            wanted = "None" if c.security == "none" else f"{c.security} {c.mode}"
            raise await refused_endpoint(with_port(c.url), c.timeout_s, wanted) from error
        return client

    async def _client(self) -> Client:
        from asyncua import ua
        from asyncua.client.client import Client
        from asyncua.crypto import security_policies

        c = self._config
        client = Client(with_port(c.url), timeout=c.timeout_s)
        client.name = client.description = "Kitwright agent"
        if c.username:
            client.set_user(c.username)
            client.set_password(password(c.password_env, "source.password_env"))
        if c.security != "none":
            assert c.certificate is not None and c.private_key is not None
            _check_files(c.certificate, c.private_key, c.server_certificate)
            client.application_uri = _uri_of(c.certificate)
            await client.set_security(
                getattr(security_policies, f"SecurityPolicy{c.security}"),
                str(c.certificate),
                str(c.private_key),
                server_certificate=str(c.server_certificate) if c.server_certificate else None,
                mode=ua.MessageSecurityMode[
                    "SignAndEncrypt" if c.mode == "SignAndEncrypt" else "Sign"
                ],
            )
        return client

    async def _subscribe(
        self, client: Client, feed: Feed
    ) -> tuple[Subscription, _Listener, list[int]]:
        """Who listens, and the signals the server tells of; the others are told to a person."""
        c = self._config
        nodes: dict[Any, list[int]] = {}
        uris = await namespaces(client, [signal.node for signal in c.signals])
        for number, signal in enumerate(c.signals):
            node = node_id(client, signal.node, uris, signal.name)
            if node is None:
                feed.unusable(number, f"{signal.node}: the server has no such namespace")
                continue
            nodes.setdefault(node, []).append(number)
        listener = _Listener(self._config, feed, nodes)
        subscription = await client.create_subscription(c.publishing_ms, listener)
        subscribe: Any = (
            subscription.subscribe_data_change
        )  # its overloads know no numbers as times
        wanted, answers = [client.get_node(node) for node in nodes], []
        for first in range(0, len(wanted), _AT_ONCE):
            answers += await subscribe(
                wanted[first : first + _AT_ONCE],
                queuesize=c.server_queue,
                sampling_interval=float(c.sampling_ms),
            )
        # its clock goes on whatever the machine does: while we hear it, the subscription stands
        clock = await subscribe([client.get_node(_SERVER_TIME)], sampling_interval=1000.0)
        listener.watch_clock(isinstance(clock[0] if isinstance(clock, list) else clock, int))
        told: list[int] = []
        for numbers, answer in zip(nodes.values(), answers):
            if isinstance(answer, int):
                told += numbers
            else:
                why = str(getattr(answer, "name", answer))
                for number in numbers:
                    feed.unusable(number, f"{c.signals[number].node}: {why}")
        if not told:
            raise MachineError(
                "the server knows none of the nodes",
                where=c.url,
                fix="look their ids up in the server's browser, namespace and all",
            )
        return subscription, listener, told


class _Listener:
    """What asyncua calls with each change, in its loop; the names are asyncua's.

    Attributes:
        over: why the subscription has ended; empty while it stands.
    """

    def __init__(self, config: OpcUaSourceConfig, feed: Feed, nodes: dict[Any, list[int]]) -> None:
        self._config = config
        self._feed = feed
        self._nodes = nodes
        self.over = ""
        self._clock_mono: float | None = None

    def watch_clock(self, told: bool) -> None:
        """From now on the server's clock is heard, if it tells it at all."""
        self._clock_mono = time.monotonic() if told else None

    @property
    def silent_s(self) -> float:
        """Since when nothing was heard through the subscription; 0 when that cannot be known."""
        return 0.0 if self._clock_mono is None else time.monotonic() - self._clock_mono

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        """A node has a new value."""
        if self._clock_mono is not None:
            self._clock_mono = time.monotonic()
        told = data.monitored_item.Value
        source_s = _seconds(told.SourceTimestamp)
        if source_s is None:
            source_s = _seconds(told.ServerTimestamp)
        good = told.StatusCode is None or told.StatusCode.is_good()
        if told.StatusCode is not None and told.StatusCode.value & _OVERFLOW == _OVERFLOW:
            self._feed.figures.overflows += 1
        for number in self._nodes.get(node.nodeid, ()):
            if isinstance(value, list | tuple):
                self._put_array(number, value, source_s, good)
            else:
                self._feed.put(number, value, source_s, good=good)

    def _put_array(
        self, number: int, value: Sequence[float], source_s: float | None, good: bool
    ) -> None:
        if good:
            at_end = self._config.array_time == "end"
            self._feed.put_block(number, value, source_s, at_end=at_end)
        else:
            self._feed.figures.bad += len(value)

    def status_change_notification(self, status: Any) -> None:
        """The server ended the subscription, or says how it is: values it no longer tells do not stand."""
        code = getattr(status, "Status", status)
        warn("opcua_subscription", status=str(code))
        if not getattr(code, "is_good", lambda: False)():
            name = getattr(code, "name", str(code))
            # also what asyncua says where the server does not answer any more
            gone = name == _GONE
            self.over = f"the server {'is gone' if gone else 'ended the subscription'}: {name}"


async def _leave(client: Client) -> None:
    """Says goodbye if somebody is there; how that ends changes nothing."""
    try:
        await asyncio.wait_for(client.disconnect(), _GOODBYE_S)
    except Exception as error:  # noqa: BLE001  the connection may be gone in any way
        log("opcua_goodbye_failed", error=repr(error))


async def _stands(subscription: Subscription) -> bool:
    """Whether the server still knows it."""
    from asyncua import ua
    from asyncua.ua.uaerrors import UaError

    c = subscription.parameters
    params = ua.ModifySubscriptionParameters(
        SubscriptionId=subscription.subscription_id,
        RequestedPublishingInterval=c.RequestedPublishingInterval,
        RequestedLifetimeCount=c.RequestedLifetimeCount,
        RequestedMaxKeepAliveCount=c.RequestedMaxKeepAliveCount,
        MaxNotificationsPerPublish=c.MaxNotificationsPerPublish,
        Priority=c.Priority,
    )
    try:
        await subscription.update(params)
    except UaError as error:
        warn("opcua_subscription_gone", error=repr(error))
        return False
    return True


def _seconds(moment: datetime | None) -> float | None:
    """Seconds since 1970; None: no time, which some servers write as the first moment of their calendar."""
    if moment is None or moment.year <= _NO_YEAR:
        return None
    at = moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
    return at.timestamp()


def _check_files(*paths: Path | None) -> None:
    for path in paths:
        if path is not None and not path.is_file():
            raise ConfigError("no such file", where=str(path), fix="see source in agent.yaml")


def _uri_of(certificate: Path) -> str:
    """The application's URI as our certificate says: servers compare it with what the client claims."""
    from cryptography import x509

    content = certificate.read_bytes()
    pem = content.lstrip().startswith(b"-----BEGIN")
    load = x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate
    try:
        found = load(content)
    except ValueError as error:
        raise ConfigError(
            f"no certificate: {error}", where=str(certificate), fix="see source.certificate"
        ) from error
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return "urn:kitwright:agent"
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return str(uris[0]) if uris else "urn:kitwright:agent"
