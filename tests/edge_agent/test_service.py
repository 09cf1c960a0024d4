"""The agent as a service: what it tells systemd, when it counts as healthy, and what is shipped for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from edge_agent import systemd
from edge_agent.cli import app
from edge_agent.enroll import Identity, save_identity
from edge_agent.process import lock
from edge_agent.service_unit import make_unit
from edge_agent.sources.base import SourceHealth
from edge_agent.update.config import UpdateConfig
from edge_agent.update.slots import Slots
from edge_agent.vitals import ALERT, Limits, Vitals
from kits.core.hub_api import MqttAccess
from tests.edge_agent.parts import STARTS_S
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "edge_agent" / "deploy"
EXPOSURE = {"kitwright-agent.service": 40, "cloud-sync.service": 30}
"""The exposure (0 to 100) that `systemd-analyze security` may find in a unit."""


# -- units ---------------------------------------------------------------------------------------


def unit_text(name: str) -> str:
    if name == "kitwright-agent.service":
        # a folder that is not there, with a name that units must quote
        return make_unit(Path("/etc/kit wright/agent.yaml"), Path("/var/lib/kit $1 %n"), "root")
    text = (ROOT / "cloud_sync" / "deploy" / name).read_text()
    text = text.replace("/opt/kitwright/bin/cloud-sync", "/bin/true")
    return text.replace("User=kitwright", "User=root")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("name", EXPOSURE)
def test_units_are_valid_and_locked_down(tmp_path: Path, name: str) -> None:
    unit = tmp_path / name
    unit.write_text(unit_text(name))
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE[name]}", unit],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout[-300:]


def test_the_unit_is_of_this_installation_and_never_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/somewhere/else")
    unit = make_unit(Path("/etc/kit wright/agent.yaml"), Path("/var/lib/kit $1 %n"), "ada")
    assert re.findall("@[A-Z]+@", unit) == [], "every placeholder has its value"
    own = Path(sys.executable).with_name("edge-agent")
    assert f'ExecStart={own} run --config "/etc/kit wright/agent.yaml" --quiet\n' in unit
    assert 'ReadWritePaths="-/var/lib/kit $1 %%n"\n' in unit
    assert 'sh "/var/lib/kit $$1 %%n" ada\n' in unit
    lines = unit.splitlines()
    for needed in ("StartLimitIntervalSec=0", "Restart=on-failure", "WatchdogSec=60", "User=ada"):
        assert needed in lines
    assert "RestartPreventExitStatus" not in unit, "a wrong configuration may be mended"


# -- vitals --------------------------------------------------------------------------------------


class Part:
    """A part of the agent as `Vitals` sees it."""

    def __init__(self) -> None:
        self.alive = True
        self.working_s = 0.0
        self.ticked_at = time.monotonic()


class Patient:
    """An agent in which anything may stand still."""

    def __init__(self) -> None:
        self.now = [1000.0]
        self.source = SourceHealth()
        for pulse in (self.source.capture, self.source.supply):
            pulse._clock = lambda: self.now[0]
            pulse.beat()
        self.line, self.writer, self.sender = Part(), Part(), Part()
        self.alerts: list[tuple[str, str, str]] = []
        self.vitals = Vitals(
            self.source, self.line, self.writer, self.sender,
            lambda *alert: self.alerts.append(alert),
            Limits(capture_s=60, supply_s=20, inference_s=20, sender_s=120),
        )  # fmt: skip


def stand_still(patient: Patient, part: str) -> None:
    if part == "capture":
        patient.now[0] += 61
        patient.source.supply.beat()
    elif part == "supply":
        patient.now[0] += 21
        patient.source.capture.beat()
    elif part == "inference":
        patient.line.working_s = 21.0
    elif part == "sender":
        patient.sender.ticked_at -= 121
    elif part == "writer":
        patient.writer.alive = False
    else:
        patient.sender.alive = False


@pytest.mark.parametrize(
    "part", ["capture", "supply", "inference", "sender", "sender ended", "writer"]
)
def test_each_part_that_stands_still_is_an_ailment(part: str) -> None:
    patient = Patient()
    assert patient.vitals.look()
    stand_still(patient, part)
    assert not patient.vitals.look()
    assert not patient.vitals.look()
    assert part.split(maxsplit=1)[0] in patient.vitals.ailment()
    assert patient.vitals.model_stands == (part == "inference")
    assert [(name, severity) for name, severity, _ in patient.alerts] == [(ALERT, "error")]


def test_what_moves_again_is_well_and_what_rests_is_not_ill() -> None:
    patient = Patient()
    stand_still(patient, "capture")
    assert not patient.vitals.look()
    patient.source.capture.beat()
    assert patient.vitals.look()
    assert [severity for _, severity, _ in patient.alerts] == ["error", "info"]
    patient.source.capture.rest()
    patient.source.supply.rest()
    patient.now[0] += 3600
    assert patient.vitals.look()


# -- what systemd hears --------------------------------------------------------------------------

_AGENT = """
import sys, threading, time
from pathlib import Path
import numpy as np
from edge_agent import agent as agent_module
from edge_agent import watch as watch_module
from edge_agent.config import load_config
from edge_agent.sources.video import ScriptedCamera, VideoSource
from edge_agent.vitals import Limits


