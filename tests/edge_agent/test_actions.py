"""Actions: what is done for a verdict, in time or not at all, against receivers that die and come back."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from cloud_sync.fleet.pki import Authority
from edge_agent.actions.base import Order
from edge_agent.actions.config import (
    ActionConfig,
    HttpActionConfig,
    MqttActionConfig,
    SimulatedActionConfig,
)
from edge_agent.actions.dispatcher import Dispatcher, collect, make_actions
from kits.core.sample import utc_now
from tests.edge_agent.mosquitto import Mosquitto
from tests.tls_server import TlsServer
from tests.waiting import wait_for


class Web:
    """An HTTP address that records, and answers `status` once it may."""

    def __init__(self, port: int = 0) -> None:
        web = self
        self.bodies: list[dict[str, object]] = []
        self.status, self.may_answer = 200, threading.Event()
        self.closes = False
        self.channels: list[socket.socket] = []
        self.may_answer.set()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                web.channels.append(self.connection)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                web.may_answer.wait(20)
                web.bodies.append(json.loads(body))
                self.send_response(web.status)
                self.send_header("Location", web.url)
                if web.closes:
                    self.send_header("Connection", "close")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/gate"

    def close(self) -> None:
        self.may_answer.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        for channel in self.channels:
            with contextlib.suppress(OSError):
                channel.shutdown(socket.SHUT_RDWR)


class Plc:
    """A receiver behind the plant's broker."""

    def __init__(self, port: int, topic: str = "line/1") -> None:
        self.heard: list[str] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_message = lambda _c, _u, message: self.heard.append(
            json.loads(message.payload)["sample_id"]
        )
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(topic, qos=1)
        self._client.loop_start()
        assert ready.wait(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Line:
    """One action, what became of its orders, and what was alerted."""

    def __init__(self, config: ActionConfig, folder: Path) -> None:
        self.alerts: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.dispatcher = Dispatcher(make_actions([config], folder), self._alert)

    def _alert(self, name: str, severity: str, text: str) -> None:
        self.texts.append(text)
        self.alerts.append((name, severity))

    def order(self, name: str = "id-1", deadline_s: float = 5.0) -> str:
        given = order(deadline_s, name=name)
        (outcome,) = collect(self.dispatcher.dispatch(given), given.deadline_mono).values()
        return outcome


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Callable[[ActionConfig], Line]]:
    made: list[Line] = []

    def make(config: ActionConfig) -> Line:
        made.append(Line(config, tmp_path))
        return made[-1]

    yield make
    for one in made:
        one.dispatcher.close()


@pytest.fixture
def web() -> Iterator[Web]:
    web = Web()
    yield web
    web.close()


def order(deadline_s: float = 5.0, verdict: str = "act", name: str = "id-1") -> Order:
    return Order(name, verdict, "scratch", 0.9, utc_now(), time.monotonic() + deadline_s)  # type: ignore[arg-type]


def http_config(web: Web, timeout_ms: int = 3000) -> HttpActionConfig:
    return HttpActionConfig(name="plc", url=web.url, timeout_ms=timeout_ms)


def mqtt_config(port: int, *, retain: bool = False, timeout_ms: int = 3000) -> MqttActionConfig:
    where = {"name": "plc", "host": "127.0.0.1", "port": port, "topic": "line/1"}
    return MqttActionConfig(**where, retain=retain, timeout_ms=timeout_ms)


Make = Callable[[ActionConfig], Line]


def test_http_actions_call_with_the_decision(web: Web, line: Make) -> None:
    plc = line(http_config(web))
    assert plc.order() == "done"
    assert web.bodies[0]["label"] == "scratch"
    assert plc.alerts == []


def test_a_failing_action_alerts_once_and_clears(web: Web, line: Make) -> None:
    plc = line(http_config(web))
    for status in (500, 503, 200):
        web.status = status
        plc.order()
    assert plc.alerts == [("action-plc", "error"), ("action-plc", "info")]
    assert plc.dispatcher.counts() == {"plc": {"error": 2, "done": 1}}


