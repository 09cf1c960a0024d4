"""MQTT as devices of a plant speak it: several kinds of messages on a topic, clocks of their own, numbers as text."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import numpy as np
import pytest
from pydantic import ValidationError

from edge_agent.signals.clock import SourceClock
from edge_agent.signals.feed import Feed
from edge_agent.signals.messages import Translator
from edge_agent.sources.machine_config import MqttSignal
from edge_agent.sources.mqtt_signals import MqttDriver
from edge_agent.sources.signals import SignalSource
from kits.core.errors import DataError
from kits.core.window import Window
from tests.edge_agent.mosquitto import Mosquitto
from tests.edge_agent.test_modbus import Watched
from tests.edge_agent.test_mqtt_signals import (
    Plant,
    config,
    field,
    metric,
    payload,
    read,
    signal,
    varint,
)
from tests.waiting import wait_for

GATEWAY = "spBv1.0/plant/+/gw"


def whole(alias: int, value: int, bits: int = 32) -> bytes:
    """A whole number as DATA tells it: by its alias, without a data type, as the specification asks."""
    return field(2, alias) + field(10 if bits == 32 else 11, value & ((1 << bits) - 1))


def sparkplug_signal() -> MqttSignal:
    return signal("x", GATEWAY, format="sparkplug", metric="X")


def born(name: str, alias: int, datatype: int) -> bytes:
    return field(1, name.encode()) + field(2, alias) + field(4, datatype) + field(7, 1)


@pytest.fixture(autouse=True)
def _told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.signals.feed._CALM_S", 0.3)


@pytest.fixture
def made_plants() -> Iterator[list[Plant]]:
    plants: list[Plant] = []
    yield plants
    for plant in plants:
        plant.end()


@pytest.mark.parametrize(
    ("datatype", "bits", "told"), [(2, 32, -5), (3, 32, -5), (4, 64, -5), (7, 32, 4294967291)]
)
def test_the_birth_tells_whether_a_number_has_a_sign(datatype: int, bits: int, told: int) -> None:
    """`[tck-id-payloads-metric-datatype-not-req]`: DATA leaves the data type away."""
    translator = Translator([signal("x", GATEWAY, format="sparkplug", metric="X")])
    read(translator, "spBv1.0/plant/NBIRTH/gw", payload(0, born("X", 4, datatype)))
    data = payload(1, whole(4, -5, bits))
    assert [value for _, value, _ in read(translator, "spBv1.0/plant/NDATA/gw", data)] == [told]


def test_a_fraction_stays_one_where_only_the_birth_tells_its_type() -> None:
    translator = Translator([signal("x", GATEWAY, format="sparkplug", metric="X")])
    read(translator, "spBv1.0/plant/NBIRTH/gw", payload(0, born("X", 4, 9)))
    data = payload(1, field(2, 4) + varint(12 << 3 | 5) + b"\x00\x00\x20\xc0")
    assert [value for _, value, _ in read(translator, "spBv1.0/plant/NDATA/gw", data)] == [-2.5]


def test_a_number_whose_birth_was_missed_waits_for_it() -> None:
    translator = Translator([signal("x", GATEWAY, format="sparkplug", metric="X")])
    data = payload(7, field(1, b"X") + whole(4, -5))
    assert read(translator, "spBv1.0/plant/NDATA/gw", data) == []
    assert translator.rebirths == {"plant/gw"}
    told = payload(7, metric("X", int32=-5))
    assert [value for _, value, _ in read(translator, "spBv1.0/plant/NDATA/gw", told)] == [-5.0]


def test_a_number_that_no_sign_could_change_waits_for_no_birth() -> None:
    """Who may not publish commands never has one."""
    translator = Translator([signal("x", GATEWAY, format="sparkplug", metric="X")])
    data = payload(7, field(1, b"X") + whole(4, 2_000_000_000))
    assert [value for _, value, _ in read(translator, "spBv1.0/plant/NDATA/gw", data)] == [2e9]


def test_a_node_is_asked_for_its_birth_before_it_says_anything(
    broker: Mosquitto, made_plants: list[Plant]
) -> None:
    """What does not change is told by a birth alone, and births are not retained."""
    made_plants.append(Plant(config(broker.port, sparkplug_signal())))
    wait_for(lambda: [topic for topic, _ in made_plants[0].heard] == ["spBv1.0/plant/NCMD/gw"])


def test_a_node_that_died_while_the_broker_was_away_does_not_live_on(
    broker: Mosquitto, made_plants: list[Plant]
) -> None:
    """The broker forgot our session, and with it the death: what the node said last stands no more."""
    flow = signal("flow", "p/flow", format="number")
    plant = Plant(config(broker.port, sparkplug_signal(), flow, stale_s=3.0))
    made_plants.append(plant)
    birth = payload(0, metric("X", 4, int(time.time() * 1000), double=5.0))
    plant.tell_until("spBv1.0/plant/NBIRTH/gw", birth, "x", 5.0)
    broker.kill()
    wait_for(lambda: ("source-lost", "error") in plant.alerts)
    broker.start()
    wait_for(plant.client.is_connected)

    def stands_no_more() -> bool:
        plant.tell("p/flow", "7")
        window = plant.watched.captured[-1].payload
        assert isinstance(window, Window)
        x, other = (channel.readings for channel in window.channels)
        return bool(np.isnan(x).all() and (other == 7).any())

    wait_for(stands_no_more)


def test_a_node_is_asked_for_its_birth_by_an_agent_that_began_anew_while_the_broker_kept_its_session(
    broker: Mosquitto, made_plants: list[Plant]
) -> None:
    """The agent is updated; what does not change meanwhile was told to the one before."""
    made = config(broker.port, sparkplug_signal())
    plant = Plant(made)
    made_plants.append(plant)
    birth = payload(0, metric("X", 4, int(time.time() * 1000), double=5.0))
    plant.tell_until("spBv1.0/plant/NBIRTH/gw", birth, "x", 5.0)
    plant.watched.end()
    plant.heard.clear()
    plant.watched = Watched(SignalSource(made, MqttDriver(made), lambda *_: None, name="mqtt"))
    wait_for(lambda: [topic for topic, _ in plant.heard] == ["spBv1.0/plant/NCMD/gw"])


def test_a_message_that_does_not_name_a_signal_says_nothing_of_it() -> None:
    """A Shelly tells what changed, each of its parts in a message of its own, all on one topic."""
    translator = Translator([
        signal("power", "shelly/events/rpc", value="params.switch:0.apower"),
        signal("temp", "shelly/events/rpc", value="params.temperature:0.tC"),
    ])  # fmt: skip
    told = json.dumps({"params": {"switch:0": {"apower": 812.5}}}).encode()
    assert read(translator, "shelly/events/rpc", told) == [(0, 812.5, None)]
    gone = json.dumps({"params": {"switch:0": {"apower": None}}}).encode()
    assert read(translator, "shelly/events/rpc", gone) == [(0, None, None)]


def test_numbers_between_quotation_marks_are_numbers_and_words_stay_words() -> None:
    translator = Translator([
        signal("temp", "t", value="t", scale=0.1), signal("product", "t", value="p", role="attribute"),
    ])  # fmt: skip
    told = json.dumps({"t": "235", "p": "4711"}).encode()
    assert read(translator, "t", told) == [(0, pytest.approx(23.5), None), (1, "4711", None)]


def test_a_signal_that_cannot_be_read_costs_the_others_of_its_message_nothing() -> None:
    translator = Translator([signal("words", "t", value="w"), signal("flow", "t", value="f")])
    told = translator.readings("t", json.dumps({"w": ["a"], "f": 3}).encode())
    assert next(iter(told)).value == 3
    with pytest.raises(DataError, match="not of numbers"):
        list(told)


def test_keys_may_hold_the_signs_of_paths() -> None:
    """As gateways name tags of PLCs, and masters of IO-Link their ports."""
    port = "/iolinkmaster/port[1]/pdin"
    translator = Translator([
        signal("flow", "t", value="data.Pump3.Flow"), signal("port", "t", value=f"data.{port}.data"),
        signal("deep", "t", value="data.a.b"),
    ])  # fmt: skip
    told = {"data": {"Pump3.Flow": 7, f"{port}.data": 8, "a": {"b": 9}}}
    assert [value for _, value, _ in read(translator, "t", json.dumps(told).encode())] == [7, 8, 9]


def test_a_sparkplug_signal_without_its_metric_is_refused() -> None:
    with pytest.raises(ValidationError, match="needs metric"):
        signal("x", GATEWAY, format="sparkplug")


def test_what_is_never_found_in_messages_is_told_until_it_comes(
    broker: Mosquitto, made_plants: list[Plant]
) -> None:
    plant = Plant(config(
        broker.port, signal("flow", "p/a", value="flow"), signal("typo", "p/a", value="flwo"),
        signal("temp", "p/b", format="number"),
    ))  # fmt: skip
    made_plants.append(plant)
    plant.tell_until("p/a", '{"flow": 1}', "flow", 1.0)
    for _ in range(5):
        plant.tell("p/a", '{"flow": 1}')
    plant.tell("p/b", "23,5 °C")
    told = ("signals-unusable", "warning")
    wait_for(lambda: told in plant.alerts)
    wait_for(lambda: len(plant.source.feed.unread) == 2)
    assert plant.source.feed.unread == {
        "typo": "no flwo in messages of p/a", "temp": "'23,5 °C' is no number",
    }  # fmt: skip
    plant.tell("p/b", "23.5")
    plant.tell("p/a", '{"flwo": 2}')
    wait_for(lambda: ("signals-unusable", "info") in plant.alerts)


def test_a_device_with_a_wrong_clock_is_found_beside_others_with_a_right_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each message of a right clock says nothing of another device's."""
    monkeypatch.setattr("edge_agent.signals.clock._SETTLE_S", 0.2)
    made = config(1883, signal("right", "a", time="ts"), signal("wrong", "b", time="ts"))
    alerts: list[tuple[str, str, str]] = []
    feed = Feed(made, lambda *alert: alerts.append(alert), name="mqtt")
    started = time.monotonic()
    while time.monotonic() - started < 1.0:
        feed.put(0, 1.0, time.time())
        feed.put(1, 2.0, time.time() - 7200)
        time.sleep(0.02)
    window = feed.ring.window("pump-1", feed.now_s() - 0.3, 0.2)
    assert [set(c.readings.tolist()) for c in window.channels] == [{1.0}, {2.0}]
    assert [(name, text) for name, _, text in alerts] == [
        ("source-clock", "mqtt: the clock of b was set by -7200 s; times go on without a jump")
    ]


