"""The past of each asset as its device would have seen it: scores over time, sensors looked at first, known failures.

The same traces as on the device, laid one behind the other on one clock (`clock.py`, `pieces.py`). Alarms, cases and money are made of them
by `kit replay`; nothing is judged here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from kits.core.dataset import Dataset
from kits.core.errors import DataError
from kits.core.kit import EvaluateTask
from kits.core.prediction import Prediction
from kits.core.replay import Dial, KnownFailure, Replay, Track
from kits.predictive_maintenance._judging.clock import Clock, clock_of, in_order
from kits.predictive_maintenance._judging.condition import band_for as band_for_rate
from kits.predictive_maintenance._judging.life import band_for as band_for_lead
from kits.predictive_maintenance._judging.pieces import Piece, joined, piece_of, tail_before
from kits.predictive_maintenance._judging.unseen import told_of_unseen
from kits.predictive_maintenance._learning.recordings import (
    cut,
    load,
)
from kits.predictive_maintenance.runtime import MachineRuntime

_RATES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
_LEAD_SHARES = (0.4, 0.6, 0.8, 1.3, 1.6)


def replay(task: EvaluateTask) -> Replay:
    """Scores over time of every asset among the items.

    Raises:
        DataError: not one recording fits the bundle; what is said is the first one's trouble.
    """
    runtime = task.runtime
    assert isinstance(runtime, MachineRuntime)
    ordered = in_order(task)
    clock = clock_of(runtime, [fact for _, fact in ordered])
    tracks, troubles = [], []
    unseen: list[tuple[str, NDArray[np.bool_]]] = []
    task.progress.begin("replaying recordings", len(ordered))
    for asset, mine in groupby(ordered, key=lambda pair: pair[1].asset):
        pieces: list[Piece] = []
        for item, fact in mine:
            task.progress.advance()
            try:
                start_s = clock.start(fact, pieces[-1].end_s if pieces else 0.0)
                before = tail_before(pieces, fact, start_s, clock)
                pieces.append(piece_of(task.dataset, runtime, item, start_s, clock, before))
            except DataError as error:
                troubles.append(error)
        if pieces:
            tracks.append(_track(asset, task.dataset, runtime, pieces))
            unseen += [(asset, piece.unseen) for piece in pieces]
    task.progress.end()
    if not tracks and troubles:
        raise troubles[0]
    if not tracks:
        raise DataError("no recording to replay", fix="give recordings of one machine at least")
    notes = told_of_unseen(unseen)
    if troubles:
        notes.append(f"{len(troubles)} recordings were left out, the first: {troubles[0].what}")
    name, dials = _dials(runtime)
    return Replay(
        tuple(tracks),
        clock.unit,
        clock.timed,
        _horizon(runtime, clock),
        name,
        dials,
        tuple(notes),
    )


def _horizon(runtime: MachineRuntime, clock: Clock) -> float | None:
    """Beyond its cap a model of remaining life says only that there is no sign of wear."""
    spec = runtime.spec.remaining
    return None if spec is None else spec.cap * clock.life(spec.unit)


def _dials(runtime: MachineRuntime) -> tuple[str, tuple[Dial, ...]]:
    """Positions around the present one, which is among them."""
    now = runtime.band.act_at
    if runtime.spec.condition is not None:
        rates = _with(_RATES, 10**-now)
        return "false_alarms_per_month", tuple(Dial(rate, band_for_rate(rate)) for rate in rates)
    spec = runtime.spec.remaining
    if spec is not None and now < 0:
        leads = _with([-now * s for s in _LEAD_SHARES if -now * s < 0.95 * spec.cap], -now)
        name = f"alarm_lead_{spec.unit}"
        return name, tuple(Dial(lead, band_for_lead(lead, spec.cap)) for lead in leads)
    return "", ()


def _with(values: Sequence[float], now: float) -> list[float]:
    """Ascending, with the present one in the place of a value that is all but the same."""
    return sorted([*(v for v in values if not math.isclose(v, now, rel_tol=1e-3)), now])


def _track(asset: str, dataset: Dataset, runtime: MachineRuntime, pieces: Sequence[Piece]) -> Track:
    first_rows = np.cumsum([0, *(len(piece.at_s) for piece in pieces)])

    def predict(row: int) -> Prediction:
        number = int(np.searchsorted(first_rows, row, side="right")) - 1
        piece = pieces[number]
        window, _ = joined(piece.before, load(dataset, [piece.item])[0].window)
        seen = cut(window, 0, int(piece.ends[row - first_rows[number]]))
        return runtime.predict([seen])[0]

    return Track(
        asset=asset,
        at_s=np.maximum.accumulate(np.concatenate([piece.at_s for piece in pieces])),
        score=np.concatenate([piece.score for piece in pieces]),
        doubtful=np.concatenate([piece.doubtful for piece in pieces]),
        sensor_fault=np.concatenate([piece.sensor_fault for piece in pieces]),
        predict=predict,
        failures=tuple(
            sorted(
                [*_marked(pieces), *_labelled(asset, pieces)],
                key=lambda failure: failure.at_s,
            )
        ),
    )


def _marked(pieces: Sequence[Piece]) -> list[KnownFailure]:
    """Marked stretches; one that goes on where the next recording begins is one fault, however long nothing was recorded."""
    found: list[KnownFailure] = []
    end_s = math.nan
    for piece in pieces:
        for failure in piece.failures:
            before = found[-1] if found else None
            goes_on = (
                before is not None and before.at_s == end_s and failure.from_s == piece.start_s
            )
            if before is not None and goes_on and before.what == failure.what:
                found[-1] = replace(before, at_s=failure.at_s)
            else:
                found.append(failure)
        end_s = piece.end_s
    return found


def _labelled(asset: str, pieces: Sequence[Piece]) -> Iterator[KnownFailure]:
    """Recordings that are faulty from end to end; those that follow each other are one fault."""
    for label, run in groupby(pieces, key=lambda piece: piece.whole_label):
        mine = list(run)
        if label:
            start_s = float(mine[0].at_s[0]) if len(mine[0].at_s) else mine[0].end_s
            yield KnownFailure(asset, mine[-1].end_s, label, start_s)
