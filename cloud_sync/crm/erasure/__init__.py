"""Leads and persons are forgotten."""
