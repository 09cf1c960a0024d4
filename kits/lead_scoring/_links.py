"""Addresses of pages without what marks one visit: numbers of clicks and of sessions, and who came.

Where each lead has another, nothing is learned of the page itself; and an e-mail address in a link is somebody's.
"""

from __future__ import annotations

import re

_LINK = re.compile(r"[^\s?]{0,2000}\?[^\s=]{1,60}=\S*")
_VISIT = frozenset([
    "gclid", "gbraid", "wbraid", "dclid", "fbclid", "msclkid", "ttclid", "twclid", "yclid", "epik", "igshid", "li_fat_id", "mc_eid",
    "_hsenc", "_hsmi", "hsctatracking", "_ga", "_gl", "__hstc", "__hssc", "__hsfp", "gad_source", "gad_campaignid", "gclsrc", "mkt_tok",
    "sid", "sessionid", "session_id", "phpsessid", "jsessionid", "uid", "user_id", "email", "mail", "e-mail", "token", "srsltid",
])  # fmt: skip
"""Parameters that advertising and tracking programs put into links, in lower case."""
_BY_LOT = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.~-]{16,}|[0-9a-fA-F-]{32,}")
"""What nobody writes by hand."""
_ADDRESS = re.compile(r"@|%40")


def without_visit(text: str) -> str:
    """A link without what marks one visit; any other text as it is."""
    if "?" not in text or not _LINK.fullmatch(text):
        return text
    page, _, asked = text.partition("?")
    kept = [one for one in asked.partition("#")[0].split("&") if not _marks(one)]
    return f"{page}?{'&'.join(kept)}" if kept else page


def _marks(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return (
        not value
        or name.casefold() in _VISIT
        or bool(_ADDRESS.search(value))
        or bool(_BY_LOT.fullmatch(value))
    )
