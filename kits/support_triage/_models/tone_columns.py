"""The tone of a text as columns behind its counted pieces, for heads that tell how urgent or how angry it is.

The same code in training and on the device. What a tone is belongs to `_entities/tone.py`; what its columns mean for a
level is learned.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kits.support_triage._entities.tone import FEATURES, SENTIMENTS, URGENCIES, read_tone

Floats = NDArray[np.float32]
COLUMNS = len(FEATURES) + len(URGENCIES) + len(SENTIMENTS)
WEIGHT = 0.3
"""Of a full column, beside the strongest pieces of a row of unit length."""


def tone_columns(text: str) -> Floats:
    """The tone's features and the levels that the words alone give, shape (COLUMNS,)."""
    tone = read_tone(text)
    found = (
        *tone.features,
        *_one_of(tone.urgency, URGENCIES),
        *_one_of(tone.sentiment, SENTIMENTS),
    )
    columns: Floats = np.float32(WEIGHT) * np.array(found, np.float32)
    return columns


def _one_of(level: int, levels: Sequence[int]) -> tuple[float, ...]:
    return tuple(float(level == one) for one in levels)


def scale_by_words(target: str) -> tuple[int, ...]:
    """The levels that words alone give, the lowest first; empty for what has none."""
    return {"urgency": URGENCIES, "sentiment": SENTIMENTS}.get(target, ())
