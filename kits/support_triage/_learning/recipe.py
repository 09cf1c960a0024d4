"""What cross-validation chose for a target, and the models learned by it from all samples, or from others.

What is chosen, and by what, is `choice.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kits.support_triage._learning.features import Features
from kits.support_triage._learning.linear import Linear, fit
from kits.support_triage._learning.rounds import Candidate
from kits.support_triage._models.heads import Head
from kits.support_triage._models.spec import HeadSpec, View

TONED = "tone"
"""The candidate of counted pieces with the tone's columns behind them."""


@dataclass(frozen=True)
class Recipe:
    """What was chosen: with it the models can be learned from other samples of the same labels.

    Attributes:
        pieces: counted pieces at their best strength; None: none are counted.
        network: the model on the vector; None: the network is not asked.
    """

    spec: HeadSpec
    pieces: Candidate | None
    network: Candidate | None

    def learn(self, features: Features, truth: NDArray[np.bool_]) -> Head:
        """The models learned from samples.

        Args:
            truth: which classes hold, shape (n, classes).
        """
        dense = sparse = constants = None
        if self.network is not None:
            model = self._on_vectors(features, truth, self.network)
            dense = np.vstack([model.weights, model.constants[None]]).astype(np.float32)
        tone = self.pieces is not None and self.pieces.name == TONED
        rows = features.toned if tone else features.pieces
        if self.pieces is not None and rows is not None:
            # also where they have no weight: they tell the words that a reason names
            model = fit("pieces", rows, truth, self.pieces.strength, self.spec.several)
            sparse, constants = model.weights.astype(np.float16), model.constants
        view: View = self.network.view if self.network is not None else "none"
        made = self.spec.model_copy(update={"view": view, "tone": tone})
        return Head(made, dense, sparse, constants)

    def _on_vectors(self, features: Features, truth: NDArray[np.bool_], model: Candidate) -> Linear:
        rows = features.view(model.view)
        if not model.parts:
            return fit(model.kind, rows, truth, model.strength, self.spec.several)
        weights = np.zeros((rows.shape[1], truth.shape[1]), np.float32)
        constants = np.zeros(truth.shape[1], np.float32)
        for part in model.parts:
            learned, factor = self._on_vectors(features, truth, part), part.scale / len(model.parts)
            # the last layer's view comes first in a vector
            weights[: len(learned.weights)] += np.float32(factor) * learned.weights
            constants += np.float32(factor) * learned.constants
        return Linear(weights, constants)
