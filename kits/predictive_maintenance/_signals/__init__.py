"""Signal processing: what a window of readings says in figures, before anything is learned."""