class HangingCamera(ScriptedCamera):
    # told to, its driver does not return before it is told to
    def __init__(self):
        super().__init__([[]])
        self.hangs, self.let_go = threading.Event(), threading.Event()

    def read(self):
        if self.hangs.is_set():
            self.let_go.wait()
        time.sleep(0.01)
        return np.zeros((8, 8, 3), np.uint8)


config = load_config(Path(sys.argv[1]))
watch_module._WATCH_S = 0.02
camera = HangingCamera()
source = VideoSource(config.source, camera, lambda *_: None, backoff_s=0.01)
agent = agent_module.Agent(config, source=source)
agent.vitals.limits = Limits(capture_s=0.3)
look = agent.engines.look


def late():
    # the last step of a start, on a busy machine
    agent.engines.look = look
    time.sleep(0.2)
    look()


agent.engines.look = late


def obey():
    for do in (camera.hangs.set, camera.let_go.set, agent.stop):
        sys.stdin.readline()
        do()


threading.Thread(target=obey, daemon=True).start()
agent.run()
"""


class Manager:
    """What systemd hears."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)

    def words(self, within_s: float) -> list[bytes]:
        """What was said up to now, or else the first word within this time; empty: silence."""
        heard, left_s = [], within_s
        try:
            while True:
                self._socket.settimeout(left_s)
                heard.append(self._socket.recv(4096))
                left_s = 0.001
        except (TimeoutError, BlockingIOError):
            return heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path)
    yield manager
    manager.close()


