"""Leads of a CRM: its webhooks come in, each lead is scored, and the score is written back.

`inbound/` takes signed messages and asks for records, `scoring/` reads the record anew and scores it, `outbound/` writes.
`leads/` is what people and programs see of it, `outcomes/` what is learned from, `erasure/` who is forgotten. What each CRM
is like stands in a folder of `kinds/` (`kinds/base.py` says what it must be able to do); nothing else knows it.
"""
