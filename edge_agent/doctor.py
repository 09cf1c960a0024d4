"""`edge-agent doctor`: check / found / needed / fix, for what an agent needs around it.

Changes nothing and disturbs nothing, also beside a running agent. Hub and broker count as good only
when they let this very device in.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent.broker_login import asked, login
from edge_agent.certificates import ALARM_AT, Certificates
from edge_agent.clock import clock_trust
from edge_agent.config import AgentConfig
from edge_agent.enroll import Identity, hub_client, load_identity
from edge_agent.errors import AgentConfigError, SourceError
from edge_agent.mail.config import ImapSourceConfig
from edge_agent.process import kept_idle
from edge_agent.sources.config import (
    CameraSourceConfig,
    FolderSourceConfig,
    HotFolderSourceConfig,
    VideoSourceConfig,
)
from edge_agent.sources.machine_config import (
    MachineSourceConfig,
    ModbusSourceConfig,
    MqttSourceConfig,
    OpcUaSourceConfig,
    ReplaySourceConfig,
    SimulatedSourceConfig,
)
from edge_agent.status import ask
from kits.core.errors import KitwrightError, UnreachableError
from kits.core.sample import utc_now

_GIB = 1 << 30
_OF_MACHINES = ("source-lost", "signals-unusable")
"""Alerts that say why there are no readings."""
_PACKAGES = {"opcua": "asyncua", "modbus": "pymodbus", "mqtt-signals": "paho"}


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table."""

    check: str
    ok: bool
    found: str
    needed: str
    fix: str = ""


def examine(config: AgentConfig) -> Iterator[Check]:
    """All checks, cheap ones first; changes nothing."""
    checks: tuple[Callable[[AgentConfig], Check | None], ...] = (
        _onnxruntime,
        _engine,
        _source,
        _sending,
        _disk,
        _clock,
        _identity,
        _certificate,
        _hub,
        _broker,
    )
    for check in checks:
        try:
            result = check(config)
        except PermissionError as error:
            fix = "run it as the account the agent runs under: sudo -u kitwright edge-agent doctor"
            found = f"this account may not look: {error.filename}"
            result = Check(check.__name__.strip("_"), False, found, "permission", fix)
        if result is not None:
            yield result


def _onnxruntime(_: AgentConfig) -> Check:
    if importlib.util.find_spec("onnxruntime") is None:
        fix = "pip install 'kitwright[agent,cpu]' (or gpu, never both)"
        return Check("onnxruntime", ok=False, found="missing", needed="installed", fix=fix)
    import onnxruntime as ort

    return Check("onnxruntime", ok=True, found=ort.__version__, needed="installed")


def _engine(config: AgentConfig) -> Check:
    from edge_agent.engine.session import probe

    probes = [probe(provider) for provider in config.engine.providers]
    usable = [p.provider for p in probes if p.usable]
    why = "; ".join(f"{p.provider}: {p.reason}" for p in probes if not p.usable)
    found = ", ".join(usable) + (f" ({why})" if why else "")
    fix = "" if usable else "add cpu to engine.providers"
    return Check("engine", ok=bool(usable), found=found or why, needed="one provider", fix=fix)


def _source(config: AgentConfig) -> Check:
    source = config.source
    if isinstance(source, FolderSourceConfig):
        there = source.path.exists()
        found = f"{source.path} {'is there' if there else 'is missing'}"
        return Check("source", there, found, "a folder", "" if there else "set source.path")
    if isinstance(source, HotFolderSourceConfig):
        return _hot_folder(source)
    if isinstance(source, ImapSourceConfig):
        return _mailbox(source)
    if not isinstance(source, CameraSourceConfig | VideoSourceConfig):
        return _machine(config, source)
    if importlib.util.find_spec("cv2") is None:
        fix = "pip install 'kitwright[agent]'"
        return Check("source", ok=False, found="no OpenCV", needed="OpenCV", fix=fix)
    with kept_idle(config.state_dir) as idle:
        # a camera serves one program at a time: the agent that has it knows
        found = _first_frame(source) if idle else _frames_of_agent(config)
    fix = "" if found else "check cable, address and permissions (group video)"
    return Check("source", bool(found), found or "no frame", "a frame", fix)


def _hot_folder(source: HotFolderSourceConfig) -> Check:
    """Whether the folder can be looked at, and files in it be put away by whoever asks."""
    needed = "a folder to read" if source.done == "keep" else "a folder to read and write"
    if not source.path.is_dir():
        found, fix = f"{source.path} is missing", "set source.path; is the share mounted?"
        return Check("source", ok=False, found=found, needed=needed, fix=fix)
    rights = os.R_OK | os.X_OK | (0 if source.done == "keep" else os.W_OK)
    may = os.access(source.path, rights)
    found = f"{source.path} is there" + ("" if may else ", and not for this user")
    fix = "" if may else "let the agent's user in, or set source.done: keep"
    return Check("source", may, found, needed, fix)


