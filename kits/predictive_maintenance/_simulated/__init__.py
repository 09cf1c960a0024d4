"""Synthetic machines with known faults, for demo and tests; never for claims of quality."""
