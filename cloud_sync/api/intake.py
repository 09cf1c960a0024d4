"""What arrived and what did not, what was told to others, and which decisions count."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field, JsonValue

from cloud_sync.api._paging import Before, newest_page
from cloud_sync.effects import letters
from cloud_sync.hub import ReadDep, SessionDep
from cloud_sync.intake import provenance
from cloud_sync.intake.ledger import accounts, accounts_after
from cloud_sync.intake.words import account_json
from cloud_sync.store.models import Effect
from cloud_sync.web.auth import Engineer, Viewer
from kits.core.section import Section

router = APIRouter(prefix="/v1", tags=["intake"])

Json = dict[str, JsonValue]


class Withdrawal(Section):
    """Whose decisions are not to be learned from."""

    bundle: str = Field(max_length=64, description="id of the bundle, or its first digits")
    reason: str = Field("", max_length=300, description="why; needed to withdraw")


class Replay(Section):
    """Which given-up effects to try again; nothing: all."""

    id: int | None = None
    target: str = Field("", max_length=64)


@router.get("/ledger")
def ledger(
    _who: Viewer,
    session: ReadDep,
    device: str = "",
    after: Annotated[str, Query(description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="devices on a page")] = 200,
) -> dict[str, list[Json] | str]:
    """Of every outbox: expected = arrived + given up + missing, by class, with the reasons."""
    found, more = (
        (accounts(session, device), "") if device else accounts_after(session, after, limit)
    )
    return {"accounts": [account_json(account) for account in found], "next": more}


@router.get("/effects")
def list_effects(
    _who: Viewer,
    session: ReadDep,
    state: Literal["", "waiting", "done", "dead"] = "",
    target: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Before = None,
) -> Json:
    """Webhooks and mails, newest first; ask for the next page with `before=next`."""
    wanted = letters.wanted(state=state, target=target)
    rows, following = newest_page(session, wanted, Effect.id, limit, before)
    return {"effects": [letters.as_json(row) for row in rows], "next": following}


@router.post("/effects/replay")
def replay(body: Replay, who: Engineer, session: SessionDep) -> dict[str, int]:
    """Tries given-up effects again, under the ids they had."""
    return {
        "replayed": letters.replay(session, by=who.login, effect_id=body.id, target=body.target)
    }


@router.post("/samples/withdraw")
def withdraw(body: Withdrawal, who: Engineer, session: SessionDep) -> dict[str, int]:
    """Nothing is learned any more from what a bundle decided; its samples stay, marked."""
    count = provenance.withdraw(session, body.bundle, reason=body.reason, by=who.login)
    return {"samples": count}


@router.post("/samples/reinstate")
def reinstate(body: Withdrawal, who: Engineer, session: SessionDep) -> dict[str, int]:
    """Takes a withdrawal back."""
    return {"samples": provenance.reinstate(session, body.bundle, by=who.login)}
