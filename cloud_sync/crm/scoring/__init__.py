"""Leads are scored: which are due, by which bundle, and what becomes of their rows."""
