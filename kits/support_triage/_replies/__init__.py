"""A reply model of the firm's own: learned from the mails it answered, served by any OpenAI-compatible server."""
