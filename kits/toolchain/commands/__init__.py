"""The verbs of `kit`, one module per family. Each has `register(app)` and imports nothing heavy."""
