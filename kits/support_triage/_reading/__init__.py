"""The user's tables and mailboxes → samples. Not what a mail says: that is `_mail`'s."""
