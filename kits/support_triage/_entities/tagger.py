"""A linear-chain model over tokens on the device: numpy only, weights in eight bits.

Conditional random field (Lafferty, McCallum & Pereira 2001): what each token and its neighbours say, plus which tag may
follow which. Learning is done in `crf`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kits.core.errors import BundleError
from kits.support_triage._entities.chain import best_path, sure_around
from kits.support_triage._entities.spec import TaggerSpec
from kits.support_triage._entities.text import Found, Text
from kits.support_triage._entities.tokens import (
    PAD,
    REACH,
    Token,
    feature_id,
    is_mark,
    pair_features,
    tags,
    token_features,
    tokenise,
)

Floats = NDArray[np.float64]
CERTAIN = 12.0
"""Where "nothing" leads by this much (nats) a token is left out, and the chain is cut there."""
_CACHED = 20_000
_PAIR_OFFSETS = 5
FORBIDDEN = -1e4


class Tagger:
    """Marks spans in a text. Safe to share between threads: its cache only ever gains whole entries.

    Args:
        spec: kinds, hashed features and weights.

    Raises:
        BundleError: the numbers in it do not fit together.
    """

    def __init__(self, spec: TaggerSpec) -> None:
        self.kinds = spec.kinds
        self._edges = spec.edges
        self._width = len(tags(spec.kinds))
        try:
            ids = np.frombuffer(base64.b64decode(spec.features, validate=True), dtype="<u4")
            weights = np.frombuffer(base64.b64decode(spec.weights, validate=True), dtype=np.int8)
            table = weights.reshape(len(ids), self._width).astype(np.float64) * spec.scale
            self._steps = np.asarray(spec.transitions, dtype=np.float64)
        except (ValueError, binascii.Error) as error:
            raise BundleError("the entity model in the bundle is damaged") from error
        if (
            len(spec.edges) != len(spec.kinds)
            or self._steps.shape != (self._width, self._width)
            or not np.isfinite(self._steps).all()
        ):
            raise BundleError("the entity model in the bundle is damaged: transitions")
        self._rows = dict(zip(ids.tolist(), range(len(ids)), strict=True))
        self._table = table
        self._tokens: dict[tuple[str, str], Floats] = {}
        self._pairs: dict[tuple[str, str, bool], Floats] = {}

    def find(self, text: Text, hints: Sequence[Found] = ()) -> Iterator[Found]:
        """The spans of the most likely tags of each line; confidence is the least sure token's.

        Args:
            hints: what rules found in `text`, in order and not overlapping.
        """
        for line in tokenise(text.raw, hints):
            emissions = self.emissions(line)
            for first, last in _unsure(emissions):
                yield from self._spans(line[first:last], emissions[first:last])

    def emissions(self, line: list[Token]) -> Floats:
        """What tokens and neighbours say of each tag, shape (tokens, tags)."""
        size = len(line)
        keys = [PAD] * REACH + [token.key for token in line] + [PAD] * REACH
        said = [""] * REACH + [token.hint for token in line] + [""] * REACH
        each = np.stack([self._of_token(*known) for known in zip(keys, said, strict=True)])
        total = np.zeros((size, self._width))
        for offset in range(-REACH, REACH + 1):
            # a token that stands `offset` to the right is seen from `offset` further left
            total += each[REACH + offset : REACH + offset + size, offset + REACH]
        glued = [False] * (REACH + 1) + [token.glued for token in line[1:]] + [False] * REACH
        pairs = np.stack(
            [self._of_pair(keys[at - 1], keys[at], glued[at]) for at in range(1, size + 2 * REACH)]
        )
        for offset in range(-2, 3):
            begin = REACH - 1 + offset
            total += pairs[begin : begin + size, offset + 2]
        return total

    def _of_token(self, key: str, hint: str) -> Floats:
        known = self._tokens.get((key, hint))
        if known is None:
            known = np.zeros((2 * REACH + 1, self._width))
            self._sum(known, REACH, token_features(key, hint))
            if len(self._tokens) < _CACHED:
                self._tokens[key, hint] = known
        return known

    def _of_pair(self, left: str, right: str, glued: bool) -> Floats:
        known = self._pairs.get((left, right, glued))
        if known is None:
            known = np.zeros((_PAIR_OFFSETS, self._width))
            self._sum(known, 2, pair_features(left, right, glued))
            if len(self._pairs) < _CACHED:
                self._pairs[left, right, glued] = known
        return known

    def _sum(self, into: Floats, middle: int, features: list[tuple[int, str]]) -> None:
        for offset, feature in features:
            row = self._rows.get(feature_id(offset, feature))
            if row is not None:
                into[offset + middle] += self._table[row]

    def _spans(self, line: list[Token], emissions: Floats) -> Iterator[Found]:
        path = best_path(emissions, self._steps)
        if not any(path):
            return
        sure = sure_around(path, emissions, self._steps)
        at = 0
        while at < len(path):
            tag = path[at]
            first = at
            at += 1
            if not tag:
                continue
            inside = tag + 1 if tag % 2 else tag
            while at < len(path) and path[at] == inside:
                at += 1
            confidence = float(min(sure[i, path[i]] for i in range(first, at)))
            inner = self._trimmed(line[first:at], (tag - 1) // 2)
            if inner:
                kind = self.kinds[(tag - 1) // 2]
                yield Found(inner[0].start, inner[-1].end, kind, min(1.0, confidence))

    def _trimmed(self, span: list[Token], kind: int) -> list[Token]:
        """`span` without marks at its ends that no value of the kind ever had there."""
        usual = self._edges[kind]
        while span and is_mark(span[0].key) and span[0].key not in usual:
            span = span[1:]
        while span and is_mark(span[-1].key) and span[-1].key not in usual:
            span = span[:-1]
        return span


def _unsure(emissions: Floats) -> Iterator[tuple[int, int]]:
    """Runs of tokens of which something may be more than nothing."""
    doubtful = np.flatnonzero(emissions[:, 1:].max(axis=1) > emissions[:, 0] - CERTAIN)
    if not doubtful.size:
        return
    cuts = np.flatnonzero(np.diff(doubtful) > 1)
    firsts = np.concatenate(([0], cuts + 1))
    lasts = np.concatenate((cuts, [doubtful.size - 1]))
    for first, last in zip(doubtful[firsts].tolist(), doubtful[lasts].tolist(), strict=True):
        yield first, last + 1
