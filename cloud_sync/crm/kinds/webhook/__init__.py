"""A program of yours in place of a CRM."""
