"""The simulator of a maintenance system by its name."""

from __future__ import annotations

from fastapi import FastAPI

from cloud_sync.cmms.sim_erpnext import erpnext_app
from cloud_sync.cmms.sim_odoo import odoo_app
from cloud_sync.cmms.simulator import Simulator


def simulator_app(kind: str, simulator: Simulator) -> FastAPI:
    """A pretended `odoo` or `erpnext`."""
    return {"odoo": odoo_app, "erpnext": erpnext_app}[kind](simulator)
