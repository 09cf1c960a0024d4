"""The same made-up leads in the words of many programs: CRMs, forms, boards, shops, by what their makers say of the fields.

Nobody's data: each file is written anew from `made.py`, whose outcomes, dates and columns are known.
"""
