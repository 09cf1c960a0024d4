"""Learns the linear-chain model that `tagger` runs: maximum likelihood with a quadratic penalty, by L-BFGS.

Conditional random field (Lafferty, McCallum & Pereira 2001; trained as in Okazaki 2007). The optimum is unique, so there
is no seed. Needs scipy; never imported on a device.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kits.support_triage._entities.spec import TaggerSpec
from kits.support_triage._entities.tagger import FORBIDDEN
from kits.support_triage._entities.tokens import (
    PAD,
    REACH,
    Token,
    feature_id,
    is_mark,
    pair_features,
    tags,
    token_features,
)

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
MAX_FEATURES = 40_000
"""Features kept in a bundle: the heaviest."""
_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Marked:
    """One line with its tags.

    Attributes:
        tags: numbers of tags, one a token.
        masked: tokens that are to look as if their words had never been seen.
    """

    tokens: Sequence[Token]
    tags: Sequence[int]
    masked: frozenset[int] = frozenset()


def line_features(line: Marked) -> list[list[int]]:
    """Ids of the features of each token of a line, as `tagger.Tagger.emissions` adds them up."""
    size = len(line.tokens)
    keys = [PAD] * REACH + [token.key for token in line.tokens] + [PAD] * REACH
    hidden = {place + REACH for place in line.masked}
    rows: list[list[int]] = [[] for _ in range(size)]
    said = [""] * REACH + [token.hint for token in line.tokens] + [""] * REACH
    for place, key in enumerate(keys):
        for offset, feature in token_features(key, said[place], masked=place in hidden):
            seen_by = place - REACH - offset
            if 0 <= seen_by < size:
                rows[seen_by].append(feature_id(offset, feature))
    glued = [False] * (REACH + 1) + [token.glued for token in line.tokens[1:]] + [False] * REACH
    for place in range(1, len(keys)):
        if place in hidden or place - 1 in hidden:
            continue
        for offset, feature in pair_features(keys[place - 1], keys[place], glued[place]):
            seen_by = place - REACH - offset
            if 0 <= seen_by < size:
                rows[seen_by].append(feature_id(offset, feature))
    return rows


def learn_tagger(
    lines: Sequence[Marked],
    kinds: Sequence[str],
    *,
    penalty: float = 0.5,
    least: int = 2,
) -> TaggerSpec:
    """The model of marked lines.

    Args:
        lines: with tags as `tokens.tags(kinds)` numbers them.
        kinds: what is marked.
        penalty: weight of the squared weights.
        least: how often a feature must occur to be learned.
    """
    from scipy.optimize import minimize

    width = len(tags(kinds))
    problem = _Problem.of(lines, width, least)
    start = np.zeros(problem.size)
    best = minimize(
        lambda weights: problem.loss(weights, penalty),
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _ROUNDS, "ftol": 1e-6},
    )
    emitted, steps = problem.split(np.asarray(best.x, dtype=np.float64))
    ids, packed, scale = _packed(problem.ids, emitted)
    return TaggerSpec(
        kinds=tuple(kinds),
        edges=tuple(_edges(lines, 1 + 2 * at) for at in range(len(kinds))),
        features=ids,
        weights=packed,
        scale=scale,
        transitions=tuple(
            tuple(round(float(v), 5) for v in row) for row in steps + problem.allowed
        ),
    )


def _edges(lines: Sequence[Marked], begin: int) -> str:
    """Marks with which values of a kind began or ended; `begin` is the number of the kind's first tag."""
    seen: set[str] = set()
    for line in lines:
        for at, tag in enumerate(line.tags):
            follows = at + 1 < len(line.tags) and line.tags[at + 1] == begin + 1
            if tag == begin or (tag == begin + 1 and not follows):
                seen.add(line.tokens[at].key)
    return "".join(sorted(key for key in seen if is_mark(key)))


def _packed(ids: NDArray[np.uint32], emitted: Floats) -> tuple[str, str, float]:
    """Features and weights in base64 and what a weight of 1 stands for: the heaviest, in eight bits."""
    weight = np.abs(emitted).max(axis=1)
    keep = np.sort(np.argsort(-weight, kind="stable")[:MAX_FEATURES])
    keep = keep[weight[keep] > 0]
    scale = float(weight.max() / 127) if weight.size and weight.max() > 0 else 1.0
    small = np.round(emitted[keep] / scale).astype(np.int8)
    told = np.abs(small).max(axis=1) > 0 if len(keep) else np.zeros(0, dtype=bool)
    names = base64.b64encode(ids[keep][told].astype("<u4").tobytes()).decode()
    return names, base64.b64encode(small[told].tobytes()).decode(), scale