@pytest.mark.parametrize("status", [204, 301, 302, 304, 404])
def test_only_an_answer_of_success_means_done(web: Web, line: Make, status: int) -> None:
    web.status = status
    assert line(http_config(web)).order() == ("done" if status == 204 else "error")
    assert len(web.bodies) == 1, "a redirect is not followed"


def test_an_action_that_takes_too_long_is_given_up(web: Web, line: Make) -> None:
    web.may_answer.clear()
    plc = line(http_config(web, timeout_ms=50))
    assert plc.order() == "error"
    assert web.bodies == []


def test_an_order_whose_deadline_passed_while_a_name_was_looked_up_is_never_sent(
    web: Web, line: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def slow(*given: Any, **more: Any) -> Any:
        time.sleep(0.4)
        return look_up(*given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    plc = line(http_config(web))
    plc.order(deadline_s=0.2)
    wait_for(lambda: plc.dispatcher.counts()["plc"] == {"error": 1})
    assert "nothing was sent" in plc.texts[0]
    time.sleep(0.2)
    assert web.bodies == []
    monkeypatch.undo()
    assert plc.order() == "done"


def test_of_an_order_that_failed_nothing_more_is_sent(line: Make) -> None:
    """A receiver so slow that most of the order still waits in this machine's kernel."""
    with socket.socket() as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        receiver.bind(("127.0.0.1", 0))
        receiver.listen()
        config = HttpActionConfig(
            name="plc",
            url=f"http://127.0.0.1:{receiver.getsockname()[1]}/gate",
            timeout_ms=200,
            headers={"X-Long": "x" * 60_000},
        )
        assert line(config).order() == "error"
        channel, _ = receiver.accept()
        heard = b""
        with channel, contextlib.suppress(ConnectionResetError):
            channel.settimeout(5)
            while piece := channel.recv(1 << 16):
                heard += piece
    assert b"id-1" not in heard


def test_a_gateway_that_closes_after_each_answer_costs_no_order(web: Web, line: Make) -> None:
    web.closes = True
    plc = line(http_config(web))
    assert [plc.order(), plc.order()] == ["done", "done"]
    assert len(web.bodies) == 2


def test_an_address_with_tls_is_called_only_when_its_certificate_is_believed(
    tmp_path: Path, line: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path / "pki")
    with TlsServer(authority.server_files([])) as gateway:
        config = HttpActionConfig(name="plc", url=f"{gateway.url}/gate", timeout_ms=3000)
        assert line(config).order() == "error"
        assert gateway.heard == b""
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
        assert line(config).order() == "done"
        assert b"id-1" in gateway.heard_to_the_end()


def test_one_connection_serves_many_orders(web: Web, line: Make) -> None:
    plc = line(http_config(web))
    assert {plc.order(f"id-{n}") for n in range(5)} == {"done"}
    assert len(web.channels) == 1


@pytest.mark.parametrize(
    ("path", "headers"),
    [("/T0/secret?token=secret", {}), ("/", {"X-Key": "secret\nsecret"}), (":99999/secret", {})],
)
def test_no_secret_of_an_address_is_in_alerts_or_logs(
    line: Make, path: str, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    url = f"http://user:p%40secret@127.0.0.1:9{path}"
    plc = line(HttpActionConfig(name="plc", url=url, headers=headers))
    assert plc.order() == "error"
    assert "plc failed" in plc.texts[0]
    assert "secret" not in plc.texts[0] + caplog.text


def test_orders_that_fail_one_after_the_other_are_told_in_few_lines_of_the_log(
    web: Web, line: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that is away for a night would fill the disk."""
    monkeypatch.setattr(logging.getLogger("edge_agent"), "propagate", True)
    plc, web.status = line(http_config(web)), 500
    assert [plc.order() for _ in range(5)] == ["error"] * 5
    plc.dispatcher.close()
    told = [text.split()[1] for text in caplog.messages if "action_failed" in text]
    assert told == ["times=1", "times=4"]


def test_an_order_past_its_deadline_is_not_begun_and_told(web: Web, line: Make) -> None:
    plc = line(http_config(web))
    assert plc.order(deadline_s=-0.1) == "late"
    wait_for(lambda: plc.alerts == [("action-plc", "error")])
    assert web.bodies == []
    assert "was late" in plc.texts[0]
    assert plc.order() == "done"
    assert plc.alerts[-1] == ("action-plc", "info")


def test_orders_in_front_of_which_others_wait_are_late(web: Web, line: Make) -> None:
    web.may_answer.clear()
    plc = line(http_config(web))
    for number in range(40):
        plc.dispatcher.dispatch(order(name=f"id-{number}"))
    wait_for(lambda: plc.dispatcher.counts()["plc"].get("late", 0) >= 7)
    web.may_answer.set()
    wait_for(lambda: sum(plc.dispatcher.counts()["plc"].values()) == 40)
    assert plc.alerts[0] == ("action-plc", "error")


def test_actions_are_only_for_their_verdicts(tmp_path: Path, line: Make) -> None:
    lamp = line(SimulatedActionConfig(name="lamp", verdicts=("review",)))
    assert lamp.dispatcher.dispatch(order()) == {}
    given = order(verdict="review")
    assert collect(lamp.dispatcher.dispatch(given), given.deadline_mono) == {"lamp": "done"}
    assert len((tmp_path / "actions.jsonl").read_text().splitlines()) == 1


def test_a_state_on_the_plant_s_broker_needs_nobody_to_listen(
    broker: Mosquitto, line: Make
) -> None:
    andon = line(mqtt_config(broker.port, retain=True))
    assert andon.order("id-7") == "done"
    plc = Plc(broker.port)
    try:
        wait_for(lambda: plc.heard == ["id-7"])
    finally:
        plc.close()


def test_an_order_that_nobody_hears_is_no_success(broker: Mosquitto, line: Make) -> None:
    action = line(mqtt_config(broker.port))
    assert action.order("id-1") == "error"
    assert "nobody listens on line/1" in action.texts[0]
    plc = Plc(broker.port)
    try:
        assert action.order("id-2") == "done"
        wait_for(lambda: plc.heard == ["id-2"])
    finally:
        plc.close()
    assert action.alerts == [("action-plc", "error"), ("action-plc", "info")]


def test_an_order_that_failed_is_never_carried_out_later(broker: Mosquitto, line: Make) -> None:
    plc, action = Plc(broker.port), line(mqtt_config(broker.port))
    assert action.order("id-1") == "done"
    plc.close()
    broker.kill()
    assert [action.order("id-2"), action.order("id-3")] == ["error", "error"]
    broker.start()
    plc = Plc(broker.port)
    try:
        # paho on its own would have kept the second, and sent it before the fourth
        assert action.order("id-4") == "done"
        wait_for(lambda: "id-4" in plc.heard)
        assert plc.heard == ["id-4"]
    finally:
        plc.close()
    assert action.alerts == [("action-plc", "error"), ("action-plc", "info")]
    assert action.dispatcher.counts() == {"plc": {"done": 2, "error": 2}}


def test_a_broker_that_was_started_anew_costs_no_order(broker: Mosquitto, line: Make) -> None:
    action = line(mqtt_config(broker.port, retain=True))
    assert action.order() == "done"
    broker.kill()
    broker.start()
    assert action.order() == "done"
    assert action.alerts == []


def test_a_broker_that_hangs_is_given_up_in_time(broker: Mosquitto, line: Make) -> None:
    action = line(mqtt_config(broker.port, retain=True, timeout_ms=500))
    wait_for(lambda: action.order() == "done")
    broker.pause()
    try:
        assert action.order() == "error"
        assert action.order() == "error", "it does not wait for a welcome either"
    finally:
        broker.go_on()
    wait_for(lambda: action.order() == "done")


def test_a_dead_gateway_is_counted_told_and_taken_back(web: Web, line: Make) -> None:
    plc, port = line(http_config(web)), int(web.server.server_address[1])
    assert plc.order() == "done"
    web.close()
    assert [plc.order(), plc.order()] == ["error", "error"]
    again = Web(port)
    try:
        assert plc.order() == "done"
    finally:
        again.close()
    assert plc.alerts == [("action-plc", "error"), ("action-plc", "info")]
    assert plc.dispatcher.counts() == {"plc": {"done": 2, "error": 2}}
