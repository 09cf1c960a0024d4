"""The whole agent: pictures in, decisions at the hub, bundles exchanged on the way."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from edge_agent.agent import Agent
from edge_agent.config import StatusConfig
from edge_agent.enroll import Identity, save_identity
from edge_agent.errors import AlreadyRunningError, SourceError
from edge_agent.sources.base import Captured, SourceHealth
from edge_agent.sources.config import CameraSourceConfig
from edge_agent.sources.video import ScriptedCamera, VideoSource
from edge_agent.status import StatusServer
from edge_agent.sync.simulator import HubSimulator
from edge_agent.watch import Watch
from kits.core.events import AlertBody, DecisionBody
from kits.core.hub_api import MqttAccess
from tests.edge_agent.mosquitto import Mosquitto
from tests.edge_agent.parts import agent_config, bundle_id_of, make_bundle, picture, rows_of
from tests.failure.tuf_simulator import Simulator
from tests.failure.tuf_simulator import served as served_hub
from tests.waiting import PATIENCE_S, wait_for


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(30):
        level = (20, 160, 230)[number % 3]
        (folder / f"{number:03}.png").write_bytes(picture(level, 64, seed=number))
    return folder


def enrol(folder: Path, broker: Mosquitto, hub: Simulator | None = None, url: str = "") -> None:
    identity = Identity(
        device="cam-1",
        site="s1",
        group="g",
        token="t",
        mqtt=MqttAccess(host="127.0.0.1", port=broker.port, username="", password=""),
        root=hub.first_root if hub is not None else None,  # type: ignore[arg-type]
        hub=url or "http://127.0.0.1:9",
    )
    save_identity(identity, folder / "state" / "identity.json")


def test_pictures_become_decisions_at_the_hub(
    tmp_path: Path, pictures: Path, broker: Mosquitto
) -> None:
    enrol(tmp_path, broker)
    (tmp_path / "b.kwb").write_bytes(make_bundle())
    (pictures / "010a.png").write_bytes(b"no picture at all")
    hub = HubSimulator()
    served = hub.serve("127.0.0.1", broker.port)
    config = agent_config(
        tmp_path,
        pictures,
        bundle="b.kwb",
        actions=[{"kind": "simulated", "name": "gate", "timeout_ms": 2000}],
        selection={"audit_rate": 0.0, "novelty": 0},
    )
    try:
        assert served.ready.wait(5)
        summary = Agent(config).run(until_empty=True, sync_timeout_s=30)
    finally:
        served.close()
    bodies = [e.body for e in hub.events("cam-1")]
    decisions = [b for b in bodies if isinstance(b, DecisionBody)]
    assert summary.synced
    assert summary.verdicts == {"pass": 10, "review": 10, "act": 10}
    assert len(decisions) == 30
    assert {d.sample_id for d in decisions if d.verdict == "act" and d.actions == {"gate": "done"}}
    assert all(d.bundle == bundle_id_of(make_bundle()) for d in decisions)
    kept = {d.blob.digest for d in decisions if d.blob is not None}
    assert len(kept) == 20
    assert set(hub.blobs) == kept
    assert any(isinstance(b, AlertBody) and b.name == "corrupt-sample" for b in bodies)
    lines = (tmp_path / "state" / "actions.jsonl").read_text().splitlines()
    assert len(lines) == 10
    assert json.loads(lines[0])["verdict"] == "act"


def test_without_a_bundle_the_safe_side_decides(tmp_path: Path, pictures: Path) -> None:
    config = agent_config(tmp_path, pictures, safe_side="act")
    summary = Agent(config).run()
    assert summary.verdicts == {"act": 30}
    assert not summary.synced


def test_a_recording_waits_for_the_first_bundle(
    tmp_path: Path, pictures: Path, broker: Mosquitto
) -> None:
    hub, bundle = Simulator(), make_bundle()
    with served_hub(hub) as url:
        enrol(tmp_path, broker, hub, url)
        agent = Agent(agent_config(tmp_path, pictures))
        runner = threading.Thread(target=agent.run)
        runner.start()
        wait_for(lambda: "no-bundle" in agent.alerts.open())
        assert agent.source.health.captured == 0
        hub.publish(bundle)
        runner.join(20)
    assert agent.line.verdicts == {"pass": 10, "review": 10, "act": 10}
    assert not {"no-bundle", "first-bundle-late", "bundle-refused"} & set(agent.alerts.open())


def test_a_recording_does_not_wait_for_ever(
    tmp_path: Path, pictures: Path, broker: Mosquitto
) -> None:
    enrol(tmp_path, broker)
    update = {"first_bundle_wait_s": 0.2, "poll_s": 30}
    agent = Agent(agent_config(tmp_path, pictures, safe_side="act", update=update))
    assert agent.run(max_samples=3).verdicts == {"act": 3}
    assert "within 0.2 s" in agent.alerts.open()["first-bundle-late"]


def test_a_live_camera_never_waits_for_a_bundle(
    tmp_path: Path, pictures: Path, broker: Mosquitto
) -> None:
    enrol(tmp_path, broker)
    camera = ScriptedCamera([[np.zeros((8, 8, 3), np.uint8)] * 3, *[None] * 50], pause_s=0.01)
    source = VideoSource(CameraSourceConfig(queue=8), camera, lambda *_: None, backoff_s=0.01)
    agent = Agent(agent_config(tmp_path, pictures, safe_side="act"), source=source)
    assert agent.run(max_samples=3).verdicts == {"act": 3}


def test_a_hanging_model_does_the_safe_side_in_time(tmp_path: Path, pictures: Path) -> None:
    (tmp_path / "b.kwb").write_bytes(make_bundle(config={"sleep_s": 0.3}))
    config = agent_config(
        tmp_path,
        pictures,
        bundle="b.kwb",
        safe_side="act",
        reject_deadline_ms=100,
        actions=[{"kind": "simulated", "name": "gate"}],
    )
    summary = Agent(config).run(max_samples=2)
    assert summary.verdicts == {"act": 2}
    assert summary.figures["late"] == 2
    assert len((tmp_path / "state" / "actions.jsonl").read_text().splitlines()) == 2


def test_one_agent_per_state_folder(tmp_path: Path, pictures: Path) -> None:
    config = agent_config(tmp_path, pictures)
    first = Agent(config)
    with pytest.raises(AlreadyRunningError, match="another agent"):
        Agent(config)
    first.run(max_samples=1)


def test_a_release_takes_over_without_losing_a_frame(
    tmp_path: Path, pictures: Path, broker: Mosquitto
) -> None:
    engineer = Simulator()
    old, new = make_bundle(1), make_bundle(2, act_at=0.79)
    (tmp_path / "b.kwb").write_bytes(old)
    hub = HubSimulator()
    served = hub.serve("127.0.0.1", broker.port)
    with served_hub(engineer) as url:
        enrol(tmp_path, broker, engineer, url)
        source = {"kind": "folder", "path": str(pictures), "rate_hz": 100, "loop": True}
        agent = Agent(agent_config(tmp_path, pictures, bundle="b.kwb", source=source))
        runner = threading.Thread(target=agent.run, kwargs={"until_empty": True})
        runner.start()
        try:
            wait_for(lambda: agent.line.active is not None)
            agent.updater.hint(engineer.publish(new).model_dump_json().encode())
            wait_for(lambda: agent.slots.state.active == bundle_id_of(new))
            wait_for(lambda: not agent.installer.busy)
            page = read(f"http://127.0.0.1:{agent.status_port}/")
            metrics = read(f"http://127.0.0.1:{agent.status_port}/metrics")
            wait_for(lambda: b"committed" in hub.reported.get("cam-1", b""))
            wait_for(lambda: any(r.state == "committed" for r in engineer.reported))
        finally:
            agent.stop()
            runner.join(20)
            served.close()
    assert b"Kitwright agent cam-1" in page
    assert b"kitwright_agent_captured_total" in metrics
    assert agent.slots.state.previous == bundle_id_of(old)
    reopened = Agent(agent.config)
    left = {e.seq for e in rows_of(reopened.outbox, "s")}
    reopened.run(max_samples=1)
    seen = [e for e in hub.events("cam-1") if isinstance(e.body, DecisionBody)]
    assert {b.body.bundle for b in seen} >= {bundle_id_of(old)}
    assert len(left | {e.seq for e in seen}) == agent.source.health.captured


def read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        return bytes(answer.read())


def test_a_camera_that_comes_back_clears_its_alert(tmp_path: Path, pictures: Path) -> None:
    frame = np.full((8, 8, 3), 40, np.uint8)
    camera = ScriptedCamera([[frame] * 3, None, [frame] * 3, *[None] * 50], pause_s=0.01)
    seen: list[tuple[str, str]] = []
    source = VideoSource(
        CameraSourceConfig(queue=8),
        camera,
        lambda name, severity, _text: seen.append((name, severity)),
        backoff_s=0.01,
    )
    agent = Agent(agent_config(tmp_path, pictures), source=source)
    summary = agent.run(max_samples=6)
    assert summary.samples == 6
    assert seen[:2] == [("source-lost", "error"), ("source-lost", "info")]
    assert source.health.reconnects >= 2


def test_a_look_of_the_supervision_that_fails_holds_up_no_other_and_is_counted(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = Agent(agent_config(tmp_path, pictures, sync={"health_s": 0.1}))
    monkeypatch.setattr(agent.lives, "excuse", lambda _excused: 1 // 0)  # a fault of ours
    stop = threading.Event()
    watch = Watch(agent, stop)
    agent.line.keeper.keep_pixels = False
    watch.start()
    wait_for(lambda: agent.line.keeper.keep_pixels)
    agent.writer.start()
    wait_for(lambda: bool(rows_of(agent.outbox, "t")))
    stop.set()
    assert watch.failures >= 1
    agent.writer.close()
    agent.outbox.close()


def test_who_connects_to_the_status_page_and_says_nothing_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_agent.status._SILENCE_S", 0.2)
    server = StatusServer(StatusConfig(port=0), dict, dict)
    with socket.create_connection(("127.0.0.1", server.port)) as silent:
        silent.settimeout(10)
        assert silent.recv(1) == b""
    server.close()


def test_many_who_say_nothing_do_not_take_the_agents_descriptors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_agent.status._SILENCE_S", 600)
    monkeypatch.setattr("edge_agent.status._AT_ONCE", 4)
    server = StatusServer(StatusConfig(port=0), dict, dict)
    with ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            for _ in range(12)
        ]
        for one in silent[:8]:
            one.settimeout(10)
            assert one.recv(1) == b""
        url = f"http://127.0.0.1:{server.port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.status == 200
    server.close()


class Ending:
    """A source that gives one part and then ends in a way of its own."""

    live = False

    def __init__(self, error: BaseException) -> None:
        self.health = SourceHealth()
        self._error = error

    def samples(self) -> Iterator[Captured]:
        self.health.captured += 1
        yield Captured(picture(20), "image/png", "test")
        raise self._error

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("error", "crashes"),
    [(RuntimeError("a bug"), 1), (SourceError("unplugged"), 0), (KeyboardInterrupt(), 0)],
)
def test_an_agent_that_an_exception_ends_has_crashed(
    tmp_path: Path, pictures: Path, error: BaseException, crashes: int
) -> None:
    config = agent_config(tmp_path, pictures)
    with pytest.raises(type(error)):
        Agent(config, source=Ending(error)).run()
    after = Agent(config)
    assert after.run(max_samples=1).figures["crashes"] == crashes
    assert Agent(config).run(max_samples=1).figures["crashes"] == crashes


def test_a_bundle_that_cannot_be_adopted_does_not_keep_the_agent_from_starting(
    tmp_path: Path, pictures: Path
) -> None:
    (tmp_path / "b.kwb").write_bytes(make_bundle(config={"raises": "load"}))
    agent = Agent(agent_config(tmp_path, pictures, bundle="b.kwb"))
    assert agent.run(max_samples=1).bundle == ""
    assert "KeyError" in agent.alerts.open()["bundle-unusable"]
