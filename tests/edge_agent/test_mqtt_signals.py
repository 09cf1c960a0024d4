"""Machine signals over MQTT: JSON, numbers, arrays and Sparkplug B, against a real broker."""

from __future__ import annotations

import contextlib
import json
import struct
import threading
import time
from collections.abc import Iterator

import numpy as np
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.signals import sparkplug
from edge_agent.signals.messages import Translator, matches
from edge_agent.sources.machine_config import MqttSignal, MqttSourceConfig
from edge_agent.sources.mqtt_signals import MqttDriver
from edge_agent.sources.signals import SignalSource
from kits.core.errors import ConfigError, DataError
from tests.edge_agent.mosquitto import Mosquitto
from tests.edge_agent.test_modbus import Watched
from tests.waiting import wait_for


def signal(name: str, topic: str, **changes: object) -> MqttSignal:
    return MqttSignal.model_validate({"name": name, "topic": topic, **changes})


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def metric(
    name: str = "", alias: int | None = None, time_ms: int | None = None, **values: object
) -> bytes:
    """A metric as the specification encodes it; `double`, `int32`, `boolean`, `null`, `raw`."""
    out = field(1, name.encode()) if name else b""
    out += field(2, alias) if alias is not None else b""
    out += field(3, time_ms) if time_ms is not None else b""
    for kind, value in values.items():
        if kind == "double":
            assert isinstance(value, float)
            out += field(4, 10) + varint(13 << 3 | 1) + struct.pack("<d", value)
        elif kind == "int32":
            assert isinstance(value, int)
            out += field(4, 3) + field(10, value & 0xFFFFFFFF)
        elif kind == "boolean":
            out += field(4, 11) + field(14, int(bool(value)))
        elif kind == "raw":
            assert isinstance(value, bytes)
            out += field(4, 17) + field(16, value)
        else:
            out += field(7, 1)
    return out


def payload(seq: int, *metrics: bytes, time_ms: int = 1_000_000) -> bytes:
    return field(1, time_ms) + b"".join(field(2, one) for one in metrics) + field(3, seq)


def read(translator: Translator, topic: str, content: bytes) -> list[tuple[int, object, object]]:
    return [(r.number, r.value, r.time_s) for r in translator.readings(topic, content)]


# -- messages ------------------------------------------------------------------------------------


def test_values_and_times_are_found_by_their_paths() -> None:
    translator = Translator([
        signal("rms", "plant/+/vib", value="data.rms[1]", time="ts", scale=9.81),
        signal("state", "plant/#", value="state", role="attribute"),
    ])  # fmt: skip
    content = json.dumps({"ts": "2026-05-04T06:00:00Z", "data": {"rms": [1, 2]}, "state": "run"})
    assert read(translator, "plant/p1/vib", content.encode()) == [
        (0, 19.62, 1777874400.0), (1, "run", None),
    ]  # fmt: skip
    assert translator.filters() == ["plant/#", "plant/+/vib"]


@pytest.mark.parametrize("ts", [1777874400, 1777874400_000, 1777874400_000_000, 1777874400.0])
def test_times_come_in_seconds_or_parts_of_them(ts: float) -> None:
    translator = Translator([signal("x", "t", time="ts")])
    assert read(translator, "t", json.dumps({"ts": ts, "value": 1}).encode())[0][2] == 1777874400


def test_arrays_come_as_json_or_raw() -> None:
    translator = Translator([
        signal("a", "json", rate_hz=100), signal("b", "f4", format="float32le", rate_hz=100),
        signal("c", "i2", format="int16le", rate_hz=100, scale=0.5),
    ])  # fmt: skip
    wave = np.array([1.0, -2.0, 3.0])
    for topic, content in (
        ("json", json.dumps({"value": [1, -2, 3]}).encode()),
        ("f4", wave.astype("<f4").tobytes()), ("i2", (2 * wave).astype("<i2").tobytes()),
    ):  # fmt: skip
        ((_, value, _),) = read(translator, topic, content)
        np.testing.assert_array_equal(np.asarray(value), wave)


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("json", b"{"), ("json", b'{"value": [1, "x"]}'), ("number", b"off"),
        ("float32le", b"abc"), ("json", b"[" * 100_000),
    ],
)  # fmt: skip
def test_a_message_that_cannot_be_read_is_a_data_error(form: str, content: bytes) -> None:
    translator = Translator([signal("x", "t", format=form, rate_hz=1)])
    with pytest.raises(DataError):
        read(translator, "t", content)


