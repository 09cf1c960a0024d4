"""What became of each lead: which column or table tells it, and what its cells mean."""
