"""Other tables beside that of the leads → more of their columns."""
