"""What columns are called and what they are for."""
