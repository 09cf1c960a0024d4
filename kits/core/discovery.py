"""Finding kits: entry points of the group `kitwright.kits`.

A kit that fails to import is listed as broken with its reason; it never hides the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points

from kits.core.errors import ConfigError, UsageError, did_you_mean
from kits.core.kit import Kit

GROUP = "kitwright.kits"


@dataclass(frozen=True, slots=True)
class BrokenKit:
    """An entry point that could not be loaded."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """All kits on this machine."""

    kits: dict[str, Kit]
    broken: tuple[BrokenKit, ...]


def find_kits() -> Found:
    """Loads every entry point of the group; names are those of the kits' manifests."""
    kits: dict[str, Kit] = {}
    broken: list[BrokenKit] = []
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        try:
            kit = point.load()
            if not isinstance(kit, Kit):
                raise ConfigError(f"{point.value} is not a Kit")
            kits[kit.name] = kit
        except Exception as error:  # noqa: BLE001  a third party's import may raise anything; we report it
            broken.append(BrokenKit(point.name, f"{type(error).__name__}: {error}"))
    return Found(kits, tuple(broken))


def get_kit(name: str) -> Kit:
    """The kit called `name`.

    Raises:
        UsageError: there is none; names a close one, or why it is broken.
    """
    found = find_kits()
    kit = found.kits.get(name)
    if kit is not None:
        return kit
    for broken in found.broken:
        if broken.name == name:
            raise UsageError(f"the kit {name!r} cannot be loaded: {broken.reason}", fix="kit list")
    raise UsageError(f"no kit {name!r}", fix=did_you_mean(name, found.kits))
