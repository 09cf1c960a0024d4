"""Lead scoring: leads of a CRM in; how likely each buys, whom to call first, and why, in words a rep believes."""

from __future__ import annotations

from pathlib import Path

from kits.core.kit import Kit

KIT = Kit(__name__, Path(__file__).parent)