def allowed_steps(width: int) -> Floats:
    """0 where a tag may follow another, `FORBIDDEN` where the inside of a span would have no beginning."""
    steps = np.zeros((width, width))
    for inside in range(2, width, 2):
        steps[:, inside] = FORBIDDEN
        steps[inside - 1, inside] = steps[inside, inside] = 0.0
    return steps


@dataclass(frozen=True)
class _Problem:
    """All lines side by side, longest first: at each step only the lines that are that long are looked at."""

    width: int
    ids: NDArray[np.uint32]
    matrix: csr_matrix
    gold: NDArray[np.intp]
    lengths: NDArray[np.intp]
    starts: NDArray[np.intp]
    allowed: Floats
    gold_steps: Floats
    gold_emitted: Floats

    @property
    def size(self) -> int:
        return len(self.ids) * self.width + self.width * self.width

    def split(self, weights: Floats) -> tuple[Floats, Floats]:
        cut = len(self.ids) * self.width
        return weights[:cut].reshape(-1, self.width), weights[cut:].reshape(self.width, self.width)

    @classmethod
    def of(cls, lines: Sequence[Marked], width: int, least: int) -> _Problem:
        from scipy.sparse import csr_matrix

        ordered = sorted(lines, key=lambda line: -len(line.tokens))
        sizes: list[int] = []
        pieces: list[NDArray[np.uint32]] = []
        for line in ordered:
            features = line_features(line)
            sizes += [len(row) for row in features]
            pieces.append(np.asarray([i for row in features for i in row], dtype=np.uint32))
        flat = np.concatenate(pieces)
        ids, place, counts = np.unique(flat, return_inverse=True, return_counts=True)
        kept = counts >= least
        column = np.where(kept, np.cumsum(kept) - 1, -1)[place]
        row_of = np.repeat(np.arange(len(sizes)), sizes)
        there = column >= 0
        matrix = csr_matrix(
            (np.ones(int(there.sum())), (row_of[there], column[there])),
            shape=(len(sizes), int(kept.sum())),
        )
        gold = np.asarray([tag for line in ordered for tag in line.tags], dtype=np.intp)
        lengths = np.asarray([len(line.tokens) for line in ordered], dtype=np.intp)
        steps = np.zeros((width, width))
        for line in ordered:
            before = 0
            for tag in line.tags:
                steps[before, tag] += 1
                before = tag
        told = np.zeros((len(sizes), width))
        told[np.arange(len(sizes)), gold] = 1.0
        return cls(
            width=width,
            ids=ids[kept],
            matrix=matrix,
            gold=gold,
            lengths=lengths,
            starts=np.concatenate(([0], np.cumsum(lengths)[:-1])),
            allowed=allowed_steps(width),
            gold_steps=steps,
            gold_emitted=matrix.T @ told,
        )

    def loss(self, weights: Floats, penalty: float) -> tuple[float, Floats]:
        """Negative log likelihood with its penalty, and the gradient."""
        emitted, steps = self.split(weights)
        scores = self.matrix @ emitted
        log_z, expected, expected_steps = self._expected(scores, steps + self.allowed)
        right = float(scores[np.arange(len(self.gold)), self.gold].sum())
        right += float((self.gold_steps * steps).sum())
        gradient = np.concatenate(
            [
                (self.matrix.T @ expected - self.gold_emitted).ravel(),
                (expected_steps - self.gold_steps).ravel(),
            ]
        )
        loss = log_z - right + penalty / 2 * float(weights @ weights)
        return loss, gradient + penalty * weights

    def _expected(self, scores: Floats, steps: Floats) -> tuple[float, Floats, Floats]:
        """Log of the partition function, expected tags of each token, expected steps; scaled recursions."""
        top = scores.max(axis=1, keepdims=True)
        emitted = np.exp(scores - top)
        moved = np.exp(steps)
        forward = np.empty_like(emitted)
        log_z = float(top.sum())
        longest = int(self.lengths[0])
        active = [int((self.lengths > at).sum()) for at in range(longest)]
        scales = np.empty(len(scores))
        for at in range(longest):
            rows = self.starts[: active[at]] + at
            before = (
                np.broadcast_to(moved[0], (len(rows), self.width))
                if at == 0
                else (forward[rows - 1] @ moved)
            )
            values = before * emitted[rows]
            scales[rows] = values.sum(axis=1)
            forward[rows] = values / scales[rows, None]
        log_z += float(np.log(scales).sum())
        backward = np.ones_like(emitted)
        pairs = np.zeros((self.width, self.width))
        for at in range(longest - 1, 0, -1):
            rows = self.starts[: active[at]] + at
            ahead = backward[rows] * emitted[rows] / scales[rows, None]
            pairs += forward[rows - 1].T @ ahead
            backward[rows - 1] = ahead @ moved.T
        expected = forward * backward
        expected_steps = pairs * moved
        expected_steps[0] += expected[self.starts].sum(axis=0)
        return log_z, expected, expected_steps