@pytest.mark.parametrize(
    ("wanted", "topic", "meant"),
    [
        ("a/b", "a/b", True), ("a/+/c", "a/x/c", True), ("a/#", "a/x/y", True), ("#", "a", True),
        ("a/+", "a/b/c", False), ("a/b/c", "a/b", False), ("a", "a/b", False),
    ],
)  # fmt: skip
def test_filters_mean_what_mqtt_says(wanted: str, topic: str, meant: bool) -> None:
    assert matches(wanted, topic) is meant


# -- Sparkplug B ---------------------------------------------------------------------------------


def sparkplug_translator() -> Translator:
    return Translator([
        signal("temp", "spBv1.0/plant/+/gw/press", format="sparkplug", metric="Motor/Temp"),
        signal("count", "spBv1.0/plant/+/gw/press", format="sparkplug", metric="Count"),
        signal("on", "spBv1.0/plant/+/gw", format="sparkplug", metric="On"),
    ])  # fmt: skip


def test_aliases_of_a_birth_name_the_metrics_of_data() -> None:
    translator = sparkplug_translator()
    read(translator, "spBv1.0/plant/NBIRTH/gw", payload(0, metric("On", 1, boolean=True)))
    born = payload(1, metric("Motor/Temp", 7, 1_000, double=40.5), metric("Count", 8, int32=-5))
    assert read(translator, "spBv1.0/plant/DBIRTH/gw/press", born) == [
        (0, 40.5, 1.0), (1, -5.0, 1000.0),
    ]  # fmt: skip
    data = payload(2, metric(alias=7, time_ms=2_500, double=41.0))
    assert read(translator, "spBv1.0/plant/DDATA/gw/press", data) == [(0, 41.0, 2.5)]
    assert read(
        translator, "spBv1.0/plant/NDATA/gw", payload(3, metric(alias=1, boolean=False))
    ) == [(2, 0.0, 1000.0)]
    assert (translator.rebirths, translator.lost) == (set(), 0)


def test_a_null_metric_is_no_reading() -> None:
    translator = sparkplug_translator()
    born = payload(0, metric("Motor/Temp", 7, null=True))
    assert read(translator, "spBv1.0/plant/DBIRTH/gw/press", born) == [(0, None, 1000.0)]


def test_a_node_whose_birth_was_missed_is_asked_for_it() -> None:
    translator = sparkplug_translator()
    data = payload(9, metric(alias=7, double=41.0))
    assert read(translator, "spBv1.0/plant/DDATA/gw/press", data) == []
    assert translator.rebirths == {"plant/gw"}


def test_a_hole_in_the_sequence_is_counted_and_asked_about() -> None:
    translator = sparkplug_translator()
    read(translator, "spBv1.0/plant/NBIRTH/gw", payload(0, metric("On", 1, boolean=True)))
    for seq in (254, 255, 0):
        read(translator, "spBv1.0/plant/NDATA/gw", payload(seq, metric(alias=1, boolean=True)))
    assert translator.lost == 253
    assert translator.rebirths == {"plant/gw"}


def test_after_a_death_aliases_are_not_believed() -> None:
    translator = sparkplug_translator()
    born = payload(0, metric("Motor/Temp", 7, double=1.0))
    read(translator, "spBv1.0/plant/DBIRTH/gw/press", born)
    read(translator, "spBv1.0/plant/NDEATH/gw", b"")
    read(translator, "spBv1.0/plant/DDATA/gw/press", payload(1, metric(alias=7, double=2.0)))
    assert translator.rebirths == {"plant/gw"}


def test_hostile_payloads_end_in_a_data_error_or_in_nothing() -> None:
    draw = np.random.default_rng(5)
    good = payload(0, metric("Motor/Temp", 7, 1_000, double=40.5), metric("x", raw=b"abc"))
    for _ in range(3000):
        content = bytearray(good)
        for at in draw.integers(0, len(content), 3):
            content[at] = draw.integers(0, 256)
        with contextlib.suppress(DataError):
            sparkplug.decode_payload(bytes(content[: draw.integers(0, len(content) + 1)]))


