"""Pretended CRMs that ship with the package, opened as the hub opens them."""

from __future__ import annotations

from collections.abc import Sequence

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.base import Access, Crm
from cloud_sync.crm.kinds.table import open_crm, with_defaults
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


def crm_of(simulator: Simulator, url: str, columns: Sequence[str]) -> Crm:
    """The hub's side, for a bundle that learned from these columns."""
    return open_crm(opened(simulator, url, columns))


def three_leads(kind: str) -> Simulator:
    """A pretended CRM with so many, that refuses nobody who asks often."""
    made = Simulator(kind, seed=5, limit=0)
    made.make(3, quiet=True)
    return made


def ids(simulator: Simulator) -> list[str]:
    """Of its leads."""
    return [held.object_id for held in simulator.records]
