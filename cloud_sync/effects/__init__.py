"""Side effects of what the hub stores: written in the same transaction, done afterwards.

`outbox.py` writes them, `dispatcher.py` sees to it that they are done, `webhook.py` and `mail.py`
do them, `letters.py` is what a person sees and repeats.
"""
