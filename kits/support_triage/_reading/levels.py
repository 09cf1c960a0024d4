"""Words and numbers for how urgent a mail is and in which tone it is written → levels.

Tables only: what people write in such columns, in six languages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

URGENCY: Mapping[str, float] = {
    **dict.fromkeys(("lowest", "very low", "trivial", "none", "planning", "sehr niedrig"), 0.0),
    **dict.fromkeys(("low", "minor", "niedrig", "gering", "basse", "faible", "baja", "bassa", "laag"), 1.0),
    **dict.fromkeys(
        ("medium", "normal", "moderate", "standard", "mittel", "moyenne", "media", "normale", "gemiddeld"), 2.0
    ),
    **dict.fromkeys(("high", "major", "hoch", "haute", "elevee", "élevée", "alta", "hoog", "important"), 3.0),
    **dict.fromkeys(
        (
            "critical", "urgent", "highest", "very high", "emergency", "blocker", "kritisch", "dringend", "sehr hoch",
            "critique", "urgente", "critica", "crítica", "immediate",
        ),
        4.0,
    ),
    **{f"p{n}": float(5 - n) for n in range(1, 6)},
}  # fmt: skip
"""Larger is more urgent; `P1` is the most urgent of its scale."""

SENTIMENT: Mapping[str, float] = {
    **dict.fromkeys(("negative", "neg", "very negative", "angry", "negativ", "négatif", "negativo", "-1"), 0.0),
    **dict.fromkeys(("neutral", "neu", "mixed", "neutre", "neutro", "neutrale"), 1.0),
    **dict.fromkeys(("positive", "pos", "very positive", "happy", "positiv", "positif", "positivo", "+1"), 2.0),
}  # fmt: skip


def level_of(cell: str, words: Mapping[str, float]) -> float | None:
    """The level of a cell; None when it says nothing we know. A plain number is its own level."""
    plain = " ".join(cell.replace("_", " ").split()).lower()
    if plain in words:
        return words[plain]
    try:
        value = float(plain.replace(",", "."))
    except ValueError:
        # `3 - Moderate`, `2 (high)`: the word says which end is urgent, where it is one we know
        number, _, word = plain.partition(" ")
        if (known := words.get(word.strip(" .:-–()"))) is not None:
            return known
        first = number.rstrip(".:-)")
        return float(first) if first.isdigit() and len(first) <= 2 else None
    return value if math.isfinite(value) and abs(value) <= 100 else None


def tone_scale(cells: set[str]) -> Mapping[str, float]:
    """Cells of one column → 0 negative, 1 neutral, 2 positive.

    Words mean themselves. Numbers are read by their range: 0/1 and −1/1 have no neutral, 1 … 5 are stars.
    """
    known = {cell: level for cell in cells if (level := level_of(cell, SENTIMENT)) is not None}
    worded = all(_number(cell) is None for cell in known)
    if worded:
        return known
    numbers = sorted({value for cell in cells if (value := _number(cell)) is not None})
    if not numbers:
        return {}
    low, high = numbers[0], numbers[-1]
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= -1 and high <= 1:
        low, high = -1.0, 1.0
    elif low >= 0 and high <= 2:
        low, high = 0.0, 2.0
    elif low >= 1 and high <= 5:
        low, high = 1.0, 5.0
    scale = {}
    for cell in cells:
        value = _number(cell)
        if value is not None:
            share = (value - low) / (high - low)
            scale[cell] = 0.0 if share < 0.4 else 1.0 if share <= 0.6 else 2.0
    return scale


def is_number(cell: str) -> bool:
    """Whether the cell is a number alone, without a word."""
    return _number(cell) is not None


def _number(cell: str) -> float | None:
    try:
        value = float(cell.strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
