"""A file → tables of texts: CSV, spreadsheets, JSON and parquet, and what of their rows is no lead."""
