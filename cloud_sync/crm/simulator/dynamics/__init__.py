"""A pretended Dynamics 365 Sales."""
