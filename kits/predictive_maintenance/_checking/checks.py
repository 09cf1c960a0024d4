"""The kit's own checks of a dataset version: what in the data limits a model, and what would help.

Looks once at all samples and hands them to the checks of signals and of leakage; here it is counted
whether there is enough: normal time, runs to failure, machines per fault.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from pydantic import BaseModel

from kits.core.dataset import Dataset
from kits.core.kit import Finding
from kits.predictive_maintenance._checking.amounts import DAY_S, check_amounts, running_s
from kits.predictive_maintenance._checking.leak_checks import check_leakage
from kits.predictive_maintenance._checking.level_checks import check_levels
from kits.predictive_maintenance._checking.levels import block_s
from kits.predictive_maintenance._checking.looks import Look, look_at
from kits.predictive_maintenance._checking.signal_checks import check_signals
from kits.predictive_maintenance._reading.columns.names import NORMAL
from kits.predictive_maintenance._stated import misspelt
from kits.predictive_maintenance.config import Config

ENOUGH_LIVES = 20
"""Runs to failure from which a model of remaining life beats the fleet's mean."""
FALSE_ALARMS_PER_MONTH = 1.0
"""What is worth claiming when the project states nothing."""
_SHOWN = 20


def check(dataset: Dataset, config: BaseModel) -> Iterator[Finding]:
    """Findings on signals, leakage and amounts."""
    length_s = block_s(dataset.items)
    looks, damaged = look_at(dataset, length_s)
    if damaged:
        yield Finding(
            "damaged-samples", "fail", f"{len(damaged)} sample(s) are no sensor windows",
            tuple(damaged[:_SHOWN]), "import the data again with --replace",
        )  # fmt: skip
    if not looks:
        yield Finding(
            "recordings", "fail", "no recording that can be read", (), "import recordings"
        )
        return
    if isinstance(config, Config):
        yield from misspelt([channel.name for look in looks for channel in look.channels], config)
    yield from check_leakage(dataset, looks)
    yield from check_signals(looks)
    yield from check_levels(looks, length_s)
    yield from check_amounts(looks)
    yield from _normal_time(looks, config)
    yield from _lives(looks)
    yield from _units_per_fault(looks)
    yield from _same_time(looks)


def _normal_time(looks: list[Look], config: BaseModel) -> Iterator[Finding]:
    """The false-alarm rate that so much normal running can show: none in T bounds it to 3/T."""
    timed = [x for x in looks if x.duration_s and x.started_at is not None and x.label == NORMAL]
    calibrated = running_s([x for x in timed if x.split == "val"]) / DAY_S
    if not timed:
        return
    stated = getattr(config, "false_alarms_per_month", None)
    wanted = (stated if isinstance(stated, float) and stated > 0 else FALSE_ALARMS_PER_MONTH) / 30
    needed = -math.log(0.05) / wanted
    bound = -math.log(0.05) / calibrated if calibrated > 0 else math.inf
    text = (
        f"{calibrated:.3g} days of normal running in val: without one false alarm in them the rate is "
        f"at most {bound:.3g} a day (95 % confidence); aimed at: {wanted:.3g}"
    )
    if bound <= wanted:
        yield Finding("normal-time", "pass", text)
    else:
        yield Finding(
            "normal-time",
            "warn",
            text,
            (),
            f"record {needed - calibrated:.0f} more days of normal running",
        )


def _lives(looks: list[Look]) -> Iterator[Finding]:
    """Units whose remaining life is known."""
    known = {x.group for x in looks if x.remaining_life is not None}
    if not known:
        return
    learnt = {x.group for x in looks if x.remaining_life is not None and x.split != "test"}
    judged = {x.group for x in looks if x.remaining_life is not None and x.split == "test"}
    text = f"{len(learnt)} units with a known life to learn from, {len(judged)} to judge on"
    if len(learnt) >= ENOUGH_LIVES and judged:
        yield Finding("runs-to-failure", "pass", text)
        return
    yield Finding(
        "runs-to-failure", "warn", text, (),
        f"from {ENOUGH_LIVES} failures on a model of remaining life is worth it; until then rely on "
        "alarms and the fleet's mean life" if judged else "import units to judge on",
    )  # fmt: skip


def _units_per_fault(looks: list[Look]) -> Iterator[Finding]:
    """A fault seen on one machine cannot be told from that machine."""
    groups: dict[str, set[str]] = {}
    timed = any("#" in x.group for x in looks if not x.single)
    for look in looks:
        if look.label and look.group != look.source:
            groups.setdefault(look.label, set()).add(look.asset if timed else look.group)
    faults = {label: units for label, units in groups.items() if label != NORMAL}
    if not faults or timed:
        return
    if len(groups.get(NORMAL, ())) == 1:
        yield Finding(
            "normal-units", "warn",
            "normal running was recorded on one physical unit only: false alarms cannot be judged on another",
            tuple(groups[NORMAL]), "record normal running of at least three machines or bearings",
        )  # fmt: skip
    lonely = [
        f"{label}: {next(iter(units))}"
        for label, units in sorted(faults.items())
        if len(units) == 1
    ]
    few = [
        f"{label}: {len(units)} units" for label, units in sorted(faults.items()) if len(units) == 2
    ]
    if lonely:
        yield Finding(
            "units-per-fault", "warn",
            f"{len(lonely)} fault(s) were seen on one physical unit only: they cannot be judged",
            tuple((lonely + few)[:_SHOWN]), "record each fault on at least three machines or bearings",
        )  # fmt: skip
    elif few:
        yield Finding(
            "units-per-fault", "warn", f"{len(few)} fault(s) were seen on two physical units only",
            tuple(few[:_SHOWN]), "record each fault on at least three machines or bearings",
        )  # fmt: skip
    else:
        least = min(len(units) for units in faults.values())
        yield Finding("units-per-fault", "pass", f"each fault was seen on at least {least} units")


def _same_time(looks: list[Look]) -> Iterator[Finding]:
    """Recordings of one asset that overlap in time: a clock that was set back, or a double export."""
    by_asset: dict[str, list[tuple[float, float, str]]] = {}
    for look in looks:
        if look.started_at is not None and look.duration_s and not look.single:
            start = look.started_at.timestamp()
            by_asset.setdefault(look.asset, []).append(
                (start, start + look.duration_s, look.source)
            )
    found = []
    for stretches in by_asset.values():
        stretches.sort()
        for one, two in pairwise(stretches):
            if two[0] < one[1] - 0.05 * (one[1] - one[0]) - 1:
                found.append(f"{one[2]} and {two[2]}")
    if found:
        yield Finding(
            "same-time", "warn", f"{len(found)} pair(s) of recordings of one asset overlap in time",
            tuple(found[:_SHOWN]), "export each stretch once; check the logger's clock",
        )  # fmt: skip
