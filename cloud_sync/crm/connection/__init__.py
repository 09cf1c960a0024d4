"""Connections to CRMs: added, tried, changed, opened, paused, and how each is doing."""
