"""Reading the user's files: layouts, columns, times, lives and captures become sensor windows."""
