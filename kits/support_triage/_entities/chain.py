"""A linear chain of tags: the best path through it, and how sure each tag is. Arithmetic only; tag 0 is nothing.

Emissions are logarithms, shape (tokens, tags); steps say which tag may follow which, shape (tags, tags). A chain begins
after nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_SEEN = 6
"""Tokens around a span that its probability depends on; what is further away changes it by less than 0.0001."""
_SCALED_EVERY = 4
"""Tokens after which a recursion is scaled: seldom enough to be quick, often enough for doubles."""


def sure_around(path: Sequence[int], emissions: Floats, steps: Floats) -> Floats:
    """Probabilities of tags at the spans of a path, shape (tokens, tags); what is far from them is left at 0."""
    sure = np.zeros_like(emissions)
    spans = [at for at, tag in enumerate(path) if tag]
    first = spans[0]
    for at, following in zip(spans, [*spans[1:], len(path) + 2 * _SEEN], strict=True):
        if following - at > 2 * _SEEN:
            begin, end = max(0, first - _SEEN), at + 1 + _SEEN
            sure[begin:end] = marginals(emissions[begin:end], steps)
            first = following
    return sure


def best_path(emissions: Floats, steps: Floats) -> list[int]:
    """The most likely tags (Viterbi 1967), searched only where they may be more than nothing."""
    path = [0] * len(emissions)
    for first, last in _possible(emissions, steps):
        path[first:last] = _searched(emissions[first:last], steps, ends=last == len(emissions))
    return path


def _possible(emissions: Floats, steps: Floats) -> Iterator[tuple[int, int]]:
    """Runs of tokens outside which no span can be part of a best path.

    A span gains at most what its tokens prefer to nothing, and the best step that is not from nothing to nothing for
    each of its steps. A token through which no run of tokens gains is left out.
    """
    step = float(max(steps[0, 1:].max(), steps[1:].max()) - steps[0, 0])
    gains = (emissions[:, 1:].max(axis=1) - emissions[:, 0] + step).tolist()
    to_here, from_here = _best_sums(gains), _best_sums(gains[::-1])[::-1]
    leaving = max(step, 0.0)
    first = -1
    for at, gain in enumerate(gains):
        if to_here[at] + from_here[at] - gain + leaving > 0:
            first = at if first < 0 else first
        elif first >= 0:
            yield first, at
            first = -1
    if first >= 0:
        yield first, len(gains)


def _best_sums(gains: Sequence[float]) -> list[float]:
    """The largest sum of a run that ends at each place (Kadane's recursion)."""
    sums, before = [], 0.0
    for gain in gains:
        before = gain + max(before, 0.0)
        sums.append(before)
    return sums


def _searched(emissions: Floats, steps: Floats, *, ends: bool) -> list[int]:
    """The most likely tags between two tokens that are nothing; `ends`: a line's end instead of the second."""
    score = emissions[0] + steps[0]
    back: list[NDArray[np.intp]] = []
    places = np.arange(len(score))
    for row in emissions[1:]:
        ways = score[:, None] + steps
        origin = ways.argmax(axis=0)
        back.append(origin)
        score = ways[origin, places] + row
    path = [int((score if ends else score + steps[:, 0]).argmax())]
    for origin in reversed(back):
        path.append(int(origin[path[-1]]))
    return path[::-1]


def marginals(emissions: Floats, steps: Floats) -> Floats:
    """Probability of each tag at each token, by the forward-backward recursions, scaled every few tokens."""
    emitted = np.exp(emissions - emissions.max(axis=1, keepdims=True))
    moved = np.exp(steps - steps.max())
    forward, backward = np.empty_like(emitted), np.ones_like(emitted)
    np.multiply(emitted[0], moved[0], out=forward[0])
    for at in range(1, len(emitted)):
        np.multiply(forward[at - 1] @ moved, emitted[at], out=forward[at])
        if not at % _SCALED_EVERY:
            forward[at] /= forward[at].sum()
    for at in range(len(emitted) - 2, -1, -1):
        np.dot(moved, backward[at + 1] * emitted[at + 1], out=backward[at])
        if not at % _SCALED_EVERY:
            backward[at] /= backward[at].sum()
    both = forward * backward
    result: Floats = both / both.sum(axis=1, keepdims=True)
    return result
