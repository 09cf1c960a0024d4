"""The check of levels: which channels moved at one time and stayed, said with what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from kits.core.kit import Finding
from kits.predictive_maintenance._checking.level_steps import Step, level_steps
from kits.predictive_maintenance._checking.looks import Look
from kits.predictive_maintenance._reading.recording import moment

_CHECK = "level-steps"
_SHOWN = 20
_TOGETHER_S = 86_400.0
_FEWEST_TOGETHER = 3


def check_levels(looks: Sequence[Look], block_s: float) -> Iterator[Finding]:
    """One finding on all machines; none where nothing is long enough to tell.

    Args:
        block_s: seconds of a block of the levels.
    """
    by_asset: dict[str, list[Look]] = {}
    for look in looks:
        if look.levels is not None:
            by_asset.setdefault(look.asset, []).append(look)
    if not by_asset:
        return
    steps = {
        asset: list(level_steps([one.levels for one in own if one.levels is not None], block_s))
        for asset, own in by_asset.items()
    }
    said = [
        line
        for asset, found in steps.items()
        for line in _lines(asset, found, _units(by_asset[asset]))
    ]
    if not said:
        yield Finding(_CHECK, "pass", "no channel moved to another level at one time and stayed")
        return
    machine, first = next((asset, found[0]) for asset, found in steps.items() if found)
    until = _time(first.at_s + block_s, "T")
    stretch = f"{{machine: {json.dumps(machine, ensure_ascii=False)}, end: {until}Z}}"
    yield Finding(
        _CHECK, "warn",
        f"{sum(map(len, steps.values()))} channel(s) moved to another level at one time and stayed there: was a sensor changed or "
        "calibrated, the machine run otherwise, or did something break that no list tells?",
        tuple(said[:_SHOWN]),
        f"leave out what was before: leave_out: [{stretch}] in machines.yaml, and import again with --replace; list what broke",
    )  # fmt: skip


def _units(looks: Sequence[Look]) -> dict[str, str]:
    return {c.name: c.unit for look in looks for c in look.channels}


def _lines(asset: str, found: Sequence[Step], units: dict[str, str]) -> Iterator[str]:
    """A line for each channel, or one for all where most moved on one day."""
    if found:
        together = [s for s in found if abs(s.at_s - found[0].at_s) <= _TOGETHER_S]
        if len(together) >= _FEWEST_TOGETHER and 2 * len(together) >= len(units):
            yield f"{asset}: {len(together)} of {len(units)} channels, {_since(found[0])}"
            found = [step for step in found if step not in together]
    for step in found:
        unit = f" {units[step.channel]}" if units.get(step.channel) else ""
        amount = f"times {step.amount:.2g}" if step.times else f"by about {step.amount:+.2g}{unit}"
        yield f"{asset}, {step.channel}: {amount}, {_since(step)}"


def _since(step: Step) -> str:
    return f"from {_time(step.at_s, ' ')} UTC on"


def _time(seconds: float, between: str) -> str:
    at = moment(seconds)
    return f"{at:%Y-%m-%d{between}%H:%M}" if at is not None else f"{seconds:g} s"
