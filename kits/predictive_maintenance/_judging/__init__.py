"""Judging: figures with intervals, strict onsets, pictures."""
