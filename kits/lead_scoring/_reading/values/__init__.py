"""A column of texts → numbers, dates, yes and no."""
