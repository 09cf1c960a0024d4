"""The agent as a service: the units as systemd judges them, and a watchdog that is not fooled."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_agent import agent as agent_module
from edge_agent.agent import Agent
from edge_agent.config import CameraSourceConfig
from edge_agent.sources.video import ScriptedCamera, VideoSource
from kits.core.runtime import Array
from tests.edge_agent.parts import agent_config, wait_for

ROOT = Path(__file__).parents[2]
UNITS = {
    "kitwright-agent.service": (ROOT / "edge_agent" / "deploy", 40),
    "cloud-sync.service": (ROOT / "cloud_sync" / "deploy", 30),
}
"""Where a unit lies, and the exposure (0 to 100) that `systemd-analyze security` may find."""


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("name", UNITS)
def test_units_are_valid_and_locked_down(tmp_path: Path, name: str) -> None:
    folder, exposure = UNITS[name]
    text = (folder / name).read_text()
    for mark, value in {
        "@USER@": "root", "@COMMAND@": "/bin/true", "@CONFIG@": "/etc/agent.yaml",
        "@STATE@": "/var/lib/kitwright", "/opt/kitwright/bin/cloud-sync": "/bin/true",
        "User=kitwright": "User=root",
    }.items():  # fmt: skip
        text = text.replace(mark, value)
    unit = tmp_path / name
    unit.write_text(text)
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={exposure}", unit],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout[-300:]


class HangingCamera(ScriptedCamera):
    """Gives a few frames; then its driver does not return before `let_go`."""

    def __init__(self) -> None:
        super().__init__([[np.zeros((8, 8, 3), np.uint8)] * 3])
        self.let_go = threading.Event()

    def read(self) -> Array | None:
        frame = super().read()
        if frame is None:
            self.let_go.wait(60)
        return frame


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What systemd listens on."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(path))
        heard.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        yield heard


def words(heard: socket.socket) -> list[bytes]:
    """What the agent said since last time."""
    found = []
    try:
        while True:
            found.append(heard.recv(4096))
    except BlockingIOError:
        return found


def test_the_watchdog_starves_while_a_camera_driver_hangs_and_eats_again(
    tmp_path: Path, manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_module, "_WATCH_S", 0.02)
    monkeypatch.setattr(agent_module, "_DRIVER_LIMIT_S", 0.3)
    (tmp_path / "pictures").mkdir()
    camera = HangingCamera()
    source = VideoSource(CameraSourceConfig(), camera, lambda *_: None, backoff_s=0.01)
    agent = Agent(agent_config(tmp_path, tmp_path / "pictures"), source=source)
    runner = threading.Thread(target=agent.run)
    runner.start()
    try:
        heard: list[bytes] = []
        wait_for(lambda: b"WATCHDOG=1" in heard or bool(heard.extend(words(manager))))
        assert b"READY=1" in heard

        def starves() -> bool:
            words(manager)
            since = source.health.driver_s
            wait_for(lambda: source.health.driver_s > since + 0.5)  # many looks of the watch
            return not words(manager)

        wait_for(starves)
        camera.let_go.set()
        wait_for(lambda: b"WATCHDOG=1" in words(manager))
    finally:
        camera.let_go.set()
        agent.stop()
        runner.join(20)
    assert not runner.is_alive()
