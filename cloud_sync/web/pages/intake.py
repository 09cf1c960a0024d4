"""The loss ledger, and what others were told."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from cloud_sync.effects import letters
from cloud_sync.hub import ReadDep, hub_id
from cloud_sync.intake.ledger import totals, worst_accounts
from cloud_sync.intake.words import CLASS_WORDS, account_words, duration_words, loss_words
from cloud_sync.web.pages._paging import PageNumber, page_of
from cloud_sync.web.pages._render import PageRoute, ViewerPage, render
from kits.core.sample import utc_now

router = APIRouter(route_class=PageRoute)
SHOWN = 300
SHOWN_GAPS = 40
SHOWN_EFFECTS = 50


@router.get("/ledger")
def ledger(request: Request, session: ReadDep, who: ViewerPage, device: str = "") -> Response:
    """What was expected, arrived, was given up and is missing; outboxes with losses first."""
    found = worst_accounts(session, SHOWN, device)
    sums = totals(session, device, found)
    return render(
        request, session, who, "ledger.html",
        accounts=found, hidden=sums.outboxes - len(found), device=device,
        expected=sums.expected, here=sums.here, lost=sums.lost, missing=sums.missing,
        pruned=sums.pruned, blobs=sum(a.blobs for a in found), classes=CLASS_WORDS,
        shown_gaps=SHOWN_GAPS, account_words=account_words, loss_words=loss_words,
        duration_words=duration_words, now=utc_now(),
    )  # fmt: skip


@router.get("/effects")
def effects(
    request: Request, session: ReadDep, who: ViewerPage, state: str = "", page: PageNumber = 1
) -> Response:
    """Webhooks and mails: receivers, what waits, what was given up."""
    wanted = letters.wanted(state=state if state in letters.STATES else "")
    found, place = page_of(request, session, wanted, page, SHOWN_EFFECTS)
    return render(
        request, session, who, "effects.html",
        targets=letters.targets(session), hub=hub_id(session), state=state, states=letters.STATES, now=utc_now(),
        effects=found, place=place,
    )  # fmt: skip
