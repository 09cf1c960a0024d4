"""Operating regimes: speed, load, idle, start-up; found in normal running, and recognised on the device.

It is responsible for which regime each reading belongs to, for readings right after a change (not judged) and
for regimes never seen (said, not alarmed). What is normal within a regime is the model's own.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Floats = NDArray[np.float64]
_CAUSES = re.compile(
    r"speed|rpm|load|set.?point|setting|mode|state|recipe|frequency|throttle|command|cmd|duty|strokes?(?![a-z])"
    r"|drehzahl|geschwindigkeit|hubzahl|hübe|taktzahl|sollwert|betriebsart|rezept|frequenz|auslastung"
    r"|belastung|last$|vitesse|cadence|consigne|recette|fr[eé]quence|taux de charge|velocidad"
    r"|cadencia|consigna|receta|frecuencia|carga$|velocit[aà]|cadenza|ricetta|frequenza|carico"
    r"|(?<!over)run(?:ning)?$|run.?(?:status|flag|signal)|on.?off$|(?:is|machine|motor|pump|fan|power).?on$|operating$|in.?operation$"
    r"|producing$|idle$|l(?:ä|ae)uft$|betrieb$|ein.?aus$|eingeschaltet$|(?:en|in).?mar(?:che|cha|cia)$|en.?service$|in.?funzione$",
    re.I,
)
"""Names of what people set, and of whether the machine runs. What follows from it, a flow or a current, also follows from a fault: a regime told by
those would explain the fault away."""
_VIBRATION = re.compile(r"schwing|vibra(?!tor)", re.I)
"""Always follows from how a machine runs; its velocity is called as that of a belt is."""
_MADE = re.compile(
    r"product|produkt|artikel|article|program|material|sorte|grade|varian|werkzeug|tool|mou?ld|produit|programme|outil|mati[eè]re"
    r"|producto|programa|prodotto|programma|stampo",
    re.I,
)
"""Names of what is made, and with what: where such a column holds words it is a cause, too."""
Ints = NDArray[np.intp]
UNKNOWN = -1
UNSETTLED = -2
_LEVEL_ROWS = 100
"""Of a level, at least: fewer teach nothing."""
_OF_LEVELS = 0.95
"""Share of rows at such levels from which on a cause has levels and nothing else."""
_WIDE = 2.0
"""Steps: readings of a level lie no further apart."""
_WORD = 1.0
"""Numbers of words are whole, and windows keep them to half of one."""
_STEP = 1.6e-5
"""Of the range of a channel: windows keep readings in 65,534 steps."""


class RegimeSpec(BaseModel):
    """Centres of the regimes in the channels that tell them. Part of a bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: tuple[int, ...] = Field(description="columns of a row that tell the regime")
    centre: tuple[float, ...] = Field(description="median of each of those columns")
    scale: tuple[float, ...] = Field(description="spread of each of those columns")
    centres: tuple[tuple[float, ...], ...] = Field(description="scaled, one per regime")
    radius: tuple[float, ...] = Field(description="scaled distance within which it is that regime")
    settle: int = Field(0, ge=0, description="rows after a change that are not judged")
    smooth: int = Field(1, ge=1, description="rows whose median tells the regime")

    def assign(self, values: Floats) -> Ints:
        """(rows,) regime of each row; `UNKNOWN` far from all, `UNSETTLED` right after a change."""
        near, distance = self._nearest(values)
        found = np.where(distance <= np.array(self.radius)[near], near, UNKNOWN).astype(np.intp)
        if self.settle:
            found[self._changing(found)] = UNSETTLED
        return found

    def nearest(self, values: Floats) -> Ints:
        """(rows,) the nearest regime of each row, however far it is."""
        return self._nearest(values)[0]

    def _nearest(self, values: Floats) -> tuple[Ints, Floats]:
        scaled = (values[:, list(self.columns)] - np.array(self.centre)) / np.array(self.scale)
        scaled = rolling_median(scaled, self.smooth)
        gaps = np.linalg.norm(scaled[:, None] - np.array(self.centres)[None], axis=2)
        near = np.argmin(np.where(np.isfinite(gaps), gaps, np.inf), axis=1)
        distance = gaps[np.arange(len(gaps)), near]
        return near, np.where(np.isfinite(distance), distance, np.inf)

    def _changing(self, found: Ints) -> NDArray[np.bool_]:
        changed = np.flatnonzero(np.diff(found) != 0) + 1
        mask = np.zeros(found.size, np.bool_)
        # before the first reading nothing was recorded: the machine may just have been switched on
        for place in (0, *changed):
            mask[place : place + self.settle] = True
        return mask


def rolling_median(values: Floats, width: int) -> Floats:
    """Median over the last `width` rows of (rows, columns) or (rows,), over fewer at the start.

    A value that is not a number counts only where there is nothing else.
    """
    if width <= 1 or not len(values):
        return values
    head = np.full((width - 1, *values.shape[1:]), np.nan)
    view = np.lib.stride_tricks.sliding_window_view(np.concatenate([head, values]), width, axis=0)
    known = np.isfinite(view).any(axis=-1)
    result = np.full(values.shape, np.nan)
    result[known] = np.nanmedian(view[known], axis=-1)
    return result


def tells_regime(channel: str, *, words: bool = False) -> bool:
    """Whether a channel's name says that it is a cause of how the machine runs, not an effect.

    Args:
        words: it was made of words, which people wrote and no sensor did.
    """
    cause = _CAUSES.search(channel) or (words and _MADE.search(channel))
    return bool(cause) and _VIBRATION.search(channel) is None


