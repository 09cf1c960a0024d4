"""Pretended CRMs for tests, demos and integrators: real signatures, batching, duplicates, delays, bans and troubles.

`Simulator` holds the records, `serve` puts its API on a port, `sending` lets it tell a hub what happens.
"""

from cloud_sync.crm.connection.secrets import Secrets
from cloud_sync.crm.simulator.queue import Noise
from cloud_sync.crm.simulator.serving import sending, serve
from cloud_sync.crm.simulator.simulator import VENDORS, Simulator, made_up_secrets

__all__ = ["VENDORS", "Noise", "Secrets", "Simulator", "made_up_secrets", "sending", "serve"]
