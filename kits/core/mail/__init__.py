"""Mail as a format: bytes to a message and back, threads, and who must never be answered.

Standard library only. What a mail *says* (its new text, its language, its intent) is the kit's
business; mailboxes and the network are the agent's.
"""
