"""OPC UA servers as they are: slower than they are asked to be, with limits, without times, without a node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asyncua import ua

from edge_agent.sources.machine_config import OpcUaSignal, OpcUaSourceConfig
from edge_agent.sources.opcua import OpcUaDriver
from edge_agent.sources.opcua_address import with_port
from edge_agent.sources.signals import SignalSource
from kits.core.addresses import free_port
from tests.edge_agent.machine_servers import OpcUaServer
from tests.edge_agent.test_modbus import Watched
from tests.edge_agent.test_opcua import config, write_certificate
from tests.waiting import wait_for

_CLOCK = ua.NodeId(2258)
_AT_MOST = 100


class Slow:
    """Makes a server one that tells its time once in ten seconds, and that takes few nodes at once."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def prepare(self, server: Any) -> None:
        service = server.iserver.subscription_service
        create = service.create_monitored_items

        async def create_few(params: Any, *args: Any) -> Any:
            items = params.ItemsToCreate
            self.asked.append(len(items))
            if len(items) > _AT_MOST:
                raise ua.UaStatusCodeError(ua.StatusCodes.BadTooManyOperations)
            if items[0].ItemToMonitor.NodeId == _CLOCK:
                items[0].ItemToMonitor.NodeId = ua.NodeId(
                    2257
                )  # its start time, which never changes
            return await create(params, *args)

        service.create_monitored_items = create_few


class Site:
    """A server and a source on it, with the alerts that the source raised."""

    def __init__(self, nodes: dict[str, Any], prepare: Callable[..., Any] | None = None) -> None:
        self.server = OpcUaServer(free_port(), nodes, prepare)
        self.server.start()
        self.alerts: list[tuple[str, str, str]] = []
        self._watched: list[Watched] = []

    def watch(self, made: OpcUaSourceConfig) -> Watched:
        source = SignalSource(
            made, OpcUaDriver(made), lambda *alert: self.alerts.append(alert), name="opcua",
            backoff_s=0.05,
        )  # fmt: skip
        self._watched.append(Watched(source))
        return self._watched[-1]

    def end(self) -> None:
        for watched in self._watched:
            watched.end()
        self.server.stop()


@pytest.fixture(autouse=True)
def _told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.signals.feed._CALM_S", 0.3)


@pytest.fixture
def sites() -> Iterator[list[Site]]:
    made: list[Site] = []
    yield made
    for site in made:
        site.end()


@pytest.mark.slow
def test_a_server_that_seldom_tells_its_time_is_not_taken_for_a_silent_one(
    sites: list[Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.sources.opcua._SILENCE_S", 0.3)
    slow = Slow()
    site = Site({"Flow": 1.0}, slow.prepare)
    sites.append(site)
    flow = OpcUaSignal(name="flow", node="ns=2;s=Flow")
    watched = site.watch(config(site.server.url, signals=(flow,)))
    wait_for(lambda: len(watched.captured) >= 8)
    assert watched.source.health.reconnects == 0
    assert not site.alerts


@pytest.mark.slow
def test_many_nodes_are_asked_for_in_portions(sites: list[Site]) -> None:
    slow = Slow()
    site = Site({f"N{n}": float(n) for n in range(250)}, slow.prepare)
    sites.append(site)
    signals = tuple(OpcUaSignal(name=f"n{n}", node=f"ns=2;s=N{n}") for n in range(250))
    watched = site.watch(config(site.server.url, signals=signals))
    wait_for(lambda: watched.latest("n249") == 249.0)
    assert slow.asked == [100, 100, 50, 1]


def test_a_node_that_the_server_does_not_know_is_told_by_name(sites: list[Site]) -> None:
    site = Site({"Flow": 1.0, "Name": "pump", "Wave": [1.0, 2.0]})
    sites.append(site)
    signals = (
        OpcUaSignal(name="flow", node="ns=2;s=Flow"), OpcUaSignal(name="ghost", node="ns=2;s=Ghost"),
        OpcUaSignal(name="words", node="ns=2;s=Name"), OpcUaSignal(name="wave", node="ns=2;s=Wave"),
    )  # fmt: skip
    watched = site.watch(config(site.server.url, signals=signals))
    wait_for(lambda: watched.latest("flow") == 1.0)
    wait_for(lambda: len(watched.source.feed.unread) == 3)
    assert watched.source.feed.unread == {
        "ghost": "ns=2;s=Ghost: BadNodeIdUnknown", "words": "'pump' is no number",
        "wave": "an array, which needs rate_hz",
    }  # fmt: skip
    wait_for(lambda: bool(site.alerts))
    assert {(name, severity) for name, severity, _ in site.alerts} == {
        ("signals-unusable", "warning")
    }


def test_a_server_that_writes_no_times_does_not_write_over_the_past(sites: list[Site]) -> None:
    """The first moment of OPC UA's calendar means that there is none."""
    site = Site({"Flow": 1.0})
    sites.append(site)
    flow = OpcUaSignal(name="flow", node="ns=2;s=Flow")
    never = datetime(1601, 1, 1, tzinfo=timezone.utc)
    watched = site.watch(config(site.server.url, signals=(flow,)))
    for value in (2.0, 3.0, 4.0):
        site.server.write("Flow", value, never)
        wait_for(lambda value=value: watched.latest("flow") == value)
    newest = watched.source.feed.now_s()
    window = watched.source.ring.window("pump-1", newest - 5, 5.0)
    readings = window.channels[0].readings
    assert {2.0, 3.0, 4.0} <= set(readings[~np.isnan(readings)].tolist())


def test_nodes_are_found_by_the_uri_of_their_namespace_whatever_its_number(
    sites: list[Site],
) -> None:
    site = Site({"Flow": 4.0})
    sites.append(site)
    signals = (
        OpcUaSignal(name="flow", node="nsu=urn:test:machine;s=Flow"),
        OpcUaSignal(name="ghost", node="nsu=urn:nobody;s=Flow"),
    )
    watched = site.watch(config(site.server.url, signals=signals))
    wait_for(lambda: watched.latest("flow") == 4.0)
    assert watched.source.feed.unread == {
        "ghost": "nsu=urn:nobody;s=Flow: the server has no such namespace"
    }


@pytest.mark.slow
def test_what_a_server_offers_is_said_where_it_does_not_offer_what_is_wanted(
    sites: list[Site], tmp_path: Path
) -> None:
    site = Site({"Flow": 4.0})
    sites.append(site)
    certificate, key = write_certificate(tmp_path, "agent", "urn:plant:agent-7")
    site.watch(
        config(site.server.url, security="Basic256Sha256", certificate=certificate, private_key=key)
    )
    wait_for(lambda: bool(site.alerts))
    text = site.alerts[0][2]
    assert "the server does not offer Basic256Sha256 SignAndEncrypt" in text
    assert "to what it offers: None None" in text


def test_an_address_without_a_port_has_the_usual_one() -> None:
    assert with_port("opc.tcp://plc-3.local/press") == "opc.tcp://plc-3.local:4840/press"
    assert with_port("opc.tcp://[fd00::7]:48010") == "opc.tcp://[fd00::7]:48010"
