"""The address of a lead's page in its CRM, for people to follow: https only, whatever the record is called.

What the pages of a kind are called stands in `table.py`; a connection's own `record_url` counts more.
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from cloud_sync.crm.connection.settings import ID, CrmSettings
from cloud_sync.crm.kinds.table import filled, kind_of

_ACCOUNT = "{account}"


def page_of(settings: CrmSettings, object_id: str) -> str:
    """The address; empty where none is known, or it would not be https."""
    known = filled(settings)
    kind = kind_of(settings.kind)
    account = settings.options.get("account", "")
    pattern = settings.record_url or kind.page
    if not object_id or not pattern or (_ACCOUNT in pattern and not account):
        return ""
    address = (
        pattern.replace("{url}", known.url)
        .replace(_ACCOUNT, quote(account, safe=""))
        .replace("{object}", quote(kind.page_objects.get(known.object, known.object), safe="/"))
        .replace(ID, quote(object_id, safe=""))
    )
    return address if _is_safe(address) else ""


def _is_safe(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and parts.username is None
