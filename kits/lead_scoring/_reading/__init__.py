"""The user's tables → leads. Private to `data.py`.

`files/` opens them as tables of texts, `tables/` and `joining/` make one table of the leads, `values/`, `columns/`, `outcome/`
and `leads/` say what stands in it, which `telling/` puts into sentences; `reading.py` is the whole way.
"""
