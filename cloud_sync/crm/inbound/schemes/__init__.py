"""How messages of CRMs are known to be theirs: a table of schemes, and one function that verifies by any of them.

`described.py` says what a scheme may be, `table.py` holds those of the vendors, `verifying.py` verifies. What a
verified message says is not read here.
"""
