"""Learning: from recordings to the numbers that the device runs with."""
