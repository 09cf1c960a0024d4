"""What a person does where a check of a CRM failed: its keys are not blamed for a network or a bad day."""

from __future__ import annotations

from cloud_sync.crm.client.budget import ThrottledError
from cloud_sync.effects.json_http import AddressNotAllowedError, RefusedError
from cloud_sync.effects.targets import DeliveryError

LATER = "it is busy or down: try again later"
_TOO_MANY, _SERVER = 429, 500


def remedy(error: DeliveryError, otherwise: str) -> str:
    """What a person does after a check failed.

    Args:
        otherwise: what is usual where the CRM itself said no.
    """
    if isinstance(error, AddressNotAllowedError):
        return f"if it is yours, allow its network: cloud-sync crm set {error.where} allow=NETWORK"
    if isinstance(error, RefusedError):
        busy = error.status == _TOO_MANY or error.status >= _SERVER
        return LATER if busy else otherwise
    if isinstance(error, ThrottledError):
        return "too much is asked at the moment: try again later"
    return (
        f"check its address (cloud-sync crm show {error.where}), and that this machine reaches it"
    )
