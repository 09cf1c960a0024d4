"""Cases told to a CMMS: a work order for the first step that needs one, a comment for those after it.

A receiver of effects like webhook and mail: leases, retries, breaker and dead letters are the
dispatcher's. One case has one order: it is looked up by the case's id before one is made, on every
attempt, because the answer to an earlier one may have got lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.cmms.base import Cmms, OrderOfCase, WorkOrder
from cloud_sync.effects.json_http import RefusedError
from cloud_sync.effects.outbox import CASE, TEST
from cloud_sync.effects.targets import Delivery, DeliveryError
from cloud_sync.hub import Hub
from cloud_sync.store.models import Case, CaseTransition

MAKING = ("opened", "escalated")
MAX_TITLE = 120
MAX_REF = 140


class CmmsTarget:
    """Delivers steps of cases.

    Args:
        hub: whose cases; the number of an order is kept with its case.
    """

    def __init__(self, hub: Hub, cmms: Cmms) -> None:
        self._hub = hub
        self._cmms = cmms
        self.name = cmms.name
        self.batch = 1

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Tells each; raises DeliveryError at the first that was not taken."""
        for delivery in deliveries:
            if delivery.kind == TEST:
                self._answers()
            else:
                self._tell(delivery.kind.removeprefix(CASE), delivery.body)

    def _answers(self) -> None:
        """A test message makes no order: it asks what would be missing."""
        missing = [check for check in self._cmms.check() if not check.ok]
        if missing:
            raise DeliveryError(
                f"{missing[0].name}: {missing[0].found}", where=self.name, retry=False
            )

    def _tell(self, transition: str, body: Mapping[str, JsonValue]) -> None:
        case_id = str(body.get("case"))
        with self._hub.database.session() as session:
            case = session.get(Case, case_id)
            known = number_of(case, self.name) if case else ""
            named = self._name_of_order(session, case_id, body)
            # while it was out of reach somebody found what it was: nobody is to be sent there
            over = case is not None and case.closed_at is not None and case.closed_here
            since = _since_then(case, transition, body) if case else ""
        ref = self._still(known, case_id) or self._cmms.find(named)
        if ref:
            if transition != "opened":
                self._cmms.comment(ref, f"{_comment(transition, body)} {since}".strip())
        elif transition in MAKING and not over:
            order = order_of(case_id, body)
            details = (*order.details, *filter(None, [since]))
            ref = self._cmms.create(replace(order, case_id=named, details=details))
        if ref and ref != known:
            self._remember(case_id, ref)

    def _still(self, ref: str, case_id: str) -> str:
        """The number, unless its order was deleted there, or another CMMS had given it."""
        try:
            return ref if ref and self._cmms.states([OrderOfCase(ref, case_id)]) else ""
        except RefusedError as error:
            if error.retry:
                raise
            return ref  # a field is missing there, say: that says nothing of the order

    def _name_of_order(self, session: Session, case_id: str, body: Mapping[str, JsonValue]) -> str:
        """The case's id; a case that rose again after its order was done has another order."""
        said = CaseTransition
        done = session.scalars(
            select(said.at).where(
                said.case_id == case_id, said.transition == "closed", said.source == self.name
            )
        )
        at = datetime.fromisoformat(str(body.get("at")))
        before = sum(found < at for found in done)
        return f"{case_id}-{before + 1}" if before else case_id

    def _remember(self, case_id: str, ref: str) -> None:
        if len(ref) > MAX_REF or not ref.isprintable():
            raise DeliveryError("gave an order a number that is none", where=self.name, retry=False)
        with self._hub.database.transaction() as session:
            case = session.get(Case, case_id, with_for_update=True)
            if case is not None:
                case.order_ref = f"{self.name}:{ref}"


def number_of(case: Case, name: str) -> str:
    """The number of a case's order in this CMMS; empty when there is none, or one in another."""
    source, _, ref = case.order_ref.partition(":")
    return ref if source == name else ""


def order_of(case_id: str, body: Mapping[str, JsonValue]) -> WorkOrder:
    """A work order from what an effect tells of a case."""
    asset, level = str(body.get("asset")), str(body.get("level"))
    label, since = str(body.get("label") or ""), str(body.get("since"))
    title = f"{asset}: {label.replace('_', ' ') or level}"
    details = (
        str(body.get("reason") or "The score is above its threshold."),
        f"Level {level} since {_minute(since)}, seen by {body.get('device')}.",
        f"Case {case_id}: {body.get('url')}",
    )
    return WorkOrder(
        case_id, asset, title[:MAX_TITLE], details, level, datetime.fromisoformat(since)
    )


def _comment(transition: str, body: Mapping[str, JsonValue]) -> str:
    parts = [f"Case {transition} at {_minute(str(body.get('at')))}, level {body.get('level')}."]
    for word, key in (("Found", "cause"), ("By", "who"), ("Note", "note"), ("Why", "reason")):
        if body.get(key) and (key != "reason" or transition == "escalated"):
            parts.append(f"{word}: {body[key]}.")
    return " ".join(parts)


def _since_then(case: Case, transition: str, body: Mapping[str, JsonValue]) -> str:
    """What is otherwise by now: what was waited for comes late, and in an order of chance."""
    if transition == "returned" and case.raised_at > datetime.fromisoformat(str(body.get("at"))):
        return "Since then it has risen again."
    if transition == "closed" and case.closed_at is None:
        return "Since then it is open again."
    if transition in MAKING and case.closed_at is not None:
        return f"Since then the case was closed, by {case.closed_by}."
    if transition in MAKING and case.level == "normal":
        return "Since then the score is back to normal; what it was is still to be found."
    return ""


def _minute(at: str) -> str:
    """A time as people read it, with its zone: whoever reads it may be in another one than the hub."""
    return f"{datetime.fromisoformat(at).astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
