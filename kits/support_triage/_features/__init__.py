"""Texts as counted pieces: words and short runs of characters, without a list of strings."""
