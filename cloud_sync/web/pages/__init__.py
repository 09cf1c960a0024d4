"""The hub's web pages: one module per part of the menu, rendered on the server.

Pages read; what changes something is a call of the `/v1` API from the browser (`static/app.js`).
Sign-in and sign-out are the only forms that post to a page.
"""

from __future__ import annotations

from fastapi import APIRouter

from cloud_sync.web.pages import (
    account,
    cases,
    fleet,
    intake,
    leads,
    learning,
    mails,
    overview,
    releases,
    review,
    samples,
)
from cloud_sync.web.pages._render import install

__all__ = ["install", "router"]

router = APIRouter(include_in_schema=False)
for _part in (
    account,
    overview,
    samples,
    cases,
    mails,
    leads,
    review,
    learning,
    releases,
    fleet,
    intake,
):
    router.include_router(_part.router)
