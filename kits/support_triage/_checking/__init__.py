"""What is wrong with the data. Nothing here changes it."""
