"""Pretended CRMs that ship with the package, opened as the hub opens them."""

from __future__ import annotations

from collections.abc import Sequence

from cloud_sync.crm.base import Access
from cloud_sync.crm.kinds import with_defaults
from cloud_sync.crm.settings import CrmSettings
from cloud_sync.crm.simulator import Simulator

RIGHT_OF_FIRMS = {
    "dynamics": "prvReadAccount",
    "odoo": "partners",
    "hubspot": "crm.objects.companies.read",
    "pipedrive": "contacts:read",
}
"""Kind → the right to read what leads belong to."""


def opened(simulator: Simulator, url: str, columns: Sequence[str] = ()) -> Access:
    """What a CRM's class is made from, for a bundle that learned from these columns."""
    said = {**simulator.connection(url), "rate_per_10s": 5000, "columns": [*columns]}
    settings = with_defaults(CrmSettings.model_validate(said))
    return Access("sales", settings, simulator.secrets.api)
