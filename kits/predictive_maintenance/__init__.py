"""Predictive maintenance: signals of machines in, condition, fault hypothesis and remaining life out."""

from __future__ import annotations

from pathlib import Path

from kits.core.kit import Kit

KIT = Kit(__name__, Path(__file__).parent)
