"""Models of remaining life, of trees, of networks or of both: fitted on some units, asked about others, made a graph.

It is not responsible for which of them ships (`_learning/life_choice.py`), nor for how one tree or network is fitted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kits.core.kit import Progress
from kits.predictive_maintenance._device.life_columns import life_width, views
from kits.predictive_maintenance._device.remaining import Method
from kits.predictive_maintenance._learning import network, network_graph, trees
from kits.predictive_maintenance._learning.intervals import Life
from kits.predictive_maintenance._learning.network import Network
from kits.predictive_maintenance.config import Config

Floats = NDArray[np.float64]
HeldOut: TypeAlias = tuple[tuple[Life, Floats], ...]
"""Units with what was said of each of their rows by models that never saw them."""
Member: TypeAlias = tuple[Any, NDArray[np.intp]]
"""A regressor with the columns it sees."""
FOLDS = 5
DRAWS = 2
"""Of each view, and networks, in the models that ship: their mean depends less on the seed."""
_MAX_ROWS = 60_000
_FEW, _THINNED = 40, 2
"""With more units than this, folds learn from every second row: neighbours say nearly the same."""


@dataclass(frozen=True)
class Ensemble:
    """Members that say one life together: the mean of the trees, of the networks, or of these two means."""

    columns: int
    cap: float
    trees: tuple[Member, ...] = ()
    networks: tuple[Network, ...] = ()

    def predict(self, inputs: Floats) -> Floats:
        """(rows,) life left of (rows, columns)."""
        kinds = []
        if self.trees:
            found = [m.predict(inputs[:, seen].astype(np.float32)) for m, seen in self.trees]
            kinds.append(np.mean(found, axis=0))
        if self.networks:
            kinds.append(np.mean([one.predict(inputs) for one in self.networks], axis=0))
        mean: Floats = np.mean([np.clip(said, 0, self.cap) for said in kinds], axis=0)
        return mean.astype(np.float64)

    def to_onnx(self) -> bytes:
        """One model with input `rows` (n, columns) and output `value` (n, 1).

        Raises:
            MachineError: onnxmltools is not installed.
        """
        if not self.networks:
            return trees.mean_to_onnx(self.trees, self.columns)
        networks = network_graph.networks(self.networks, self.columns)
        if not self.trees:
            return networks
        both = (trees.mean_to_onnx(self.trees, self.columns), networks)
        return network_graph.mean_of(both, self.columns, self.cap)


@dataclass(frozen=True)
class Fit:
    """How models are fitted, the same in folds and on all units.

    Attributes:
        channels: of the rows of a life; 0 where a unit is heard in captures.
        device: `cpu`, `cuda` or `cuda:0`.
    """

    config: Config
    seed: int
    device: str
    cap: float
    channels: int

    def ensemble(
        self, lives: Sequence[Life], method: Method, *, every: int = 1, draws: int = 1
    ) -> Ensemble:
        """Fitted on some units, the trees on every so many rows."""
        columns = lives[0].inputs.shape[1]
        return Ensemble(
            columns,
            self.cap,
            self._trees(lives, every, draws) if method != "network" else (),
            self._networks(lives, draws) if method != "trees" else (),
        )

    def out_of_fold(
        self, lives: Sequence[Life], methods: Sequence[Method], progress: Progress
    ) -> dict[Method, HeldOut]:
        """Each unit with what was said by models that never saw it; `both` is the mean of the other two."""
        found: dict[Method, list[tuple[Life, Floats]]] = {method: [] for method in methods}
        whole: Method = "both" if "both" in methods else methods[0]
        for rest, left_out in self.folds(lives):
            every = _THINNED if len(rest) > _FEW else 1
            models = self.ensemble(rest, whole, every=every)
            parts: dict[Method, Ensemble] = {
                "trees": replace(models, networks=()),
                "network": replace(models, trees=()),
                "both": models,
            }
            for method in methods:
                found[method] += [(life, parts[method].predict(life.inputs)) for life in left_out]
            progress.advance()
        return {method: tuple(said) for method, said in found.items()}

    def folds(self, lives: Sequence[Life]) -> Iterator[tuple[list[Life], list[Life]]]:
        """Units to learn from and units left out; each is left out once."""
        order = np.random.default_rng(self.seed).permutation(len(lives))
        folds = min(FOLDS, len(lives))
        for fold in range(folds):
            out = sorted(int(i) for i in order[fold::folds])
            rest = [life for i, life in enumerate(lives) if i not in out]
            yield rest, [lives[i] for i in out]

    def _trees(self, lives: Sequence[Life], every: int, draws: int) -> tuple[Member, ...]:
        inputs = np.vstack([life.inputs for life in lives])
        left = np.concatenate([life.left for life in lives])
        step = max(len(inputs) // _MAX_ROWS, every)
        life = self.config.life
        return tuple(
            (
                trees.regressor(
                    inputs[::step][:, columns],
                    left[::step],
                    trees=life.trees,
                    depth=life.depth,
                    seed=self.seed + number,
                    device=self.device,
                ),
                columns,
            )
            for number, columns in enumerate(self._views(inputs.shape[1]) * draws)
        )

    def _views(self, columns: int) -> tuple[NDArray[np.intp], ...]:
        if self.channels:
            return tuple(views(self.channels).values())
        return (np.arange(columns),) * 2

    def _networks(self, lives: Sequence[Life], draws: int) -> tuple[Network, ...]:
        """As many rows in folds as in what ships: when it has learned enough depends on that."""
        every = _every(sum(len(life.left) for life in lives))
        return tuple(
            network.fit(
                lives,
                self.channels,
                self.cap,
                seed=self.seed + number,
                every=every,
                device=self.device,
            )
            for number in range(draws)
        )


def without_parts(lives: Sequence[Life], channels: int) -> list[Life]:
    """Lives with the columns of trees alone."""
    return [replace(life, inputs=life.inputs[:, : life_width(channels)]) for life in lives]


def network_s(rows: int, channels: int) -> float:
    """Seconds that trying a network and fitting it takes on one core of a CPU, at most."""
    return network.expected_s(math.ceil(rows / _every(rows)), channels, FOLDS + DRAWS)


def _every(rows: int) -> int:
    return max(rows // _MAX_ROWS, _THINNED)
