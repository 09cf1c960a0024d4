"""The same made-up machines as historians, panels, loggers, databases and public data sets write them: what is asked of `kit data import`.

One module a family of recorders; `made.py` holds the machines, `writing.py` how files are written, `tracks.py` the truth of a file.
"""
