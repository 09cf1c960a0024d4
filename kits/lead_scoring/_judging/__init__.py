"""How well a bundle orders leads and keeps its word: figures, money, groups, pictures. Not how it learns."""
