"""`edge-agent doctor`: check / found / needed / fix, for what an agent needs around it."""

from __future__ import annotations

import importlib.util
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

from edge_agent.certificates import ALARM_AT, Certificates
from edge_agent.clock import clock_trust
from edge_agent.config import AgentConfig, CameraSourceConfig, FolderSourceConfig, VideoSourceConfig
from edge_agent.enroll import hub_client, load_identity
from edge_agent.errors import AgentConfigError
from kits.core.errors import KitwrightError
from kits.core.sample import utc_now

_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table."""

    check: str
    good: bool
    found: str
    needed: str
    fix: str = ""


def examine(config: AgentConfig) -> Iterator[Check]:
    """All checks, cheap ones first; changes nothing."""
    checks: tuple[Callable[[AgentConfig], Check], ...] = (
        _onnxruntime,
        _engine,
        _source,
        _disk,
        _clock,
        _identity,
        _certificate,
        _hub,
        _broker,
    )
    for check in checks:
        yield check(config)


def _onnxruntime(_: AgentConfig) -> Check:
    if importlib.util.find_spec("onnxruntime") is None:
        fix = "pip install 'kitwright[agent,cpu]' (or gpu, never both)"
        return Check("onnxruntime", good=False, found="missing", needed="installed", fix=fix)
    import onnxruntime as ort

    return Check("onnxruntime", good=True, found=ort.__version__, needed="installed")


def _engine(config: AgentConfig) -> Check:
    from edge_agent.engine.session import probe

    probes = [probe(provider) for provider in config.engine.providers]
    usable = [p.provider for p in probes if p.usable]
    why = "; ".join(f"{p.provider}: {p.reason}" for p in probes if not p.usable)
    found = ", ".join(usable) + (f" ({why})" if why else "")
    fix = "" if usable else "add cpu to engine.providers"
    return Check("engine", good=bool(usable), found=found or why, needed="one provider", fix=fix)


def _source(config: AgentConfig) -> Check:
    source = config.source
    if isinstance(source, FolderSourceConfig):
        there = source.path.exists()
        found = f"{source.path} {'is there' if there else 'is missing'}"
        return Check("source", there, found, "a folder", "" if there else "set source.path")
    if importlib.util.find_spec("cv2") is None:
        fix = "pip install 'kitwright[agent]'"
        return Check("source", good=False, found="no OpenCV", needed="OpenCV", fix=fix)
    device = _try_device(source)
    fix = "" if device else "check cable, address and permissions (group video)"
    return Check("source", device, "a frame came" if device else "no frame", "a frame", fix)


def _try_device(source: CameraSourceConfig | VideoSourceConfig) -> bool:
    from edge_agent.sources.video import open_camera, open_video

    opener = open_camera(source) if isinstance(source, CameraSourceConfig) else open_video(source)
    device = opener()
    if device is None:
        return False
    try:
        return device.read() is not None
    finally:
        device.close()


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
        return Check("identity", good=False, found=error.what, needed="enrolled", fix=error.fix)
    if identity is None:
        fix = "edge-agent enroll --hub URL --token T --ca-fingerprint F"
        return Check("identity", good=False, found="none", needed="enrolled", fix=fix)
    mode = config.identity_path.stat().st_mode & 0o777
    safe = mode & 0o077 == 0
    found = f"{identity.site}/{identity.device}, mode {mode:o}"
    fix = "" if safe else f"chmod 600 {config.identity_path}"
    return Check("identity", safe, found, "mode 600", fix)


def _certificate(config: AgentConfig) -> Check:
    certificates = Certificates(config.identity_path.parent)
    if not certificates.present:
        return Check("certificate", good=True, found="none before enrolment", needed="nothing")
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


def _hub(config: AgentConfig) -> Check:
    identity = load_identity(config.identity_path) if config.identity_path.exists() else None
    url = config.hub.url or (identity.hub if identity else "")
    if not url:
        return Check("hub", good=True, found="none configured", needed="nothing")
    if identity is None:
        return Check("hub", good=True, found="unknown before enrolment", needed="nothing")
    try:
        with closing(hub_client(config.hub, identity, config.identity_path)) as client:
            status = client.request("GET", "/healthz")
    except KitwrightError as error:
        return Check("hub", good=False, found=error.what, needed=url, fix=error.fix)
    good = status.status == 200
    fix = "" if good else "look at the hub's log"
    return Check("hub", good, f"answers {status.status}", "200", fix)


def _broker(config: AgentConfig) -> Check:
    identity = load_identity(config.identity_path) if config.identity_path.exists() else None
    if identity is None:
        return Check("broker", good=True, found="unknown before enrolment", needed="nothing")
    address = (identity.mqtt.host, identity.mqtt.port)
    where = f"{address[0]}:{address[1]}"
    try:
        socket.create_connection(address, 5).close()
    except OSError as error:
        fix = "open the port on the way to the broker"
        return Check("broker", good=False, found=str(error), needed=where, fix=fix)
    return Check("broker", good=True, found="takes connections", needed=where)
