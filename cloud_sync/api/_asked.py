"""What an address is asked with: a field that it does not know is told, as a misspelt filter would filter nothing.

Only of what people's programs ask. What devices and the toolchain of another version ask may have more fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from cloud_sync.hub import HubDep
from cloud_sync.web.auth import require
from kits.core.errors import DataError, did_you_mean

_signed_in: Final = require("viewer")


def require_known(request: Request, hub: HubDep) -> None:
    """Raises DataError for a field of the query that the route does not take, to nobody but those who are signed in."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = _known(route)
    for name in request.query_params:
        if name not in known:
            # the route looks up itself who asks: not twice where all is well
            _signed_in(request, hub)
            raise DataError(
                f"query.{name[:60]}: is not known here", where=request.url.path,
                fix=did_you_mean(name[:60], known) if known else "it takes none",
            )  # fmt: skip


def _known(route: APIRoute) -> tuple[str, ...]:
    return tuple(_fields(route.dependant))


def _fields(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for further in dependant.dependencies:
        yield from _fields(further)


ONLY_KNOWN: Final = [Depends(require_known)]
"""For a router."""
