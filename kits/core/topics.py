"""MQTT topics: one table for agent, hub and broker rules.

`kw/v1/{site}/{device}/…`; site and device are `[a-z0-9-]{1,32}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kits.core.errors import ConfigError
from kits.core.events import EVENT_CLASSES, EventClass

ROOT = "kw/v1"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


def check_name(name: str, what: str = "name") -> str:
    """`name` when it may stand in a topic.

    Raises:
        ConfigError: it may not.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} cannot be a {what}",
            fix="use 1 to 32 of a-z, 0-9 and '-', not at the ends: for example 'press-3'",
        )
    return name


@dataclass(frozen=True, slots=True)
class DeviceTopics:
    """All topics of one device."""

    site: str
    device: str

    def _under(self, tail: str) -> str:
        return f"{ROOT}/{self.site}/{self.device}/{tail}"

    def frames(self, klass: EventClass) -> str:
        """Where the device publishes frames of one class."""
        return self._under(f"up/{klass}")

    def chunk(self, digest: str, number: int) -> str:
        """Where chunk `number` of a blob is published."""
        return self._under(f"up/f/{digest}/{number}")

    @property
    def ack(self) -> str:
        """What the hub has committed (not retained)."""
        return self._under("down/ack")

    @property
    def desired(self) -> str:
        """Retained: what the hub wants the device to run."""
        return self._under("down/desired")

    @property
    def online(self) -> str:
        """Retained, also the last will: an `Online`."""
        return self._under("st/online")

    @property
    def reported(self) -> str:
        """Retained: what the device runs."""
        return self._under("st/reported")

    @property
    def written(self) -> tuple[str, ...]:
        """All that the device publishes to, as filters: the broker lets it write nothing else."""
        frames = (self.frames(klass) for klass in EVENT_CLASSES)
        return (*frames, self._under("up/f/+/+"), self.online, self.reported)


@dataclass(frozen=True, slots=True)
class Online:
    """What `st/online` says: whether the device is there, and in which boot it last was."""

    online: bool
    boot: str = ""


_ONLINE = re.compile(rb"(?P<online>[01])(?: (?P<boot>[0-9a-f-]{1,36}))?")


def encode_online(state: Online) -> bytes:
    """`1` or `0`, and the boot's id when it is known."""
    return f"{int(state.online)} {state.boot}".strip().encode()


def decode_online(payload: bytes) -> Online | None:
    """The opposite of `encode_online`; None when it is something else."""
    match = _ONLINE.fullmatch(payload)
    if match is None:
        return None
    return Online(match["online"] == b"1", (match["boot"] or b"").decode())


@dataclass(frozen=True, slots=True)
class ParsedTopic:
    """An upward topic taken apart; `digest` and `number` only for chunks."""

    site: str
    device: str
    kind: str
    digest: str = ""
    number: int = 0


_UP = re.compile(
    rf"{ROOT}/(?P<site>[^/]+)/(?P<device>[^/]+)/"
    r"(?:up/(?P<klass>[alst])|up/f/(?P<digest>[0-9a-f]{64})/(?P<number>\d{1,7})"
    r"|st/(?P<status>online|reported))"
)


def parse_up(topic: str) -> ParsedTopic | None:
    """The parts of a topic a device publishes to, or None when it is none of ours.

    `kind` is one of `a l s t` (frames), `f` (chunk), `online`, `reported`.
    """
    match = _UP.fullmatch(topic)
    if match is None:
        return None
    part = match.groupdict()
    if not (_NAME.fullmatch(part["site"]) and _NAME.fullmatch(part["device"])):
        return None
    kind = part["klass"] or part["status"] or "f"
    return ParsedTopic(
        part["site"], part["device"], kind, part["digest"] or "", int(part["number"] or 0)
    )
