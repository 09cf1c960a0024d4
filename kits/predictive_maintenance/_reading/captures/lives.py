"""Captures in the order they were taken: lives of assets that ran until they failed, or a record to cut.

Works on what is known of each capture; opening files and reading lists of captures is done elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kits.core.dataset import Split
from kits.core.prediction import Quantity
from kits.predictive_maintenance._reading.columns.names import NORMAL
from kits.predictive_maintenance._reading.cut import held_out
from kits.predictive_maintenance._reading.notes import Notes
from kits.predictive_maintenance._reading.recording import REMAINING_LIFE
from kits.predictive_maintenance._reading.sidecar import Sidecar

FEWEST_IN_A_LIFE = 10
DATED_S = 1e8
"""Smaller times count from the start of something, and not from 1970."""
_TOGETHER = 3.0
"""Usual times between two captures of a machine."""


@dataclass(frozen=True)
class Capture:
    """One file with a waveform.

    Attributes:
        scale, unit: from the file's number to the physical unit; 1 and empty when not known.
        stamp_s: when it was taken, seconds since 1970.
        timed: the list says when in its asset's life it was taken.
        position: its place in the life of its asset, from 0; None when it is no such life.
    """

    file: Path
    name: str
    asset: str
    group: str
    label: str = ""
    split: Split | None = None
    rate_hz: float | None = None
    scale: float | None = None
    unit: str = ""
    attributes: Mapping[str, str | float] = field(default_factory=dict)
    stamp_s: float | None = None
    position: int | None = None
    life: Quantity | None = None
    role: str = ""
    timed: bool = False


def with_lives(captures: Sequence[Capture], sidecar: Sidecar, notes: Notes) -> list[Capture]:
    """Captures of one asset in a row: a run to failure when several assets have them."""
    # the fault found at the end of a life is no label of its first captures
    captures = [replace(c, label="") if c.timed else c for c in captures]
    counts = Counter(c.asset for c in captures if not c.label)
    lives = [a for a, n in counts.items() if n >= FEWEST_IN_A_LIFE]
    stated = bool(sidecar.life.interval_h) or any(c.life for c in captures)
    if not lives or (len(lives) < 2 and not stated) or 2 * len(lives) < len(counts):
        return _in_time(captures, notes)
    if not stated and not sidecar.life.ends_in_failure:
        return _in_time(captures, notes)
    if not stated and _end_together([c for c in captures if c.asset in lives]):
        notes.warn("run-to-failure", "captures of machines that end at the same time: taken for machines that still run, "
                   "and not for runs to failure", f"{len(lives)} folders",
                   "did they run until they failed? then state life.interval_h in machines.yaml")  # fmt: skip
        return _in_time(captures, notes)
    splits = _life_splits(lives, captures)
    notes.say("run-to-failure", f"{len(lives)} folders with captures in a row: runs to failure")
    placed: list[Capture] = []
    for asset in dict.fromkeys(c.asset for c in captures):
        own = [c for c in captures if c.asset == asset]
        placed += _one_life(own, splits.get(asset), sidecar, notes) if asset in lives else own
    return placed


def _end_together(captures: Sequence[Capture]) -> bool:
    """Whether half of the machines, two at least, have their last capture with the last of all: an export ended, and no life."""
    stamps: dict[str, list[float]] = {}
    for one in captures:
        if one.stamp_s is None or one.stamp_s < DATED_S or one.split is not None:
            return False
        stamps.setdefault(one.asset, []).append(one.stamp_s)
    ends = {asset: max(own) for asset, own in stamps.items()}
    usual = {a: (max(own) - min(own)) / max(len(own) - 1, 1) for a, own in stamps.items()}
    last = max(ends.values())
    together = sum(last - ends[asset] <= _TOGETHER * usual[asset] for asset in ends)
    return together >= max(2, len(ends) / 2)


def _life_splits(lives: Sequence[str], captures: Sequence[Capture]) -> dict[str, Split | None]:
    """Some assets of a train folder are for thresholds, so that a stated test folder stays whole.

    Where nobody knows how long those of the test folder had left, one of the train folder is judged on.
    """
    first = {c.asset: c.split for c in reversed(captures)}
    train = [a for a in lives if first[a] == "train"]
    held = held_out(train) if "val" not in first.values() else set()
    placed: dict[str, Split | None] = {a: "val" if a in held else first[a] for a in lives}
    tests = [c for c in captures if c.split == "test"]
    if tests and not any(c.life for c in tests):
        placed |= dict.fromkeys(held_out([a for a in train if a not in held]), "test")
    return placed


def _one_life(
    own: Sequence[Capture], split: Split | None, sidecar: Sidecar, notes: Notes
) -> list[Capture]:
    stamps = [c.stamp_s for c in own]
    if all(s is not None for s in stamps) and len(set(stamps)) == len(stamps):
        own = sorted(own, key=lambda c: c.stamp_s or 0.0)
        hours = [((c.stamp_s or 0.0) - (own[0].stamp_s or 0.0)) / 3600 for c in own]
        unit = "h"
    elif sidecar.life.interval_h:
        hours, unit = [n * sidecar.life.interval_h for n in range(len(own))], "h"
    else:
        hours, unit = [float(n) for n in range(len(own))], "captures"
        notes.warn(
            "remaining-life", "nothing says how long it is from one capture to the next: remaining "
            "life is counted in captures", own[0].asset, "state life.interval_h in machines.yaml",
        )  # fmt: skip
    known = any(c.life for c in own)
    to_failure = sidecar.life.ends_in_failure and own[0].split != "test"
    if not known and not to_failure:
        notes.warn("remaining-life", "captures of a test folder without a known remaining life",
                   own[0].asset, "add a column `rul` to meta.csv, or move them out of `test`")  # fmt: skip
    placed = []
    for number, (capture, at) in enumerate(zip(own, hours)):
        left = Quantity(REMAINING_LIFE, hours[-1] - at, unit) if to_failure else None
        placed.append(
            replace(
                capture,
                position=number,
                life=capture.life or left,
                split=split,
                attributes={**capture.attributes, "life_position": at},
            )
        )
    return placed


def _in_time(captures: Sequence[Capture], notes: Notes) -> list[Capture]:
    """Captures of one asset without labels: cut in time, assumed normal."""
    bare = Counter(c.asset for c in captures if not c.label and c.split is None)
    placed: list[Capture] = []
    for asset in dict.fromkeys(c.asset for c in captures):
        own = [c for c in captures if c.asset == asset]
        if bare[asset] != len(own) or len(own) < 5:
            placed += own
            continue
        notes.warn("labels", "captures without labels: assumed normal, cut in time 60/20/20", asset,
                   "name folders after conditions, or add meta.csv with columns file and label")  # fmt: skip
        if all(c.stamp_s is not None for c in own):
            own.sort(key=lambda c: c.stamp_s or 0.0)
        for number, capture in enumerate(own):
            share = number / len(own)
            split: Split = "train" if share < 0.6 else "val" if share < 0.8 else "test"
            role = {"train": "learn", "val": "calibrate", "test": "judge"}[split]
            placed.append(
                replace(capture, split=split, label=NORMAL, role=role, group=f"{asset}#{role}")
            )
    return placed
