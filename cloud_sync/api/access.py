"""Who may ask for what devices and people share: bundles and TUF metadata."""

from __future__ import annotations

from fastapi import Request

from cloud_sync.errors import NotAllowedError, UnauthenticatedError
from cloud_sync.fleet.devices import bearer, device_by_token
from cloud_sync.hub import Hub
from cloud_sync.web.auth import identify


def device_or_person(request: Request, hub: Hub) -> None:
    """Lets devices through, and people from viewer upwards.

    Raises:
        UnauthenticatedError: neither.
        NotAllowedError: a person without that role.
    """
    with hub.database.session() as session:
        if device_by_token(session, bearer(request)) is not None:
            return
    person = identify(hub, request)
    if person is None:
        raise UnauthenticatedError("a device token or an API token is needed")
    if not person.may("viewer"):
        raise NotAllowedError("this needs the role viewer")