def _mailbox(source: ImapSourceConfig) -> Check:
    if importlib.util.find_spec("imapclient") is None:
        fix = "pip install 'kitwright[agent,mail]'"
        return Check("source", ok=False, found="no IMAPClient", needed="IMAPClient", fix=fix)
    from edge_agent.mail.looking import look

    found = look(source)  # a mailbox lets several programs in: a running agent is not disturbed
    told = found.words
    if found.trouble and found.trouble != told:
        told = f"{found.trouble} ({told})"
    return Check("source", not found.trouble, told, "a mailbox with its folders", found.fix)


def _sending(config: AgentConfig) -> Check | None:
    """Whether replies can go out without a person; None: nobody wants that."""
    source = config.source
    if not isinstance(source, ImapSourceConfig) or source.send is None:
        return None
    if importlib.util.find_spec("imapclient") is None:
        return None  # told of the source
    from edge_agent.mail.looking import look_at_sending

    found = look_at_sending(source, source.send)
    return Check("sending", not found.trouble, found.words, "a server for replies", found.fix)


def _machine(config: AgentConfig, source: MachineSourceConfig) -> Check:
    """Whether what the source needs is installed, and somebody answers where it is to be read."""
    if isinstance(source, SimulatedSourceConfig):
        return Check("source", ok=True, found="a simulated machine", needed="nothing")
    if isinstance(source, ReplaySourceConfig):
        there = source.path.exists()
        found = f"{source.path} {'is there' if there else 'is missing'}"
        return Check("source", there, found, "recordings", "" if there else "set source.path")
    package = _PACKAGES[source.kind]
    if importlib.util.find_spec(package) is None:
        fix = "pip install 'kitwright[agent,machines]'"
        return Check("source", ok=False, found=f"no {package}", needed=package, fix=fix)
    with kept_idle(config.state_dir) as idle:
        if not idle:
            return _readings_of_agent(config)
        if isinstance(source, ModbusSourceConfig) and source.serial:
            return _serial(source.serial)
        found = _answers(source)
    fix = "" if found else "check address, cable, firewall and whether the machine is on"
    return Check("source", bool(found), found or "nobody answers", "an answer", fix)


def _readings_of_agent(config: AgentConfig) -> Check:
    """What the running agent says of its machine: which signals it does not read, and why."""
    try:
        answer = ask(config)
    except UnreachableError:
        found = "an agent uses it, and its status page does not answer"
        return Check("source", ok=True, found=found, needed="readings")
    told = [answer["alerts"][name] for name in _OF_MACHINES if name in answer["alerts"]]
    got = f"the running agent gets {'' if answer['figures']['source_up'] else 'no '}readings"
    good = bool(answer["figures"]["source_up"]) and not told
    fix = (
        "" if good else "check address, cable, firewall, and addresses and types in source.signals"
    )
    return Check("source", good, "; ".join([got, *told]), "readings", fix)


def _serial(port: str) -> Check:
    """Whether a serial port is there, and whoever asks may open it."""
    if not Path(port).exists():
        fix = "look at adapter and cable; ls /dev/serial/by-id names what is there"
        return Check("source", ok=False, found=f"{port} is missing", needed="a port", fix=fix)
    if not os.access(port, os.R_OK | os.W_OK):
        fix = "sudo usermod --append --groups dialout kitwright, the account that the agent runs under"
        found = f"{port} is there, and not for this user"
        return Check("source", ok=False, found=found, needed="a port to open", fix=fix)
    return Check("source", ok=True, found=f"{port} is there", needed="a port")


def _answers(source: OpcUaSourceConfig | ModbusSourceConfig | MqttSourceConfig) -> str:
    if isinstance(source, OpcUaSourceConfig):
        url = urlsplit(source.url)
        host, port = url.hostname or "", url.port or 4840
    else:
        host, port = source.host, source.port
    try:
        socket.create_connection((host, port), 5).close()
    except OSError:
        return ""
    return f"{host}:{port} answers"


def _first_frame(source: CameraSourceConfig | VideoSourceConfig) -> str:
    from edge_agent.sources.opencv_video import open_camera, open_video

    opener = open_camera(source) if isinstance(source, CameraSourceConfig) else open_video(source)
    device = opener()
    if device is None:
        return ""
    try:
        return "a frame came" if device.read() is not None else ""
    except SourceError:
        return ""
    finally:
        device.close()


def _frames_of_agent(config: AgentConfig) -> str:
    try:
        up = ask(config)["figures"]["source_up"]
    except UnreachableError:
        return "an agent uses it, and its status page does not answer"
    return "the running agent gets frames" if up else ""


