"""Words and numbers for how urgent a mail is and in which tone it is written → levels.

Tables only: what people write in such columns.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping

_URGENCY: Mapping[float, tuple[str, ...]] = {
    0.0: (
        "lowest", "very low", "trivial", "none", "planning", "sehr niedrig", "très basse", "très faible", "muy baja", "muito baixa",
        "molto bassa", "zeer laag",
    ),
    1.0: (
        "low", "minor", "niedrig", "gering", "bas", "basse", "faible", "mineur", "mineure", "bajo", "baja", "baixo", "baixa", "basso", "bassa",
        "laag", "niski", "niska", "låg", "lav", "matala", "nízký", "nízká", "düşük", "низкий", "низкая", "低", "낮음",
    ),
    2.0: (
        "medium", "normal", "moderate", "standard", "mittel", "moyen", "moyenne", "normale", "medio", "media", "médio", "média", "gemiddeld",
        "normaal", "średni", "średnia", "normalny", "medel", "mellem", "middels", "normaali", "střední", "normální", "orta", "средний", "средняя",
        "обычный", "нормальный", "中", "普通", "一般", "보통", "중간",
    ),
    3.0: (
        "high", "major", "hoch", "wichtig", "haut", "haute", "élevé", "élevée", "majeur", "majeure", "alto", "alta", "hoog", "wysoki", "wysoka",
        "hög", "høj", "høy", "korkea", "vysoký", "vysoká", "yüksek", "высокий", "высокая", "important", "importante", "高", "높음",
    ),
    4.0: (
        "critical", "urgent", "highest", "very high", "emergency", "blocker", "immediate", "kritisch", "dringend", "sehr hoch", "sehr dringend", "sofort",
        "critique", "urgente", "bloquant", "bloquante", "très élevé", "très élevée", "très haute", "crítico", "crítica", "muy alta", "muito alta",
        "molto alta", "kritiek", "zeer hoog", "krytyczny", "krytyczna", "pilny", "pilne", "akut", "kritisk", "kriittinen", "kritický", "kritická",
        "acil", "kritik", "срочный", "критический", "критичный", "緊急", "至急", "紧急", "긴급",
    ),
}  # fmt: skip


def _bare(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


URGENCY: Mapping[str, float] = {
    **{
        spelled: level
        for level, words in _URGENCY.items()
        for word in words
        for spelled in (word, _bare(word))
    },
    **{
        f"{word}{n}": float(5 - n)
        for word in ("p", "s", "sev", "sev ", "sev-", "prio ", "priority ")
        for n in range(1, 6)
    },
}
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
