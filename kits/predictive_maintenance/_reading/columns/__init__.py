"""What the columns of a table are: channels, conditions, labels, machines, and what their names tell."""
