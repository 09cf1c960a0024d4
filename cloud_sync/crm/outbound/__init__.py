"""Scores go back into the CRM."""
