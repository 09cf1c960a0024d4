"""The loss ledger, and what others were told."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from cloud_sync.effects import letters
from cloud_sync.hub import ReadDep, hub_id
from cloud_sync.intake.ledger import accounts
from cloud_sync.intake.words import CLASS_WORDS, account_words, duration_words, loss_words
from cloud_sync.web.pages._render import PageRoute, ViewerPage, render
from kits.core.sample import utc_now

router = APIRouter(route_class=PageRoute)
SHOWN = 300
SHOWN_GAPS = 40


@router.get("/ledger")
def ledger(request: Request, session: ReadDep, who: ViewerPage, device: str = "") -> Response:
    """What was expected, arrived, was given up and is missing; outboxes with losses first."""
    found = accounts(session, device)
    order = sorted(found, key=lambda a: (not a.missing, a.complete, a.device, a.number))
    return render(
        request, session, who, "ledger.html",
        accounts=order[:SHOWN], hidden=max(0, len(order) - SHOWN), device=device,
        expected=sum(a.expected for a in found), here=sum(a.here for a in found),
        lost=sum(a.lost for a in found), blobs=sum(a.blobs for a in found),
        missing=sum(a.missing for a in found), classes=CLASS_WORDS, shown_gaps=SHOWN_GAPS,
        account_words=account_words, loss_words=loss_words, duration_words=duration_words,
        now=utc_now(),
    )  # fmt: skip


@router.get("/effects")
def effects(request: Request, session: ReadDep, who: ViewerPage, state: str = "") -> Response:
    """Webhooks and mails: receivers, what waits, what was given up."""
    return render(
        request, session, who, "effects.html",
        targets=letters.targets(session), hub=hub_id(session), state=state, states=letters.STATES, now=utc_now(),
        effects=letters.newest(session, state=state if state in letters.STATES else ""),
    )  # fmt: skip
