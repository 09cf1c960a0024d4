"""A pretended Odoo."""
