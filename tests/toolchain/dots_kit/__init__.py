"""A kit small enough for tests: it learns one gain and finds bright dots in 16 × 16 pictures."""

from __future__ import annotations

from pathlib import Path

from kits.core.kit import Kit

KIT = Kit(__name__, Path(__file__).parent)
