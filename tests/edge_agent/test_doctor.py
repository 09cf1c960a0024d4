"""The doctor asks hub and broker as this very device, and never at a running agent's expense."""

from __future__ import annotations

import grp
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.agent import Agent
from edge_agent.config import AgentConfig
from edge_agent.doctor import Check, examine
from edge_agent.enroll import Identity, save_identity
from edge_agent.process import kept_idle
from edge_agent.service_unit import make_unit
from kits.core.addresses import free_port
from kits.core.hub_api import MqttAccess
from tests.edge_agent.machine_servers import ScriptedModbus
from tests.edge_agent.mosquitto import Mosquitto
from tests.edge_agent.parts import agent_config, picture
from tests.waiting import wait_for


@pytest.fixture
def strict_broker(tmp_path: Path, port: int) -> Mosquitto:
    """A broker as `cloud-sync` sets it up: whoever shows a device's name is that device."""
    broker = Mosquitto(tmp_path, port)
    with broker._config.open("a") as file:
        file.write("use_username_as_clientid true\n")
    broker.start()
    return broker


def device(folder: Path, port: int, broker: str = "127.0.0.1", **changes: object) -> AgentConfig:
    (folder / "pictures").mkdir()
    (folder / "pictures" / "0.png").write_bytes(picture(10))
    source = {
        "kind": "folder", "path": str(folder / "pictures"), "loop": True, "rate_hz": 20,
    }  # fmt: skip
    config = agent_config(
        folder, folder / "pictures", source=source, status={"port": free_port()}, **changes
    )
    identity = Identity(
        device="cam-1",
        site="s1",
        group="g",
        token="t",
        mqtt=MqttAccess(host=broker, port=port, username="cam-1", password=""),
        hub="http://127.0.0.1:9",
    )
    save_identity(identity, config.identity_path)
    return config


def check(config: AgentConfig, name: str) -> Check:
    return next(check for check in examine(config) if check.check == name)


@contextmanager
def running(config: AgentConfig) -> Iterator[Agent]:
    agent = Agent(config)
    runner = threading.Thread(target=agent.run)
    runner.start()
    try:
        yield agent
    finally:
        agent.stop()
        runner.join(20)


def test_without_an_agent_the_doctor_logs_in_itself(
    tmp_path: Path, strict_broker: Mosquitto
) -> None:
    config = device(tmp_path, strict_broker.port)
    found = check(config, "broker")
    assert (found.ok, found.found) == (True, "lets this device in")
    assert not (tmp_path / "state" / "agent.lock").exists(), "it leaves no file behind"


def test_a_running_agent_is_asked_and_keeps_its_connection(
    tmp_path: Path, strict_broker: Mosquitto
) -> None:
    config = device(tmp_path, strict_broker.port)
    with running(config) as agent:
        assert agent.sender is not None
        wait_for(lambda: agent.sender.connected and agent.status_port is not None)  # type: ignore[union-attr]
        found = check(config, "broker")
        assert (found.ok, found.found) == (True, "lets the running agent in")
        strict_broker.kill()
        wait_for(lambda: not agent.sender.connected)  # type: ignore[union-attr]
        strict_broker.start()
        wait_for(lambda: agent.sender.connected)  # type: ignore[union-attr]
        assert agent.sender.transport.figures.taken_over == 0


def test_a_running_agent_without_a_status_page_is_left_alone(
    tmp_path: Path, strict_broker: Mosquitto
) -> None:
    config = device(tmp_path, strict_broker.port)
    config = config.model_copy(
        update={"status": config.status.model_copy(update={"enabled": False})}
    )
    with running(config) as agent:
        wait_for(lambda: agent.sender is not None and agent.sender.connected)
        found = check(config, "broker")
        assert not found.ok
        assert "status page does not say" in found.found
        assert agent.sender is not None
        assert agent.sender.transport.figures.taken_over == 0


def test_a_broker_that_does_not_know_the_device_is_told(tmp_path: Path, port: int) -> None:
    broker = Mosquitto(tmp_path, port)
    (tmp_path / "passwords").write_text("")
    broker._config.write_text(
        f"listener {port} 127.0.0.1\nlog_type none\nuser root\nallow_anonymous false\n"
        f"password_file {tmp_path / 'passwords'}\n"
    )
    broker.start()
    found = check(device(tmp_path, port), "broker")
    assert not found.ok
    assert "refuses this device" in found.found


