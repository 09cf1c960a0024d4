"""A kit small enough for tests: notes of a few words, which people label."""

from __future__ import annotations

from pathlib import Path

from kits.core.kit import Kit

KIT = Kit(__name__, Path(__file__).parent)
