"""The first page: what happened in the last day and what to do next."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from cloud_sync.hub import ReadDep
from cloud_sync.web.overview import make_overview
from cloud_sync.web.pages._render import PageRoute, ViewerPage, render

router = APIRouter(route_class=PageRoute)


@router.get("/")
def overview(request: Request, session: ReadDep, who: ViewerPage) -> Response:
    """The overview."""
    return render(request, session, who, "overview.html", view=make_overview(session, who))
