"""The HTTP API under `/v1`: one router per noun, pydantic models at the edge, no rules of its own."""
