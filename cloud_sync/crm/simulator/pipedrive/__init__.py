"""A pretended Pipedrive."""
