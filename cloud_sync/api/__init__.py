"""The hub's HTTP API under `/v1`: one file per noun, each with a `router`."""