def test_a_rebirth_command_is_what_the_specification_says() -> None:
    told = sparkplug.decode_payload(sparkplug.encode_rebirth(123_000))
    assert told.time_s == 123.0
    assert [(m.name, m.value) for m in told.metrics] == [("Node Control/Rebirth", True)]


def test_a_topic_that_is_no_sparkplug_topic_is_refused() -> None:
    made = config(1883, signal("x", "plant/x", format="sparkplug", metric="m"))
    with pytest.raises(ConfigError, match="no Sparkplug B topic"):
        MqttDriver(made)


# -- with a broker -------------------------------------------------------------------------------


def config(port: int, *signals: MqttSignal, **changes: object) -> MqttSourceConfig:
    return MqttSourceConfig.model_validate(
        {
            "host": "127.0.0.1", "port": port, "asset": "pump-1", "window_s": 0.5, "late_s": 0.2,
            "grid_hz": 20, "signals": signals, **changes,
        }
    )  # fmt: skip


class Plant:
    """A client in the plant, and a source that listens to it."""

    def __init__(self, made: MqttSourceConfig) -> None:
        self.alerts: list[tuple[str, str]] = []
        self.heard: list[tuple[str, bytes]] = []
        self._port = made.port
        self.client = self._connected()
        self.source = SignalSource(
            made, MqttDriver(made), lambda name, severity, _: self.alerts.append((name, severity)),
            name="mqtt", backoff_s=0.05,
        )  # fmt: skip
        self.watched = Watched(self.source)

    def _connected(self) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, "plant", protocol=paho.MQTTv5)
        listens = threading.Event()
        client.on_message = lambda _c, _d, m: self.heard.append((m.topic, bytes(m.payload)))
        client.on_subscribe = lambda *_: listens.set()
        client.connect("127.0.0.1", self._port)
        client.loop_start()
        client.subscribe("spBv1.0/+/NCMD/#")
        assert listens.wait(30)  # a node is asked once only
        return client

    def tell(self, topic: str, content: str | bytes, *, retain: bool = False) -> None:
        self.client.publish(topic, content, qos=1, retain=retain).wait_for_publish(5)

    def tell_until(self, topic: str, content: str | bytes, name: str, value: float) -> None:
        """Again and again: the source may not have subscribed yet."""

        def arrived() -> bool:
            self.tell(topic, content)
            time.sleep(0.05)
            return self.watched.latest(name) == value

        wait_for(arrived)

    def end(self) -> None:
        self.watched.end()
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def made_plants() -> Iterator[list[Plant]]:
    plants: list[Plant] = []
    yield plants
    for plant in plants:
        plant.end()


def test_messages_become_windows(broker: Mosquitto, made_plants: list[Plant]) -> None:
    plant = Plant(config(
        broker.port, signal("flow", "p/flow", format="number"),
        signal("temp", "p/json", value="t"), signal("speed_rpm", "p/json", value="n", role="attribute"),
    ))  # fmt: skip
    made_plants.append(plant)
    plant.tell_until("p/flow", "2.5", "flow", 2.5)
    plant.tell_until("p/json", json.dumps({"t": 40, "n": 1480}), "temp", 40.0)
    assert plant.watched.captured[-1].group == "pump-1"
    plant.tell("p/json", "{broken")
    wait_for(lambda: plant.source.feed.figures.bad == 1)


def test_what_was_said_while_the_broker_kept_it_is_not_lost(
    broker: Mosquitto, made_plants: list[Plant]
) -> None:
    """QoS 1 and a session: a driver that is away for a moment hears it all, with its own times."""
    made = config(broker.port, signal("flow", "p/flow", time="ts"))
    plant = Plant(made)
    made_plants.append(plant)
    told = {"value": 1, "ts": time.time()}
    plant.tell_until("p/flow", json.dumps(told), "flow", 1.0)
    plant.watched.end()
    start = time.time()
    for n in range(20):
        plant.tell("p/flow", json.dumps({"value": 10 + n, "ts": start - 2 + n * 0.1}))
    again = SignalSource(made, MqttDriver(made), lambda *_: None, name="mqtt")
    plant.watched = Watched(again)

    def known() -> list[float]:
        window = again.ring.window("pump-1", start - 2, 2.0)
        return [float(reading) for reading in window.channels[0].readings[[0, 2, 38]]]

    # what was told before may come once more: readings are not counted
    wait_for(lambda: known() == [10, 11, 29])


