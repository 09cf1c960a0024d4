"""The user's pictures and what is known of them, however a tool, a camera or a person keeps it → samples and findings."""
