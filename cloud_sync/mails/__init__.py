"""Mails at the hub: what became of drafts, what deciding without a person is worth, the promise, erasure.

Mailboxes are the agents' business, what a mail says is the kit's: here are rows, figures and what is done to them.
"""
