"""Checks of the signals: missing, stuck, clipped and constant channels, rates, units, conditions.

Each gives one finding with its figure and what to do. Labels and leakage are checked elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from kits.core.kit import Finding
from kits.predictive_maintenance._checking.looks import ChannelLook, Look, by_channel
from kits.predictive_maintenance._reading.columns.names import role_of

_MUCH_MISSING = 0.05
_LONG_HOLD = 0.1
_FEWEST_HELD = 50
_MUCH_AT_EDGE = 0.005
_SHOWN = 20
_SET_POINT = re.compile(r"(?:op_?)?setting|set_?point|load|torque|recipe|gear", re.I)
_PLAUSIBLE: dict[str, tuple[float, float]] = {
    "K": (100, 5000), "°C": (-120, 3000), "rpm": (-200_000, 200_000), "%": (-50, 1000),
    "bar": (-1.1, 10_000), "g": (-20_000, 20_000), "mm/s": (-5000, 5000), "V": (-1e6, 1e6),
    "A": (-1e5, 1e5), "Hz": (0, 1e6),
}  # fmt: skip
"""Beyond these a number is not in its unit (or its scale is missing)."""


def check_signals(looks: list[Look]) -> Iterator[Finding]:
    """Findings on the channels."""
    yield from _missing(looks)
    yield from _constant(looks)
    yield from _stuck(looks)
    yield from _clipped(looks)
    yield from _rates(looks)
    yield from _units(looks)
    yield from _conditions(looks)
    yield from _same_channels(looks)


def _listed(check: str, found: Sequence[str], text: str, fix: str, fine: str) -> Finding:
    if found:
        return Finding(check, "warn", text, tuple(found[:_SHOWN]), fix)
    return Finding(check, "pass", fine)


def _missing(looks: list[Look]) -> Iterator[Finding]:
    found = []
    for name, seen in by_channel(looks):
        share = float(
            np.average([c.missing for _, c in seen], weights=[c.readings for _, c in seen])
        )
        if share > _MUCH_MISSING:
            found.append(f"{name}: {share:.0%} missing")
    yield _listed(
        "missing-readings", found, f"{len(found)} channel(s) lack more than {_MUCH_MISSING:.0%} of their readings",
        "repair the sensor or its export, or state the column under `ignore`", "readings are complete",
    )  # fmt: skip


def _constant(looks: list[Look]) -> Iterator[Finding]:
    names = []
    for name, seen in by_channel(looks):
        lows, highs = [c.low for _, c in seen], [c.high for _, c in seen]
        if len(seen) > 1 and np.nanmin(lows) == np.nanmax(highs):
            names.append(f"{name}: always {lows[0]:g}")
    if names:
        text = f"{len(names)} channel(s) never change: they carry nothing"
        yield Finding("constant-channels", "pass", text, tuple(names[:_SHOWN]))


def _stuck(looks: list[Look]) -> Iterator[Finding]:
    """One value held for long by a channel that otherwise moves all the time."""
    found = []
    for name, seen in by_channel(looks):
        long = [
            look.source
            for look, c in seen
            if c.longest_hold >= max(_FEWEST_HELD, _LONG_HOLD * c.readings)
        ]
        # a quantity that often rests (a tank's level, a set point) is not stuck
        if long and len(long) <= max(1, 0.2 * len(seen)):
            found += [f"{name} in {source}" for source in long]
    yield _listed(
        "stuck-channels", found,
        f"{len(found)} time(s) a channel holds one value for a tenth of a recording or longer",
        "look at the sensor; leave the stretch out if it was not measuring", "no channel is stuck",
    )  # fmt: skip


def _clipped(looks: list[Look]) -> Iterator[Finding]:
    found = [
        f"{c.name} in {look.source}: {c.at_edge:.1%} at its largest or smallest value"
        for look in looks
        for c in look.channels
        if c.rate_hz >= 100 and c.at_edge > _MUCH_AT_EDGE and c.readings >= 1000
    ]
    yield _listed(
        "clipped-channels", found, f"{len(found)} waveform(s) run into the end of their range",
        "choose a larger range of the amplifier: clipping makes harmonics that are not there",
        "no waveform is clipped",
    )  # fmt: skip


def _rates(looks: list[Look]) -> Iterator[Finding]:
    found = []
    for name, seen in by_channel([look for look in looks if not look.single]):
        rates = sorted({round(c.rate_hz, 4) for _, c in seen})
        if len(rates) > 1 and rates[-1] > 1.2 * max(rates[0], 1e-9):
            found.append(f"{name}: {rates[0]:g} to {rates[-1]:g} Hz")
    yield _listed(
        "rates", found, f"{len(found)} channel(s) have different rates in different recordings",
        "import recordings of one rate, or state rate_hz", "each channel has one rate",
    )  # fmt: skip


def _units(looks: list[Look]) -> Iterator[Finding]:
    bare, odd = [], []
    for name, seen in by_channel(looks):
        units = Counter(c.unit for _, c in seen)
        if len(units) > 1:
            odd.append(f"{name}: {', '.join(sorted(units))}")
        unit = units.most_common(1)[0][0]
        if not unit:
            bare.append(name)
        elif unit in _PLAUSIBLE and not _plausible([c for _, c in seen], unit):
            low, high = min(c.low for _, c in seen), max(c.high for _, c in seen)
            odd.append(f"{name}: {low:g} to {high:g} {unit}")
    if odd:
        yield Finding("units", "warn", f"{len(odd)} channel(s) can hardly be in their unit",
                      tuple(odd[:_SHOWN]), "correct units or scale in machines.yaml")  # fmt: skip
    if bare:
        yield Finding(
            "units-missing", "pass", f"{len(bare)} channel(s) have no unit", tuple(bare[:_SHOWN])
        )


def _plausible(seen: Sequence[ChannelLook], unit: str) -> bool:
    low, high = _PLAUSIBLE[unit]
    return all(not np.isfinite(c.low) or (low <= c.low and c.high <= high) for c in seen)


def _conditions(looks: list[Look]) -> Iterator[Finding]:
    """Conditions of running that are judged on and were never learnt from."""
    names = sorted({name for look in looks for name in look.attributes})
    new = []
    for name in names:
        if name == "life_position":
            continue
        known = {look.attributes.get(name) for look in looks if look.split != "test"} - {None}
        asked = {look.attributes.get(name) for look in looks if look.split == "test"} - {None}
        numbers = [v for v in known if isinstance(v, float)]
        if not known:
            continue
        if numbers and len(numbers) == len(known):
            low, high = min(numbers), max(numbers)
            slack = 0.05 * max(abs(low), abs(high))
            far = sorted(
                v for v in asked if isinstance(v, float) and not low - slack <= v <= high + slack
            )
            new += [f"{name} {v:g} (learnt: {low:g} to {high:g})" for v in far[:3]]
        else:
            new += [f"{name} {v}" for v in sorted(map(str, asked - known))]
    new += _new_set_points(looks)
    yield _listed(
        "conditions", new, f"{len(new)} condition(s) of running are in test but not in train or val",
        "record normal running in these conditions too", "all conditions of test were learnt from",
    )  # fmt: skip


def _new_set_points(looks: list[Look]) -> Iterator[str]:
    """Channels that say how the machine was run, where test goes beyond what was learnt."""
    for name, seen in by_channel(looks):
        if role_of(name) != "speed" and not _SET_POINT.match(name):
            continue
        known = [c for look, c in seen if look.split != "test" and np.isfinite(c.low)]
        asked = [c for look, c in seen if look.split == "test" and np.isfinite(c.low)]
        if not known or not asked:
            continue
        low, high = min(c.low for c in known), max(c.high for c in known)
        lowest, highest = min(c.low for c in asked), max(c.high for c in asked)
        slack = 0.1 * (high - low) + 0.01 * max(abs(low), abs(high))
        if lowest < low - slack or highest > high + slack:
            yield f"{name} {lowest:g} to {highest:g} (learnt: {low:g} to {high:g})"


def _same_channels(looks: list[Look]) -> Iterator[Finding]:
    sets = Counter(tuple(sorted(c.name for c in look.channels)) for look in looks)
    if len(sets) > 1:
        shared = set.intersection(*(set(names) for names in sets))
        yield Finding(
            "same-channels",
            "warn" if shared else "fail",
            f"recordings have {len(sets)} different sets of channels; {len(shared)} are in all",
            tuple(f"{n} recordings: {', '.join(names)[:150]}" for names, n in sets.most_common(5)),
            "export the same columns everywhere, say under names in machines.yaml which are one (FT?01: flow), or import assets of"
            " one kind per project",
        )