@contextmanager
def running(config: Path, manager: Manager) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", _AGENT, str(config)],
        stdin=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "NOTIFY_SOCKET": manager.address, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def say(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_while_a_camera_driver_hangs_the_watchdog_starves_and_status_says_so(
    tmp_path: Path, manager: Manager, port: int
) -> None:
    config = tmp_path / "agent.yaml"
    config.write_text(f"source: {{kind: camera}}\nstatus: {{port: {port}}}\n")
    heard: list[bytes] = []

    def status() -> tuple[int, str]:
        done = CliRunner().invoke(app, ["status", "--config", str(config), "--json"])
        return done.exit_code, done.stdout

    with running(config, manager) as process:
        wait_for(lambda: b"WATCHDOG=1" in heard or bool(heard.extend(manager.words(1.0))), STARTS_S)
        assert heard[0].startswith(b"EXTEND_TIMEOUT_USEC=")
        assert heard.index(b"READY=1") < heard.index(b"WATCHDOG=1")
        say(process)
        # and is silent for two dozen looks of the watch
        wait_for(lambda: status()[0] == 1 and not manager.words(0.5))
        assert "capture has stood still" in json.loads(status()[1])["ailment"]
        lives = tmp_path / "state" / "lives.json"
        wait_for(lambda: bool(json.loads(lives.read_text())["excused"]))
        say(process)
        wait_for(lambda: b"WATCHDOG=1" in manager.words(1.0))
        wait_for(lambda: status()[0] == 0)
        say(process)
        wait_for(lambda: b"STOPPING=1" in manager.words(1.0))
        assert process.wait(20) == 0


def test_a_start_asks_for_more_time_and_one_that_hangs_not_for_ever(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
    release, now = threading.Event(), [100.0]

    def hang() -> None:
        with systemd.starting(30, every_s=0.05, clock=lambda: now[0]):
            release.wait(20)

    starter = threading.Thread(target=hang)
    starter.start()
    heard: list[bytes] = []
    wait_for(lambda: len(heard) >= 3 or bool(heard.extend(manager.words(1.0))))
    assert set(heard) == {b"EXTEND_TIMEOUT_USEC=30000000"}
    now[0] += 31
    wait_for(lambda: not manager.words(0.5))
    release.set()
    starter.join(10)


def test_so_many_starts_that_hang_fit_the_window_that_a_bundle_goes_back() -> None:
    config = UpdateConfig()
    one_start_s = config.start_limit_s + 30 + 20 + 30  # the last word, TimeoutStopSec, the pause
    assert config.max_crashes * one_start_s <= config.crash_window_s


def test_a_manager_that_is_gone_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/notify")
    assert not systemd.notify("WATCHDOG=1")


# -- containers ----------------------------------------------------------------------------------

_CONTAINERS = ("Containerfile", "Containerfile.l4t")


def instructions(name: str) -> dict[str, list[str]]:
    """Instruction → its arguments, in order."""
    text = re.sub(r"\\\n", " ", (DEPLOY / name).read_text())
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word.isupper():
            found.setdefault(word, []).append(rest.strip())
    return found


@pytest.mark.parametrize("name", _CONTAINERS)
def test_a_container_runs_commands_that_exist_and_installs_what_is_there(name: str) -> None:
    found = instructions(name)
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    health = json.loads(found["HEALTHCHECK"][0].split("CMD", 1)[1])
    assert json.loads(found["ENTRYPOINT"][0]) == ["edge-agent"]
    for words in (health[1:], json.loads(found["CMD"][0])):
        command = commands[words[0]]
        context = command.make_context(words[0], words[1:], resilient_parsing=True)
        assert str(context.params["config"]) == "/agent/agent.yaml"
    assert (health[0], health[1]) == ("edge-agent", "status")
    assert context.params["status_host"] == "0.0.0.0"
    assert '"/source[$EXTRAS]"' in " ".join(found["RUN"])
    name, _, extras = found["ARG"][0].partition("=")
    project = (ROOT / "pyproject.toml").read_text()
    assert name == "EXTRAS"
    for extra in extras.split(","):
        assert f"\n{extra} = [" in project
    assert "--uid 1000" in " ".join(found["RUN"])
    assert found["USER"] == ["kitwright"]


@pytest.mark.parametrize("name", _CONTAINERS)
def test_what_a_container_is_told_to_be_built_and_run_with_keeps_its_health_and_rights(
    name: str,
) -> None:
    head = (DEPLOY / name).read_text().partition("\nFROM ")[0]
    assert f"-f edge_agent/deploy/{name}" in head
    for line in head.splitlines():
        if "podman build" in line:
            assert "--format docker" in line, "without it podman drops the health check"
        if "podman run" in line:
            assert "--userns=keep-id:uid=1000,gid=1000" in line
        if line.startswith(("#   podman run", "#   docker run")):
            assert "-p 127.0.0.1:8089:8089" in line, "the page has no login"


def test_a_state_folder_is_its_accounts_alone_whichever_command_makes_it(tmp_path: Path) -> None:
    """`sudo -u kitwright edge-agent enroll` made it 0755; the rows that wait in it hold mails and pictures."""
    identity = Identity(
        device="cam-1", site="s", group="", token="t", hub="http://127.0.0.1:9",
        mqtt=MqttAccess(host="127.0.0.1", port=1, username="", password=""),
    )  # fmt: skip
    before = os.umask(0o022)
    try:
        save_identity(identity, tmp_path / "enrolled" / "identity.json")
        lock(tmp_path / "run").close()
        Slots(tmp_path / "applied")
    finally:
        os.umask(before)
    for name in ("enrolled", "run", "applied"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, name
