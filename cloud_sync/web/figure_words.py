"""What the metrics of a kit are called by people, for pages that show them by name."""

from __future__ import annotations

from collections.abc import Mapping

from kits.core.discovery import get_kit
from kits.core.errors import KitwrightError


def figure_words(kit: str) -> Mapping[str, str]:
    """Metric → what it says, in plain words; nothing where the kit has none, or is not installed here."""
    try:
        return get_kit(kit).manifest.words.figures
    except KitwrightError:
        return {}
