"""Labelling on a local web page."""
