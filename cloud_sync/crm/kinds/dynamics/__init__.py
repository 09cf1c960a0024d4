"""Dynamics 365 Sales."""