def test_a_brokers_name_that_nobody_knows_here_is_no_matter_of_ports(tmp_path: Path) -> None:
    found = check(device(tmp_path, 8883, broker="hub.invalid"), "broker")
    assert (found.ok, found.needed) == (False, "hub.invalid:8883")
    assert found.found.startswith("no such name is known")
    assert "DNS" in found.fix and "enrol again" in found.fix


def test_no_agent_begins_while_the_folder_is_kept_idle(tmp_path: Path) -> None:
    with kept_idle(tmp_path) as idle:
        assert idle
    (tmp_path / "agent.lock").touch()
    with kept_idle(tmp_path) as idle, kept_idle(tmp_path) as second:
        assert (idle, second) == (True, False)


def test_a_damaged_identity_is_one_line_of_the_table(tmp_path: Path, port: int) -> None:
    config = device(tmp_path, port)
    config.identity_path.write_text("{")
    checks = {found.check: found for found in examine(config)}
    assert not checks["identity"].ok
    assert len(checks) == 9


@pytest.mark.parametrize(
    ("source", "ok", "found"),
    [
        ({"kind": "simulated"}, True, "a simulated machine"),
        ({"kind": "replay", "path": "nowhere"}, False, "is missing"),
        (
            {"kind": "modbus", "host": "127.0.0.1", "port": 1, "signals": [{"name": "x", "address": 0}]},
            False, "nobody answers",
        ),
        (
            {"kind": "opcua", "url": "opc.tcp://127.0.0.1:1", "signals": [{"name": "x", "node": "i=1"}]},
            False, "nobody answers",
        ),
    ],
)  # fmt: skip
def test_a_machine_that_cannot_be_read_is_found(
    tmp_path: Path, source: dict[str, object], ok: bool, found: str
) -> None:
    checks = {c.check: c for c in examine(agent_config(tmp_path, tmp_path, source=source))}
    assert checks["source"].ok is ok
    assert found in checks["source"].found


def test_a_serial_port_that_is_away_or_not_for_this_account_is_found(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"

    def source() -> Check:
        made = {"kind": "modbus", "serial": str(port), "signals": [{"name": "x", "address": 0}]}
        checks = {c.check: c for c in examine(agent_config(tmp_path, tmp_path, source=made))}
        return checks["source"]

    assert (source().ok, source().found) == (False, f"{port} is missing")
    port.touch()
    assert source().ok
    port.chmod(0)
    if os.getuid():  # root may open anything
        assert "dialout" in source().fix


def test_a_running_agent_says_which_signals_it_does_not_read(tmp_path: Path, port: int) -> None:
    machine = ScriptedModbus(port, lambda _unit, first, _count: [7] if first == 0 else 2)
    source = {
        "kind": "modbus", "host": "127.0.0.1", "port": port, "poll_ms": 50, "window_s": 1,
        "signals": [{"name": "flow", "address": 0}, {"name": "wrong", "address": 40_101}],
    }  # fmt: skip
    config = agent_config(tmp_path, tmp_path, source=source, status={"port": free_port()})
    with running(config):
        wait_for(lambda: "illegal data address" in check(config, "source").found)
        found = check(config, "source")
    machine.stop()
    assert not found.ok
    assert found.found.startswith("the running agent gets readings; modbus: not read: wrong")


def test_the_unit_lets_the_agent_open_its_serial_port_and_read_its_variables(
    tmp_path: Path,
) -> None:
    def groups(serial: str) -> list[str]:
        unit = make_unit(Path("/etc/k/agent.yaml"), Path("/var/lib/k"), "ada", serial=serial)
        assert "EnvironmentFile=-/etc/k/agent.env" in unit.splitlines()
        (line,) = [line for line in unit.splitlines() if line.startswith("SupplementaryGroups=")]
        return line.partition("=")[2].split()

    port = tmp_path / "ttyUSB0"
    port.touch()
    own = grp.getgrgid(port.stat().st_gid).gr_name
    assert groups(str(port)) == ["video", *([own] if own != "root" else [])]
    assert groups("/dev/ttyUSB99") == ["video", "dialout"]
    assert groups("") == ["video"]
