"""Fixed convolution kernels of the MiniRocket family: many cheap answers to "does this shape occur", for small models.

It is responsible for the 84 kernels, for dilations and biases learned from training windows, and for the transform.
It is not responsible for the linear model that goes with it. Kernels are fixed; the only chance is which training
window a bias is read from, and that follows from the seed, so a transform is the same wherever it is computed.

Source: Dempster, Schmidt & Webb 2021, MiniRocket: a very fast (almost) deterministic transform for time series
classification. One channel, PPV (share of positive values) as the only figure, padding on every second kernel.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.spectrum import Floats

LENGTH = 9
KERNELS: tuple[tuple[int, int, int], ...] = tuple(combinations(range(LENGTH), 3))
"""Places of the three weights of 2 in each of the 84 kernels; the other six weights are -1, so they sum to 0."""
_GOLDEN = (5**0.5 + 1) / 2
_MOST_DILATIONS = 32


class KernelSpec(BaseModel):
    """A fitted transform. Part of a bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    samples: int = Field(ge=LENGTH, description="readings per window")
    dilations: tuple[int, ...] = Field(description="distance of a kernel's weights in readings")
    per_dilation: tuple[int, ...] = Field(description="biases of each kernel at each dilation")
    biases: tuple[float, ...] = Field(description="by dilation, then kernel, then bias")

    @property
    def features(self) -> int:
        """Columns of `transform_kernels`."""
        return len(KERNELS) * sum(self.per_dilation)


def fit_kernels(windows: Floats, features: int, seed: int) -> KernelSpec:
    """Dilations from the length, biases from quantiles of what the kernels make of training windows.

    Args:
        windows: (n, samples).
        features: about how many columns are wanted; rounded down to a multiple of 84, at least 84.

    Raises:
        DataError: windows shorter than a kernel, none, or one that is not finite.
    """
    if windows.ndim != 2 or not len(windows) or windows.shape[1] < LENGTH:
        raise DataError(
            f"windows of shape {windows.shape} are too few or too short for kernels of 9"
        )
    if not np.isfinite(windows).all():
        raise DataError(
            "kernels cannot be fitted to missing readings", fix="leave such windows out"
        )
    dilations, counts = _dilations(windows.shape[1], max(features // len(KERNELS), 1))
    # quantiles on a sequence that fills the unit interval evenly, as in the paper
    quantiles = (np.arange(1, len(KERNELS) * sum(counts) + 1) * _GOLDEN) % 1.0
    rng = np.random.default_rng(seed)
    biases: list[float] = []
    for dilation, count in zip(dilations, counts):
        chosen = windows[rng.integers(0, len(windows), len(KERNELS))]
        for number in range(len(KERNELS)):
            answer = _convolved(chosen[number : number + 1], dilation, KERNELS[number : number + 1])
            at = len(biases)
            found = np.quantile(answer.ravel(), quantiles[at : at + count])
            biases += [float(value) for value in found.astype(np.float32)]
    return KernelSpec(
        samples=windows.shape[1], dilations=dilations, per_dilation=counts, biases=tuple(biases)
    )


def transform_kernels(windows: Floats, spec: KernelSpec) -> Floats:
    """(n, features) share of readings where a kernel's answer is above its bias; 0 to 1, no unit.

    A window with a reading that is not a number has features that are not numbers.

    Raises:
        DataError: windows of another length than those of the fit.
    """
    if windows.ndim != 2 or windows.shape[1] != spec.samples:
        raise DataError(f"windows of {windows.shape[-1]} readings, kernels for {spec.samples}")
    features = np.empty((len(windows), spec.features), np.float32)
    biases = np.asarray(spec.biases, np.float32)
    for row in range(len(windows)):
        features[row] = _row(windows[row : row + 1].astype(np.float32, copy=False), spec, biases)
    return features


def _row(window: Floats, spec: KernelSpec, biases: Floats) -> Floats:
    if not np.isfinite(window).all():
        return np.full(spec.features, np.nan, np.float32)
    shares: list[Floats] = []
    start = 0
    for order, (dilation, count) in enumerate(zip(spec.dilations, spec.per_dilation)):
        size = len(KERNELS) * count
        limits = biases[start : start + size].reshape(len(KERNELS), count)
        start += size
        answers = _convolved(window, dilation)[:, 0]
        found = np.empty((len(KERNELS), count), np.float32)
        # every second kernel looks at whole overlaps only, so that the edges decide half of them
        padded = (np.arange(len(KERNELS)) + order) % 2 == 0
        edge = dilation * (LENGTH // 2)
        for half, piece in ((padded, slice(None)), (~padded, slice(edge, -edge))):
            looked_at = answers[half, piece]
            for bias in range(count):
                found[half, bias] = _share_above(looked_at, limits[half, bias])
        shares.append(found.ravel())
    return np.concatenate(shares).astype(np.float32, copy=False)


def _convolved(
    windows: Floats, dilation: int, kernels: tuple[tuple[int, int, int], ...] = KERNELS
) -> Floats:
    """(kernels, n, samples) answers, zero-padded.

    Weights are -1 and 2 = -1 + 3, so one sum of all nine shifts and three shifts more make every kernel.
    """
    count, samples = windows.shape
    shifted = np.zeros((LENGTH, count, samples), np.float32)
    for place in range(LENGTH):
        move = (place - LENGTH // 2) * dilation
        if abs(move) >= samples:
            continue
        into = slice(max(-move, 0), samples - max(move, 0))
        out_of = slice(max(move, 0), samples - max(-move, 0))
        shifted[place][:, into] = windows[:, out_of]
    total = shifted.sum(axis=0)
    shifted *= np.float32(3)
    answers = np.empty((len(kernels), count, samples), np.float32)
    pairs: dict[tuple[int, int], Floats] = {}
    for number, (a, b, c) in enumerate(kernels):
        if (a, b) not in pairs:
            pairs[a, b] = shifted[a] + shifted[b] - total
        np.add(pairs[a, b], shifted[c], out=answers[number])
    return answers


def _share_above(answers: Floats, limits: Floats) -> Floats:
    """(m,) share of each row's answers above its limit; counting bits is five times faster than counting flags."""
    bits = np.packbits(answers > limits[:, None], axis=1)
    counts = np.bitwise_count(bits).sum(axis=1, dtype=np.int64)
    shares: Floats = (counts / answers.shape[1]).astype(np.float32)
    return shares


@lru_cache(maxsize=8)
def _dilations(samples: int, per_kernel: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Dilations from 1 to what the length allows, evenly in their logarithm, and biases for each."""
    exponents = np.log2((samples - 1) / (LENGTH - 1))
    wanted = min(per_kernel, _MOST_DILATIONS)
    raw = np.floor(2 ** np.linspace(0, max(exponents, 0), wanted)).astype(int)
    dilations, repeats = np.unique(raw, return_counts=True)
    counts = (repeats * (per_kernel / wanted)).astype(int)
    left = per_kernel - int(counts.sum())
    for place in range(left):
        counts[place % counts.size] += 1
    return tuple(int(d) for d in dilations), tuple(int(c) for c in counts)
