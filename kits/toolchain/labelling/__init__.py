"""Labelling by hand: which samples come next, what a person says of them, and what that is worth."""
