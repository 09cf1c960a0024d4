"""What was taken for what, in sentences. It decides nothing."""
