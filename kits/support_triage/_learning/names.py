"""Intents known by name alone: what a bundle suggests before anything is labelled.

A label's name and one-line description are read by the network, and a mail's nearest is suggested. Nothing was
measured on mails, so nothing of it is ever decided without a person.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kits.core.errors import ConfigError
from kits.support_triage._learning.features import Embedder
from kits.support_triage._models.heads import Head
from kits.support_triage._models.spec import HeadSpec

_SHARPNESS = 20.0
"""What a cosine is multiplied by: differences of 0.1 between names then mean something."""


def head_of_names(labels: Mapping[str, str], embedder: Embedder) -> Head:
    """A head whose classes are the labels, with the vectors of their names as weights.

    Raises:
        ConfigError: fewer than two labels.
    """
    if len(labels) < 2:
        raise ConfigError(
            "nothing is labelled, and fewer than two intents are described",
            where="model.labels",
            fix="name the intents with a line on each, or label mails: kit label",
        )
    classes = tuple(sorted(labels))
    vectors = embedder.embed([described(name, labels[name]) for name in classes])
    weights = vectors[:, : embedder.encoder.spec.width].T
    dense = np.vstack([weights, np.zeros((1, len(classes)))]).astype(np.float32)
    spec = HeadSpec(classes=classes, view="last", ngram_weight=0.0, dense_scale=_SHARPNESS)
    return Head(spec, dense, None, None)


def described(name: str, description: str) -> str:
    """A label as a sentence that the network can read."""
    words = " ".join(name.replace("_", " ").replace("-", " ").split())
    return f"{words}: {description}" if description else words