def test_a_broker_that_dies_is_told_and_found_again(
    broker: Mosquitto, made_plants: list[Plant]
) -> None:
    plant = Plant(config(broker.port, signal("flow", "p/flow", format="number"), stale_s=1.0))
    made_plants.append(plant)
    plant.tell_until("p/flow", "1", "flow", 1.0)
    broker.kill()
    wait_for(lambda: ("source-lost", "error") in plant.alerts)
    broker.start()
    wait_for(plant.client.is_connected)
    plant.tell_until("p/flow", "2", "flow", 2.0)
    wait_for(lambda: ("source-lost", "info") in plant.alerts)


def test_a_sparkplug_node_is_asked_to_tell_what_was_missed(
    broker: Mosquitto, made_plants: list[Plant]
) -> None:
    topic = "spBv1.0/plant/+/gw/press"
    plant = Plant(config(broker.port, signal("temp", topic, format="sparkplug", metric="Temp")))
    made_plants.append(plant)
    now_ms = int(time.time() * 1000)

    def asked() -> bool:
        plant.tell("spBv1.0/plant/DDATA/gw/press", payload(5, metric(alias=3, double=1.0)))
        time.sleep(0.1)
        return bool(plant.heard)

    wait_for(asked)
    topic_asked, content = plant.heard[0]
    assert topic_asked == "spBv1.0/plant/NCMD/gw"
    assert sparkplug.decode_payload(content).metrics[0].name == "Node Control/Rebirth"
    born = payload(0, metric("Temp", 3, now_ms, double=20.0), time_ms=now_ms)
    plant.tell("spBv1.0/plant/DBIRTH/gw/press", born)
    wait_for(lambda: plant.watched.latest("temp") == 20.0)


def test_a_sparkplug_metric_that_does_not_change_stands_while_its_node_lives() -> None:
    translator = sparkplug_translator()
    born = payload(0, metric("Motor/Temp", 7, double=1.0), metric("Count", 8, int32=1))
    read(translator, "spBv1.0/plant/DBIRTH/gw/press", born)
    assert translator.told_on_change() == [0, 1]
    read(translator, "spBv1.0/plant/DDEATH/gw/press", b"")
    assert translator.told_on_change() == []


@pytest.mark.parametrize("ts", ["Infinity", "-Infinity", "NaN", "1e999"])
def test_a_time_without_end_is_no_time_and_ends_in_no_endless_loop(ts: str) -> None:
    translator = Translator([signal("a", "t", value="v", time="ts")])
    (reading,) = translator.readings("t", f'{{"v": 1, "ts": {ts}}}'.encode())
    assert (reading.value, reading.time_s) == (1.0, None)


@pytest.mark.parametrize("body", ['{"v": %s}', '{"v": 1, "ts": %s}', '{"v": [1, %s]}'])
def test_a_whole_number_of_any_length_is_a_data_error(body: str) -> None:
    """One retained message must not end the source each time it comes back."""
    translator = Translator([signal("a", "t", value="v", time="ts")])
    with pytest.raises(DataError):
        list(translator.readings("t", (body % ("9" * 400)).encode()))


def test_nodes_that_nobody_configured_are_neither_remembered_nor_asked_for_anything() -> None:
    everything = signal("raw", "#", format="float32le", rate_hz=10.0)
    ours = signal("ours", "spBv1.0/plant/+/pump", format="sparkplug", metric="Flow")
    translator = Translator([everything, ours])
    for number in range(50):
        list(translator.readings(f"spBv1.0/other/NDATA/node-{number}", field(3, number) * 2))
    assert translator.rebirths == set()
    list(translator.readings("spBv1.0/plant/NDATA/pump", field(3, 7) * 2))
    assert translator.rebirths == {"plant/pump"}
