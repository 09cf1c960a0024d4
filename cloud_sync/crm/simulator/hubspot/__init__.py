"""A pretended HubSpot."""
