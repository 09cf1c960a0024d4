"""Bundles over HTTP: publish, list, approve, download."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import ConfigDict, JsonValue

from cloud_sync.api.ranges import ranged
from cloud_sync.errors import NotAllowedError, UnauthenticatedError
from cloud_sync.fleet import bundles
from cloud_sync.fleet.devices import bearer, device_by_token
from cloud_sync.hub import Hub, HubDep, ReadDep, SessionDep
from cloud_sync.web.auth import Engineer, Viewer, identify
from kits.core.hub_api import PublishRequest, PublishResponse

router = APIRouter(prefix="/v1/bundles", tags=["bundles"])


class PublishIn(PublishRequest):
    """Built at once: FastAPI cannot take a model whose building was put off without a warning."""

    model_config = ConfigDict(defer_build=False)


MEDIA_TYPE = "application/vnd.kitwright.bundle"


@router.post("")
def publish(body: PublishIn, person: Engineer, hub: HubDep, session: SessionDep) -> PublishResponse:
    """Registers a signed bundle whose bytes were put before."""
    row = bundles.publish(hub, session, body, person_id=person.person_id, login=person.login)
    return PublishResponse(
        bundle=row.id,
        project=row.project,
        version=row.version,
        page=f"{hub.config.url}/bundles/{row.id}",
    )


@router.get("")
def list_bundles(
    _person: Viewer, session: ReadDep, project: str = ""
) -> dict[str, list[dict[str, JsonValue]]]:
    """Bundles, newest first."""
    return {"bundles": [bundles.as_json(row) for row in bundles.all_bundles(session, project)]}


@router.get("/{bundle_id}")
def show(bundle_id: str, _person: Viewer, session: ReadDep) -> dict[str, JsonValue]:
    """One bundle with its card."""
    row = bundles.find(session, bundle_id)
    return {**bundles.as_json(row), "card": row.card}


@router.post("/{bundle_id}/approve")
def approve(
    bundle_id: str, person: Engineer, hub: HubDep, session: SessionDep
) -> dict[str, JsonValue]:
    """Lets a bundle into rollouts."""
    return bundles.as_json(bundles.approve(hub, session, bundle_id, who=person.login))


@router.get("/{bundle_id}/content")
def content(
    bundle_id: str,
    request: Request,
    hub: HubDep,
    session: ReadDep,
    range: Annotated[str, Header()] = "",
    if_range: Annotated[str, Header()] = "",
) -> Response:
    """The file, for devices and people; takes Range, so a cut download goes on."""
    _device_or_person(request, hub)
    row = bundles.find(session, bundle_id)
    return ranged(hub.storage, row.blob, row.size, MEDIA_TYPE, range, if_range=if_range)


def _device_or_person(request: Request, hub: Hub) -> None:
    with hub.database.session() as session:
        if device_by_token(session, bearer(request)) is not None:
            return
    person = identify(hub, request)
    if person is None:
        raise UnauthenticatedError("a device token or an API token is needed")
    if not person.may("viewer"):
        raise NotAllowedError("this needs the role viewer")