def _disk(config: AgentConfig) -> Check:
    folder = next(p for p in (config.state_dir, *config.state_dir.parents) if p.exists())
    usage, o = shutil.disk_usage(folder), config.outbox
    needed = o.budget_bytes
    good = usage.free > needed
    fix = "" if good else "free the disk or lower outbox.budget_bytes"
    found = f"{usage.free / _GIB:.1f} GiB free"
    return Check("disk", good, found, f"{needed / _GIB:.1f} GiB for the outbox", fix)


def _clock(_: AgentConfig) -> Check:
    trust = clock_trust()
    fix = "" if trust != "none" else "enable systemd-timesyncd or chrony"
    return Check("clock", trust != "none", trust, "ntp or rtc", fix)


def _identity(config: AgentConfig) -> Check:
    try:
        identity = load_identity(config.identity_path)
    except AgentConfigError as error:
        return Check("identity", ok=False, found=error.what, needed="enrolled", fix=error.fix)
    if identity is None and not config.hub.url:
        return Check("identity", ok=True, found="none: it works alone", needed="nothing")
    if identity is None:
        fix = "edge-agent enroll --hub URL --token T --ca-fingerprint F"
        return Check("identity", ok=False, found="none", needed="enrolled", fix=fix)
    mode = config.identity_path.stat().st_mode & 0o777
    safe = mode & 0o077 == 0
    found = f"{identity.site}/{identity.device}, mode {mode:o}"
    fix = "" if safe else f"chmod 600 {config.identity_path}"
    return Check("identity", safe, found, "mode 600", fix)


def _certificate(config: AgentConfig) -> Check:
    certificates = Certificates(config.identity_path.parent)
    if not certificates.present:
        return Check("certificate", ok=True, found="none before enrolment", needed="nothing")
    try:
        start, end = certificates.validity()
        certificates.context()
    except KitwrightError as error:
        return Check("certificate", False, error.what, "one that fits its key", error.fix)
    left = end - utc_now()
    found = f"valid until {end:%Y-%m-%d}, {left.days} days left"
    good = left > (end - start) * ALARM_AT
    fix = "" if good else "is the hub in reach? it is renewed by itself; see hub and clock"
    return Check("certificate", good, found, "renewed in time", fix)


def _enrolled(config: AgentConfig) -> Identity | None:
    """Who this device is; None also when that is damaged, which `_identity` says."""
    try:
        return load_identity(config.identity_path)
    except AgentConfigError:
        return None


def _hub(config: AgentConfig) -> Check:
    identity = _enrolled(config)
    url = config.hub.url or (identity.hub if identity else "")
    if not url:
        return Check("hub", ok=True, found="none configured", needed="nothing")
    if identity is None:
        return Check("hub", ok=True, found="unknown before enrolment", needed="nothing")
    try:
        with closing(hub_client(config.hub, identity, config.identity_path)) as client:
            status = client.ask("GET", "/v1/device/desired").status
    except KitwrightError as error:
        return Check("hub", ok=False, found=error.what, needed=url, fix=error.fix)
    if status in (401, 403):
        found = "does not let this device in: revoked, or enrolled anew elsewhere"
        fix = "cloud-sync device add NAME on the hub, then edge-agent enroll"
        return Check("hub", ok=False, found=found, needed="a known device", fix=fix)
    good = status == 200
    fix = "" if good else "look at the hub's log"
    return Check("hub", good, "knows this device" if good else f"answers {status}", "200", fix)


def _broker(config: AgentConfig) -> Check:
    identity = _enrolled(config)
    if identity is None:
        return Check("broker", ok=True, found="unknown before enrolment", needed="nothing")
    where = f"{identity.mqtt.host}:{identity.mqtt.port}"
    try:
        socket.create_connection((identity.mqtt.host, identity.mqtt.port), 5).close()
    except socket.gaierror as error:
        fix = (
            "make the name known here (DNS, /etc/hosts), or name another at the hub (public_url or broker.public_host"
            " in hub.yaml) and enrol again"
        )
        return Check(
            "broker", ok=False, found=f"no such name is known ({error})", needed=where, fix=fix
        )
    except OSError as error:
        fix = "open the port on the way to the broker"
        return Check("broker", ok=False, found=str(error), needed=where, fix=fix)
    try:
        with kept_idle(config.state_dir) as idle:
            # to the broker we would be the agent itself, which would lose its connection to us
            refusal = login(config, identity) if idle else asked(config)
    except KitwrightError as error:
        return Check("broker", ok=False, found=error.what, needed=where, fix=error.fix)
    fix = (
        "see the checks hub and certificate; if they are good, the broker's log" if refusal else ""
    )
    found = refusal or ("lets this device in" if idle else "lets the running agent in")
    return Check("broker", not refusal, found, where, fix)
