"""Ways of running of the machines that are learned from: by causes that channels are called after, else standing and running.

What a regime is, on the device too, is in `_device/regimes.py`; how a stop shows where nothing says it in `_learning/standing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.predictive_maintenance._device.regimes import (
    UNKNOWN,
    UNSETTLED,
    RegimeSpec,
    learn_regimes,
    tells_regime,
)
from kits.predictive_maintenance._device.rows import RowSpec
from kits.predictive_maintenance._device.words import CODE
from kits.predictive_maintenance._learning.standing import stands_or_runs
from kits.predictive_maintenance.config import Config

Floats: TypeAlias = NDArray[np.float64]
Course: TypeAlias = tuple[str, Floats]
"""A machine, and an uninterrupted stretch of its rows."""


def regimes_of(
    courses: Sequence[Course], rows: RowSpec, config: Config, seed: int, *, slow: bool
) -> tuple[RegimeSpec | None, tuple[str, ...]]:
    """The regimes, or None where there is one way of running, and what is said of it.

    Args:
        slow: rows are readings; windows and single rows have no way of running each.

    Raises:
        DataError: no channel of a stated name.
    """
    wanted = config.condition.regime_channels
    unknown = [name for name in wanted if name not in rows.channels]
    if unknown:
        raise DataError(
            f"no channel {unknown[0]!r} to tell the regime by",
            where="kit.yaml: model.condition.regime_channels",
            fix="known: " + ", ".join(rows.channels[:20]),
        )
    if not slow:
        return None, ()
    pieces = [raw for _, raw in courses]
    names = wanted or tuple(
        name
        for name, unit in zip(rows.channels, rows.units)
        if tells_regime(name, words=unit == CODE)
    )
    names, many = _of_few_words(names, rows, pieces, config)
    if not names and not many and config.condition.max_regimes > 1 and len(rows.channels) > 1:
        standing, said = stands_or_runs(pieces, rows, config, seed)
        return standing, (said,)
    columns, most = tuple(map(rows.channels.index, names)), config.condition.max_regimes
    found = learn_regimes(
        pieces,
        columns,
        most=most,
        settle=config.condition.settle,
        smooth=min(config.condition.median, 5),
        seed=seed,
        words=tuple(rows.units[column] == CODE for column in columns),
    )
    told = ", ".join(names)
    if found is None or not _changes(found, courses):
        # levels that no machine ever changes between are differences of machines, not regimes
        alone = (f"one way of running: {told} shows no others",) if told and most > 1 else ()
        return None, (*many, *alone)
    return found, (*many, f"{len(found.centres)} operating regimes, told by {told}")


def _of_few_words(
    names: tuple[str, ...], rows: RowSpec, pieces: Sequence[Floats], config: Config
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Causes without those in words of which there are too many for regimes, and what is said of these."""
    most = config.condition.max_regimes
    words = [name for name in names if rows.units[rows.channels.index(name)] == CODE]
    many = {}
    for name in words:
        values = np.concatenate([p[:, rows.channels.index(name)] for p in pieces])
        many[name] = len(np.unique(values[np.isfinite(values)]))
    many = {name: count for name, count in many.items() if count > most}
    said = tuple(
        f"{name} has {count} values, and {most} regimes are learnt at most: it tells none; "
        "model.condition.max_regimes takes up to 20"
        for name, count in many.items()
    )
    return tuple(name for name in names if name not in many), said


def _changes(regimes: RegimeSpec, courses: Sequence[Course]) -> bool:
    """Whether a machine changes between regimes, within a stretch or from one to another."""
    seen: dict[str, set[int]] = {}
    for asset, raw in courses:
        seen.setdefault(asset, set()).update(regimes.assign(raw).tolist())
    return any(len(found - {UNKNOWN, UNSETTLED}) > 1 for found in seen.values())