def test_topics_of_a_gateway_whose_clock_is_wrong_go_by_one_clock() -> None:
    """A topic that is told seldom waits for nothing, and one alert tells of the gateway."""
    step_s, wall_s = 5.0, 1_700_000_000.0
    often, seldom, other = (SourceClock(wall_s, 0.0, step_s) for _ in range(3))
    clocks = (often, seldom, other)
    for second in range(10):
        other.at_s(wall_s + second, second, clocks)
        often.at_s(wall_s + second - 7200.5, second, clocks)
    assert seldom.at_s(wall_s + 10 - 7200.5, 10, clocks) == wall_s + 10
    assert [clock.steps for clock in clocks] == [1, 0, 0]
    assert other.at_s(wall_s + 10 - 7200, 10, clocks) == wall_s + 10 - 7200, "only late"


def test_an_agent_whose_name_another_one_has_says_so(
    broker: Mosquitto, made_plants: list[Plant]
) -> None:
    made = config(broker.port, signal("flow", "p/flow", format="number"))
    texts: list[str] = []
    source = SignalSource(
        made, MqttDriver(made), lambda _name, _severity, text: texts.append(text), name="mqtt"
    )
    watched = Watched(source)
    plant = Plant(made)
    made_plants.append(plant)
    wait_for(lambda: any("set source.client_id" in text for text in texts))
    watched.end()
