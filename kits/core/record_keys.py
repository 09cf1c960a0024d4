"""Whom a sample is a state of, where that is a record of a CRM: one spelling for exports that are imported and for the hub.

An export of a CRM and its API may write the same id in two ways. Which column holds the id, and what a record is, is
not decided here. Kept in a sample's `meta` under `KEY`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kits.core.sample import digest_of

_TITLES: Final[Mapping[str, str]] = {
    "hubspot": "HubSpot", "salesforce": "Salesforce", "pipedrive": "Pipedrive", "odoo": "Odoo",
    "dynamics": "Dynamics", "zoho": "Zoho", "bitrix24": "Bitrix24", "kommo": "Kommo", "close": "Close", "capsule": "Capsule",
    "jobber": "Jobber",
    "activecampaign": "ActiveCampaign", "dolibarr": "Dolibarr",
}  # fmt: skip
_OBJECTS: Final[Mapping[str, str]] = {
    "lead": "leads",
    "opportunity": "opportunities",
    "crm.lead": "leads",
}
"""What APIs call a record → what exports of it are called here."""
ADDRESS: Final = "@"
"""What tells an e-mail address from other ids."""
_EXTERNAL = re.compile(r"__export__\.crm_lead_([0-9]{1,18})_[0-9a-f]{1,40}")
_GUID = re.compile(r"\{?([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}?")
_DAY_BEHIND = re.compile(r" \(\d{4}-\d{2}-\d{2}\)$")
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def record_key(crm: str, thing: str, identity: str) -> str:
    """The key of a CRM's record, the same for its exports and its API.

    Args:
        crm: the CRM, `hubspot` or `HubSpot`.
        thing: what the record is: `Lead` and `leads` are the same.
        identity: its id, as whoever asks was given it.
    """
    name = crm.casefold()
    what = thing.casefold()
    return f"{_TITLES.get(name, crm)} {_OBJECTS.get(what, what)}:{_plain(identity, name)}"


def column_key(column: str, identity: str) -> str:
    """The key where no CRM is known: by the name of the column that has the ids."""
    return f"{column}:{_plain(identity, '')}"


def dated_key(column: str, identity: str, day: str) -> str:
    """The key of a later lead of somebody whose first one has the key of the column alone.

    Args:
        day: when it came, as `2024-03-17`.
    """
    return f"{column_key(column, identity)} ({day})"


def is_dated(key: str) -> bool:
    """Whether a key is that of a later lead of somebody."""
    return _DAY_BEHIND.search(key) is not None


def id_in(key: str) -> str:
    """The id that a key was made of, as it is spelled there."""
    return _DAY_BEHIND.sub("", key).partition(":")[2]


def salesforce_id(short: str) -> str:
    """An id of 15 characters, which tells small letters from capital ones, as the 18 that need not.

    Salesforce "What are the differences between 15 and 18 character record IDs": three letters are added, each of
    which says which of five characters are capitals.
    """
    return short + "".join(
        _CAPITALS[sum(1 << n for n, c in enumerate(short[first : first + 5]) if c.isupper())]
        for first in (0, 5, 10)
    )


def spellings(identity: str) -> frozenset[str]:
    """How an id may stand in keys, whichever CRM it is of."""
    return frozenset(_plain(identity, crm) for crm in ("", *_TITLES)) - {""}


def _plain(identity: str, crm: str) -> str:
    """The id as the CRM's API writes it. Of an address a digest: versions outlive people's wishes."""
    text = identity.strip()
    if ADDRESS in text:
        return digest_of(text.encode())[:32]
    if crm == "salesforce" and len(text) == 15 and text.isascii() and text.isalnum():
        return salesforce_id(text)
    external = _EXTERNAL.fullmatch(text) if crm == "odoo" else None
    if external is not None:
        return external[1]
    guid = _GUID.fullmatch(text)
    return guid[1].lower() if guid is not None else text
