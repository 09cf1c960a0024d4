"""Several tags or files → one table of one machine."""
