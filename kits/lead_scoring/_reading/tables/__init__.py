"""Which tables there are, and which of them lists the leads."""
