"""What a person does about an alert of the hub, and the page where it is done. A device's own say nothing of that here.

A device names its alerts itself, so only what the hub raised is looked up.
"""

from __future__ import annotations

import re

from markupsafe import Markup

from cloud_sync.effects.known_alerts import ALERTS
from cloud_sync.store.models import Alert
from cloud_sync.web.markdown import as_line

_REMEDIES = {one.name: one.remedy for one in ALERTS}
_PAGES = {
    "crm-lead-dead": "/leads?state=dead", "crm-": "/leads", "lead-": "/leads",
    "mail-promise-broken": "/mails", "cmms-": "/cases", "rows-missing": "/ledger",
    "device-silent": "/devices",
    "bundle-needs-signature": "/bundles", "notice-undeliverable": "/effects", "drift": "/samples",
    "beyond-promise": "/samples", "retraining-pays": "/jobs", "rollout-": "/rollouts",
}  # fmt: skip
"""An alert's name, or how it begins → the page that tells more; the first that fits counts."""
_POINTER = re.compile(r"\[([^\]]+)\]\([^)]+\)")
"""A place in the documentation, which the hub does not have."""


def remedy_of(alert: Alert) -> Markup:
    """What to do, as HTML; empty where nothing is known."""
    remedy = "" if alert.device else _REMEDIES.get(alert.name, "")
    return as_line(_POINTER.sub(r"\1", remedy))


def place_of(alert: Alert) -> str:
    """The page that tells more; empty where there is none."""
    if alert.device:
        return ""
    return next((page for name, page in _PAGES.items() if alert.name.startswith(name)), "")
