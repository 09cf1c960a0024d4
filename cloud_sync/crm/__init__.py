"""Leads of a CRM: its webhooks come in, each lead is scored, and the score is written back.

`inbox.py` takes signed messages, `scoring.py` reads the record anew and scores it, `writeback.py` writes. What each
CRM is like stands in one file per CRM (`base.py` says what it must be able to do); nothing else knows it.
"""
