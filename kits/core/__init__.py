"""The contract all kits, the agent and the hub share: formats, decisions, statistics."""
