"""The same made-up tickets in the words of many programs and public data sets: help desks, mail programs, boards, forms.

Nobody's data: each file is written anew from `made.py`, whose texts, labels, days and senders are known.
"""
