"""How well a bundle decides: figures, the promised bound, pictures of both. Not how it learns."""
