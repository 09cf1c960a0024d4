"""What the money of a bundle of leads was counted with, beside what its project says by now. Counting it anew is `kit tune`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from cloud_sync.learning.costs import project_costs
from cloud_sync.learning.sifting import config_of
from kits.core.bundle import Bundle
from kits.core.errors import KitwrightError

_TEAM = "team"
"""Under this name both a bundle's configuration and the kit's part of `kit.yaml` say what the team can do, and what a lead is worth."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Of one bundle.

    Attributes:
        currency: its money is counted in.
        changed: settings that the project has otherwise by now, `model.team.value: 500, now 800`.
    """

    currency: str
    changed: tuple[str, ...] = ()


def terms_of(bundle: Bundle, kit_yaml: str) -> Terms:
    """What its money was counted with; nothing is said of a `kit.yaml` that cannot be read, or is not known."""
    costs = bundle.operating_point.costs
    try:
        changed = tuple(_changed(bundle, kit_yaml)) if kit_yaml else ()
    except KitwrightError:
        changed = ()
    return Terms(costs.currency, changed)


def _changed(bundle: Bundle, kit_yaml: str) -> Iterator[str]:
    then = bundle.operating_point.costs.model_dump(mode="json")
    yield from _apart("costs", then, project_costs(kit_yaml).model_dump(mode="json"))
    team = bundle.manifest.config.get(_TEAM)
    now = config_of(kit_yaml).model_dump(mode="json").get(_TEAM)
    if isinstance(team, Mapping) and isinstance(now, Mapping):
        yield from _apart(f"model.{_TEAM}", team, now)


def _apart(
    where: str, then: Mapping[str, JsonValue], now: Mapping[str, JsonValue]
) -> Iterator[str]:
    for name, value in then.items():
        if name in now and now[name] != value:
            yield f"{where}.{name}: {_plain(value)}, now {_plain(now[name])}"


def _plain(value: JsonValue) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
