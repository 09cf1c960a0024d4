"""Checks of a dataset version of leads. Private to `data.py`; suspected columns are the court's matter."""
