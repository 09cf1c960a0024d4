"""The part of the score that learned from labelled defects: a logistic head on pooled features.

Weights and scoring only, used on the device; fitting is in `_fusion.py`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict


class Head(BaseModel):
    """Two logistic models in a row.

    Attributes:
        mean, spread: standardise the pooled features, shape (features,).
        weights, bias: the head's logit from the standardised features.
        fuse: bias, weight of log(bank score), weight of the head's logit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    fuse: tuple[float, float, float]

    def score(self, pooled: NDArray[np.float64], bank: float) -> float:
        """Probability of a defect at the prevalence of the training data, in (0, 1)."""
        standard = (pooled - np.asarray(self.mean)) / np.asarray(self.spread)
        logit = float(standard @ np.asarray(self.weights)) + self.bias
        return sigmoid(self.fuse[0] + self.fuse[1] * log_score(bank) + self.fuse[2] * logit)


def log_score(bank: float) -> float:
    """The bank's score on the scale the head is fused on."""
    return math.log(max(bank, 1e-6))


def sigmoid(logit: float) -> float:
    """1 / (1 + exp(−logit)), safe for large values."""
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))
