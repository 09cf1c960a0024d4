"""The contract all kits, the agent and the hub share: formats, decisions, statistics.

A map of the modules is in `docs/explanation/architecture.md`, what they may import in `docs/adr/0002`.
"""
