"""What a kit tells of the past: scores of each asset over time, and the failures that are known.

Optional parts of the contract (`replay` and `ranking` in a kit's `evaluate.py`), read by `kit replay` alone. They hold
values; alarms, cases and money are made of them by the toolchain, alike for every kit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kits.core.operating_point import Band
from kits.core.prediction import Prediction

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """Something that did happen to an asset.

    Attributes:
        at_s: when it stood still, or when the marked stretch ended; on the clock of the replay.
        from_s: since when the fault was there; None: not known, any alarm shortly before may be its warning.
        cost: of the unplanned stop; None: the project's.
        beyond: it came after the end of the data: an alarm that warns of it is right, but none is missed yet.
    """

    asset: str
    at_s: float
    what: str
    from_s: float | None = None
    cost: float | None = None
    beyond: bool = False


@dataclass(frozen=True)
class Track:
    """One asset over time, as its device would have seen it.

    Attributes:
        at_s: (rows,) rising; on the clock of the replay.
        score: (rows,) not a number where a row changes nothing: its sensor was at fault.
        doubtful: (rows,) nobody can judge: a score in the review band, whatever the band is.
        sensor_fault: (rows,) a sensor was at fault.
        predict: what the runtime says at a row, in full.
    """

    asset: str
    at_s: Floats
    score: Floats
    doubtful: NDArray[np.bool_]
    sensor_fault: NDArray[np.bool_]
    predict: Callable[[int], Prediction]
    failures: tuple[KnownFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class Dial:
    """One position of the dial between too many alarms and too late ones."""

    value: float
    band: Band


@dataclass(frozen=True)
class Replay:
    """What `replay` gives back.

    Attributes:
        unit: of the clock: `s`, or that of life where recordings are not in time (`cycles`, `readings`).
        timed: the clock is seconds since 1970.
        horizon: how long before a failure an alarm warns of it where nobody asks for another; None: unsaid.
        dial: what `dials` turn, a name with its unit (`false_alarms_per_month`); empty: nothing.
        notes: sentences a person should know.
    """

    tracks: tuple[Track, ...]
    unit: str = "s"
    timed: bool = False
    horizon: float | None = None
    dial: str = ""
    dials: tuple[Dial, ...] = ()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Ranking:
    """What `ranking` gives back: samples of which only so many can be worked on in a month, with the score of each.

    Attributes:
        sample_ids: (samples,).
        at_s: (samples,) rising; seconds since 1970, or ranks.
        timed: `at_s` is a clock.
        score: (samples,) what the bundle says; larger: sooner.
        hit: (samples,) whether it was worth the work.
        group: (samples,) what counts together.
        unseen: (samples,) scored by a model that is known not to have learned from it; the bundle's own may have.
        per_month: that the team can work on.
        incoming: that come in a month, as far as is known.
        value, contact: worth of a hit, and cost of working on one; money.
        exploration: share that is worked on in random order all the same, 0 to 1.
        notes: sentences a person should know.
        one_month: `per_month` is of all these samples: nobody said how many come in, and they were taken as one month's.
        capacity: `per_month` and `incoming` in words, with where they are from; empty: unsaid.
    """

    sample_ids: tuple[str, ...]
    at_s: Floats
    timed: bool
    score: Floats
    hit: NDArray[np.bool_]
    group: tuple[str, ...]
    unseen: NDArray[np.bool_]
    per_month: float
    incoming: float
    value: float
    contact: float
    exploration: float = 0.0
    notes: tuple[str, ...] = field(default=())
    one_month: bool = False
    capacity: str = ""
