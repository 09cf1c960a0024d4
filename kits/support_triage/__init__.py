"""Support-email triage: mails in; what each is about, whether that is certain enough, and a draft out."""

from __future__ import annotations

from pathlib import Path

from kits.core.kit import Kit

KIT = Kit(__name__, Path(__file__).parent)