def learn_regimes(
    pieces: list[Floats],
    columns: tuple[int, ...],
    *,
    most: int,
    settle: int,
    smooth: int,
    seed: int,
    words: tuple[bool, ...] = (),
) -> RegimeSpec | None:
    """Regimes of normal running, or None when one is enough.

    Levels where the cause has a few and nothing else, as recipes and programmes have; what is between their numbers says
    nothing. Else k-means (Lloyd 1982, k-means++ starts) on the medians; as many as cut the mean squared distance to a quarter
    of what it would be without that one, so that the noise of one state is never taken for two.

    Args:
        pieces: (rows, all columns) of uninterrupted stretches.
        words: by column, whether its numbers stand for words: another number is another word, however near.
    """
    if most < 2 or not columns:
        return None
    values = np.vstack([rolling_median(piece[:, list(columns)], smooth) for piece in pieces])
    values = values[np.isfinite(values).all(axis=1)]
    if len(values) < 50 * most and len(values) < 100:
        return None
    centre, spread = np.median(values, axis=0), values.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    scaled = (values - centre) / scale
    thinned = scaled[:: max(len(scaled) // 4000, 1)]
    levels = _levels(np.vstack([piece[:, list(columns)] for piece in pieces]), scale, most)
    if levels is not None:
        if any(words):
            scale = np.where(words, 1.0, scale)
            levels = levels[0], [_WORD] * len(levels[0])
        centres, radius = (levels[0] - centre) / scale, levels[1]
    else:
        centres = _best(thinned, most, np.random.default_rng(seed))
        if len(centres) < 2:
            return None
        radius = _around(scaled, centres)
    return RegimeSpec(
        columns=columns,
        centre=tuple(map(float, centre)),
        scale=tuple(map(float, scale)),
        centres=tuple(tuple(map(float, row)) for row in centres),
        radius=tuple(radius),
        settle=settle,
        smooth=smooth,
    )


def _around(scaled: Floats, centres: Floats) -> list[float]:
    """How far the rows of each regime lie from its centre, and half as much again."""
    gaps = np.linalg.norm(scaled[:, None] - centres[None], axis=2)
    near = gaps.argmin(axis=1)
    nearest = gaps[np.arange(len(gaps)), near]
    return [1.5 * float(np.quantile(nearest[near == k], 0.999)) + 0.05 for k in range(len(centres))]


def _levels(values: Floats, scale: Floats, most: int) -> tuple[Floats, list[float]] | None:
    """(levels, columns) what causes of a few levels stand at, and a quarter of the way to the next one; None: they are no such."""
    values = values[np.isfinite(values).all(axis=1)]
    columns = [level for column in values.T if (level := _snapped(column)) is not None]
    if len(columns) < values.shape[1]:
        return None
    found, counts = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    often = np.sort(np.argsort(-counts, kind="stable")[:most])
    often = often[counts[often] >= _LEVEL_ROWS]
    if len(often) < 2 or counts[often].sum() < _OF_LEVELS * len(values):
        return None
    gaps = np.linalg.norm((found[often][:, None] - found[None]) / scale, axis=2)
    return found[often], [0.25 * float(row[row > 0].min()) for row in gaps]


def _snapped(values: Floats) -> Floats | None:
    """Readings that differ by no more than the step in which windows keep them are one value; None: they have no levels."""
    known, place = np.unique(values, return_inverse=True)
    step = _STEP * (known[-1] - known[0])
    first = np.concatenate([[True], np.diff(known) > step])
    starts = np.flatnonzero(first)
    ends = np.append(starts[1:], known.size) - 1
    if (known[ends] - known[starts] > _WIDE * step).any():
        return None  # what is measured lies close by close over all its noise
    result: Floats = known[first][np.cumsum(first) - 1][place]
    return result


def _best(values: Floats, most: int, rng: np.random.Generator) -> Floats:
    best: Floats = np.asarray(values.mean(axis=0, keepdims=True), np.float64)
    cost = float((values**2).sum(axis=1).mean())
    for count in range(2, most + 1):
        centres, left = _lloyd(values, count, rng)
        if left > 0.25 * cost:
            # one more may pay where two are needed to part what is nested
            wider, further = _lloyd(values, count + 1, rng)
            if count == most or further > 0.12 * cost:
                break
            centres, left = wider, further
        best, cost = centres, left
        if cost < 1e-6:
            break
    return best


def _lloyd(values: Floats, count: int, rng: np.random.Generator) -> tuple[Floats, float]:
    found: tuple[Floats, float] | None = None
    for _ in range(4):
        centres = _starts(values, count, rng)
        for _ in range(40):
            near = ((values[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
            moved = np.stack(
                [
                    values[near == k].mean(axis=0) if (near == k).any() else centres[k]
                    for k in range(count)
                ]
            )
            if np.allclose(moved, centres):
                break
            centres = moved
        cost = float(((values[:, None] - centres[None]) ** 2).sum(axis=2).min(axis=1).mean())
        if found is None or cost < found[1]:
            found = centres, cost
    assert found is not None
    return found


def _starts(values: Floats, count: int, rng: np.random.Generator) -> Floats:
    centres = [values[rng.integers(len(values))]]
    while len(centres) < count:
        gaps = ((values[:, None] - np.stack(centres)[None]) ** 2).sum(axis=2).min(axis=1)
        total = gaps.sum()
        chosen = rng.choice(len(values), p=gaps / total) if total > 0 else rng.integers(len(values))
        centres.append(values[chosen])
    return np.stack(centres)
