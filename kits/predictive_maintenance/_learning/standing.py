"""Standing and running of a machine of which no channel says it: told by what follows from it, with care."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.predictive_maintenance._device.regimes import Floats, RegimeSpec, learn_regimes
from kits.predictive_maintenance._device.rows import RowSpec
from kits.predictive_maintenance.config import Config

_NO_CAUSE = (
    "one way of running: no channel is called after a speed, a load, a set point or whether it runs; if one of them tells how"
    " the machine is run, name it in model.condition.regime_channels"
)
_MOST_LOOKED_AT = 64
_BY_TURNS = 6
_CLEAR = 1.0
"""Distance of two levels over the radius of the wider one."""
_BETWEEN = 0.05
"""Share of readings in the middle third between them, at most: what swings, as days do, is as often there."""
_FAR = 1e9
_NOTHING, _SOMETHING = 0.1, 1 / 3
"""Of the usual reading: up to the first a channel shows nothing, from the second on the machine runs."""
_LEAST_STOPS, _MOST_STOPS = 0.005, 0.5
"""Share of readings at which it stands."""
_TOGETHER = 0.8
"""Share of the readings without anything in one channel at which another one has nothing, too: else it is a cable."""


def stands_or_runs(
    pieces: Sequence[Floats], rows: RowSpec, config: Config, seed: int
) -> tuple[RegimeSpec | None, str]:
    """Standing and running, where nothing says so, by the channel that shows it most clearly; and what is said of it.

    Only two, with nothing beyond them: whatever a fault does to that channel, the machine stands or runs, and is judged by that.
    """
    found: list[tuple[float, str, RegimeSpec]] = []
    for column, name in enumerate(rows.channels[:_MOST_LOOKED_AT]):
        spec = learn_regimes(
            [*pieces], (column,), most=2, settle=config.condition.settle,
            smooth=min(config.condition.median, 5), seed=seed,
        )  # fmt: skip
        if spec is not None and any(_stands_by_turns(spec, piece) for piece in pieces):
            apart = abs(spec.centres[1][0] - spec.centres[0][0]) / max(spec.radius)
            found.append((apart, name, spec))
    clear = [one for one in found if one[0] >= _CLEAR and _between(one[2], pieces) <= _BETWEEN]
    if clear:
        _, name, spec = max(clear, key=lambda one: one[0])
    elif (stops := _now_and_then(pieces, rows, config)) is not None:
        name, spec = stops
    else:
        return None, _NO_CAUSE
    told = (
        f"standing and running are told by {name}, as no channel says so (a speed, a load, a set point, a flag); "
        "export one that does, or name it in model.condition.regime_channels"
    )
    return spec.model_copy(update={"radius": (_FAR, _FAR)}), told


def _now_and_then(
    pieces: Sequence[Floats], rows: RowSpec, config: Config
) -> tuple[str, RegimeSpec] | None:
    """Stops of a machine that runs for days between them: two channels, at least, show nothing at the same times.

    They are too seldom to be a cluster. Of one channel alone it may be a fault, or its cable.
    """
    values = np.concatenate(pieces)[:, : min(len(rows.channels), _MOST_LOOKED_AT)]
    usual = np.nanmedian(np.abs(values), axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        shown = np.abs(values) / usual
    stops, runs = shown <= _NOTHING, shown >= _SOMETHING
    share = stops.mean(axis=0)
    between = 1 - share - runs.mean(axis=0) - np.isnan(shown).mean(axis=0)
    fit = (share >= _LEAST_STOPS) & (share <= _MOST_STOPS) & (between <= _BETWEEN * share)
    places = [c for c in np.flatnonzero(fit) if _agree(stops, int(c), fit)]
    if not places:
        return None
    column = min(places, key=lambda c: float(between[c]))
    changes = sum(
        int(
            (np.diff((np.abs(p[:, column]) <= _NOTHING * usual[column]).astype(np.int8)) != 0).sum()
        )
        for p in pieces
    )
    if changes < _BY_TURNS or len(values) < 2 * max(config.condition.settle, 1) * changes:
        return None
    spec = RegimeSpec(
        columns=(int(column),), centre=(0.0,), scale=(float(usual[column]),),
        centres=((0.0,), (_NOTHING + _SOMETHING,)), radius=(_FAR, _FAR),
        settle=config.condition.settle, smooth=min(config.condition.median, 5),
    )  # fmt: skip
    return rows.channels[column], spec


def _agree(stops: NDArray[np.bool_], column: int, fit: NDArray[np.bool_]) -> bool:
    """Whether another channel shows nothing when one does."""
    others = [c for c in np.flatnonzero(fit) if c != column]
    mine = stops[:, column]
    return any(float(stops[mine, c].mean()) >= _TOGETHER for c in others)


def _between(spec: RegimeSpec, pieces: Sequence[Floats]) -> float:
    """Share of readings in the middle third between two levels."""
    values = np.concatenate([piece[:, spec.columns[0]] for piece in pieces])
    one, two = (centre[0] * spec.scale[0] + spec.centre[0] for centre in spec.centres)
    way = (values[np.isfinite(values)] - one) / (two - one)
    return float(((way > 1 / 3) & (way < 2 / 3)).mean())


def _stands_by_turns(spec: RegimeSpec, piece: Floats) -> bool:
    """Whether a stretch changes between regimes again and again, and stays in each long enough to be judged there."""
    changes = np.flatnonzero(np.diff(spec.nearest(piece)) != 0)
    long = 2 * max(spec.settle, 1)
    return changes.size >= _BY_TURNS and float(np.median(np.diff(changes))) >= long
