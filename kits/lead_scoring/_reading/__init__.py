"""The user's tables → leads. Private to `data.py`."""
