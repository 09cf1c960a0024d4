"""Reading the user's files: layouts, columns, times, lives and captures become sensor windows.

`layout.py` finds out what a folder is; `formats/` opens files as tables, `columns/` and `times/` say what stands in them,
`joining/` makes one table of several. A reader each: `captures/`, `series.py`, `snapshots.py`, `life.py`, `own.py`.
"""
