"""What a bearing's vibration says before anything was learned: outer ring, inner ring, ball, cage or nothing.

It is responsible for one rule of physics on one recording at a known speed, with its evidence in figures and words.
It is not responsible for an alarm: a hypothesis is a reason to look, beside a score that was calibrated on this
machine. It has no parameter that was fitted to faults.

The recording is cut into overlapping segments of some twenty turns, long enough to tell cage from shaft; each is
pre-whitened, so that a resonance does not decide; the squared envelope spectra of several bands are averaged over the
segments. A fault is a comb of harmonics of one frequency near its order. How far it stands out is compared with what
orders that are no multiples of each other reach by chance, in the same spectra: that is the evidence.

Source: Randall & Antoni 2011, Rolling element bearing diagnostics; Borghesani et al. 2013 (pre-whitening);
Smith & Randall 2015 (what is and is not diagnosable in the CWRU recordings).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.bearings import BearingOrders
from kits.predictive_maintenance._signals.envelope import SLIP, envelope, parts_hz
from kits.predictive_maintenance._signals.kurtogram import best_band
from kits.predictive_maintenance._signals.spectrum import FLOOR, Floats, prewhiten, transform

Fault = Literal["outer", "inner", "ball", "cage", "none"]
LEAST_EVIDENCE = 3.5
"""Robust standard deviations above chance; noise reaches it in less than one of a thousand windows."""
_CORROBORATION = 2.0
_TURNS, _CAGE_TURNS = 20, 80
_LEAST_TURNS = 4
_HARMONICS = 3
_SLIPS = 13
_BELOW, _ABOVE = 0.64, 1.35
"""Chance is looked for at orders around those of the bearing: from this share of the lowest to that of the highest."""
_PLACEBOS = 400
_BATCH_READINGS = 1 << 18
_RINGS: tuple[Fault, ...] = ("outer", "inner", "ball")
_WORDS: Mapping[Fault, str] = {
    "outer": "a damaged outer ring is passed by an element",
    "inner": "a damaged inner ring is passed by an element",
    "ball": "a damaged element strikes a ring",
    "cage": "the cage turns: a damaged cage, or an element on its way through the load",
}


@dataclass(frozen=True)
class FaultHypothesis:
    """What speaks for which fault of one bearing.

    Attributes:
        fault: the one that stands out most, or `none`.
        evidence: robust standard deviations above what chance reaches in the same spectra.
        text: a sentence for the person who looks at the machine.
        prominences: fault → mean log10 of its harmonics over the background; 0.5 is three times.
        evidences: fault → its evidence; all four are always there.
    """

    fault: Fault
    evidence: float
    text: str
    prominences: Mapping[Fault, float]
    evidences: Mapping[Fault, float]

    @property
    def strongest(self) -> Fault:
        """Outer, inner or ball, whichever is most prominent, even if none stands out."""
        return max(_RINGS, key=lambda fault: self.prominences[fault])


def fault_hypothesis(
    readings: Floats,
    rate_hz: float,
    speed_hz: float,
    orders: BearingOrders,
    *,
    own_band: bool = False,
) -> FaultHypothesis:
    """The hypothesis for one recording of one channel near one bearing.

    Args:
        readings: (samples,) acceleration in any unit, at constant speed; ten seconds are good, four turns the least.
        speed_hz: turns of the shaft per second.
        own_band: looks for impacts in the recording's most impulsive band too, where one is, beside three parts of
            the spectrum.

    Raises:
        DataError: no speed, too short, a reading missing, or a rate too low for the orders.
    """
    _check(readings, rate_hz, speed_hz, orders)
    bands = parts_hz(rate_hz)
    if own_band:
        found = best_band(readings, rate_hz)
        if found.is_impulsive:
            bands = (*bands, (found.low_hz, found.high_hz))
    listener = _Listener(readings, rate_hz, speed_hz, bands)
    struck: dict[Fault, float] = {
        "outer": orders.bpfo,
        "inner": orders.bpfi,
        "ball": 2 * orders.bsf,
        "cage": orders.ftf,
    }
    ring_orders = [struck[fault] for fault in _RINGS]
    heard = listener.stand_out(ring_orders, min(ring_orders), max(ring_orders), _TURNS)
    # the cage is so slow that only a longer look tells its harmonics from each other and from the shaft's
    heard += listener.stand_out([orders.ftf], orders.ftf, 2 * orders.ftf, _CAGE_TURNS)
    prominences: dict[Fault, float] = {fault: p for fault, (p, _) in zip(struck, heard)}
    evidences: dict[Fault, float] = {fault: e for fault, (_, e) in zip(struck, heard)}
    best = _named(prominences, evidences)
    evidence = max(evidences.values()) if best == "none" else evidences[best]
    text = _told(best, evidence, struck, speed_hz, prominences)
    return FaultHypothesis(best, evidence, text, prominences, evidences)


def _named(prominences: Mapping[Fault, float], evidences: Mapping[Fault, float]) -> Fault:
    best = max(_RINGS, key=lambda fault: prominences[fault])
    cage = evidences["cage"] >= LEAST_EVIDENCE
    # bpfo is a multiple of ftf: what strikes once a turn of the cage has a line there too, but not the reverse
    if best == "outer" and cage and prominences["cage"] >= prominences["outer"]:
        return "cage"
    # a damaged element goes through the load once a turn of the cage: both together speak for it, neither alone needs to
    carried = best == "ball" and cage and evidences["ball"] >= _CORROBORATION
    if evidences[best] >= LEAST_EVIDENCE or carried:
        return best
    return "cage" if cage else "none"


def _check(readings: Floats, rate_hz: float, speed_hz: float, orders: BearingOrders) -> None:
    if not speed_hz > 0 or not rate_hz > 0:
        raise DataError(
            "a fault hypothesis needs the shaft's speed and the rate",
            fix="give speed_rpm with the recording, or a fixed speed in the configuration",
        )
    if readings.ndim != 1 or readings.size < _LEAST_TURNS * rate_hz / speed_hz:
        raise DataError(
            f"{readings.size} readings are less than {_LEAST_TURNS} turns of the shaft",
            fix="record longer; ten seconds are good",
        )
    if not np.isfinite(readings).all():
        raise DataError("a recording with missing readings has no envelope", fix="leave it out")
    highest = max(orders.bpfi, 2 * orders.bsf) * speed_hz
    if rate_hz < 12 * highest:
        raise DataError(
            f"{rate_hz:g} readings per second are too few for impacts {highest:.3g} times a second",
            fix=f"record with at least {12 * highest:.0f} Hz",
        )


@dataclass(frozen=True)
class _Listener:
    """Looks at one recording with segments of different lengths."""

    readings: Floats
    rate_hz: float
    speed_hz: float
    bands_hz: tuple[tuple[float, float], ...]
    heard: dict[int, tuple[float, float, Floats]] = field(default_factory=dict)
    """Samples of a segment → highest order, order per bin, lines: a short window is cut the same way for all faults."""

    def stand_out(
        self, orders: Sequence[float], lowest: float, highest: float, turns: int
    ) -> list[tuple[float, float]]:
        """Prominence and evidence of each order's comb; chance is looked for from below `lowest` to above `highest`."""
        step, lines = self._lines(highest * _ABOVE * _HARMONICS * (1 + SLIP) + 1, turns)
        chance = _comb(lines, step, _chance(lowest * _BELOW, highest * _ABOVE))
        multiples = np.arange(1.0, _HARMONICS + 1)
        found = _comb(lines, step, np.asarray(orders)[:, None] * multiples)
        return [(float(p), _above(float(p), chance)) for p in found]

    def _lines(self, top_order: float, turns: int) -> tuple[float, Floats]:
        """Order per bin, and (bands, bins) log10 of the envelope lines over their background."""
        samples = 1 << int(np.ceil(np.log2(turns * self.rate_hz / self.speed_hz)))
        samples = min(samples, self.readings.size)
        known = self.heard.get(samples)
        if known is None or known[0] < top_order:
            known = self.heard[samples] = (top_order, *self._listened(top_order, samples))
        return known[1:]

    def _listened(self, top_order: float, samples: int) -> tuple[float, Floats]:
        segments = np.lib.stride_tricks.sliding_window_view(self.readings, samples)
        segments = segments[:: max(samples // 2, 1)]
        rows = max(_BATCH_READINGS // samples, 1)
        sums: list[Floats] = []
        step_hz = 0.0
        for start in range(0, len(segments), rows):
            piece = segments[start : start + rows].astype(np.float32)
            white = prewhiten(transform(piece, self.rate_hz))
            for number, (low, high) in enumerate(self.bands_hz):
                found = envelope(white, low, high, top_order * self.speed_hz, squared=True)
                step_hz = found.step_hz
                relative = found.spectrum / (found.background[:, None] + FLOOR)
                power = np.square(relative).sum(axis=0)
                if start == 0:
                    sums.append(power)
                else:
                    sums[number] += power
        mean = np.sqrt(np.stack(sums) / len(segments))
        return step_hz / self.speed_hz, np.log10(mean + FLOOR)


def _comb(lines: Floats, step: float, orders: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) how far combs of (m, harmonics) orders stand out: mean over bands and harmonics, best common slip.

    The harmonics of one fault slip together; looking for each by itself would find more where there is nothing.
    """
    slips = 1 + np.linspace(-SLIP, SLIP, _SLIPS)
    index = np.rint(orders[:, None, :] * slips[:, None] / step).astype(np.intp)
    index = np.clip(index, 1, lines.shape[1] - 2)
    # a line between two bins, or a slip between two tried, is seen one bin beside
    near = np.maximum(np.maximum(lines[:, :-2], lines[:, 1:-1]), lines[:, 2:])
    found: NDArray[np.float64] = near.mean(axis=0, dtype=np.float64)[index - 1].mean(-1).max(-1)
    return found


def _chance(low: float, high: float) -> NDArray[np.float64]:
    """(m, harmonics) orders that are not each other's multiples, spread as the harmonics between two orders are."""
    drawn = np.random.default_rng(0).uniform(low, high, (_PLACEBOS, _HARMONICS))
    return drawn * np.arange(1, _HARMONICS + 1)


def _above(prominence: float, placebo: NDArray[np.float64]) -> float:
    # the lower half alone: a real fault lifts the combs that share a harmonic with it, and they are no chance
    low, middle = np.percentile(placebo, [15.87, 50])
    return (prominence - float(middle)) / max(float(middle - low), 1e-3)


def _told(
    fault: Fault,
    evidence: float,
    orders: Mapping[Fault, float],
    speed_hz: float,
    prominences: Mapping[Fault, float],
) -> str:
    if fault == "none":
        return f"no bearing frequency stands out at {speed_hz * 60:.0f} rpm"
    return (
        f"impacts at {orders[fault] * speed_hz:.1f} Hz ({orders[fault]:.3f} per turn), "
        f"{10 ** prominences[fault]:.1f} times the background, {evidence:.0f} deviations beyond chance: "
        f"{_WORDS[fault]}"
    )
