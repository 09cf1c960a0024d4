"""Made-up leads with a known truth, for the demo and for tests. Nothing is claimed of them, and no device runs this."""
