"""The court: which columns of past leads were written after the outcome, and which tell only the period. Training side."""
