"""Bundles over HTTP: publish, list, download. What releases them is `api/tuf.py`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import ConfigDict, JsonValue

from cloud_sync.api.access import device_or_person
from cloud_sync.api.ranges import ranged
from cloud_sync.fleet import bundles
from cloud_sync.hub import HubDep, ReadDep
from cloud_sync.learning import champions
from cloud_sync.web.auth import Engineer, Viewer
from kits.core.hub_api import PublishRequest, PublishResponse

router = APIRouter(prefix="/v1/bundles", tags=["bundles"])


class PublishIn(PublishRequest):
    """Built at once: FastAPI cannot take a model whose building was put off without a warning."""

    model_config = ConfigDict(defer_build=False)


MEDIA_TYPE = "application/vnd.kitwright.bundle"


@router.post("")
def publish(body: PublishIn, person: Engineer, hub: HubDep) -> PublishResponse:
    """Registers a bundle whose bytes were put before; a signed release makes it usable."""
    row = bundles.publish(hub, body, login=person.login)
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
    """One bundle with its card and its releases."""
    row = bundles.find(session, bundle_id)
    found = bundles.releases_of(session, row.id)
    releases: list[JsonValue] = [one.release for one in found]
    withdrawn: dict[str, JsonValue] = {
        str(one.release): one.withdrawn for one in found if one.withdrawn_at is not None
    }
    return {
        **bundles.as_json(row), "releases": releases, "withdrawn": withdrawn, "card": row.card,
        "outdated": champions.outdated(session, row),
    }  # fmt: skip


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
    device_or_person(request, hub)
    row = bundles.find(session, bundle_id)
    return ranged(hub.storage, row.blob, row.size, MEDIA_TYPE, range, if_range=if_range)
