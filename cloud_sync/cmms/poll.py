"""Asking a CMMS what became of its orders: those of cases whose cause is not known yet, or may still be corrected.

One turn asks for all of them, a hundred at once. A CMMS that does not answer is asked less often, and
an alert tells of it; nothing is lost, because its orders stay as they are.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from cloud_sync.cases.closing import find_case
from cloud_sync.cmms.answers import Answer, apply, is_news
from cloud_sync.cmms.base import Cmms, OrderOfCase
from cloud_sync.cmms.target import number_of
from cloud_sync.effects.alerts import close_alert, raise_alert
from cloud_sync.effects.targets import DeliveryError
from cloud_sync.hub import Hub
from cloud_sync.store.models import Case, CaseTransition
from kits.core.errors import KitwrightError
from kits.core.sample import utc_now

log = logging.getLogger(__name__)

UNREACHABLE = "cmms-unreachable"
AT_ONCE = 100
ASKED_FOR = timedelta(days=180)
CORRECTED = timedelta(days=30)
"""So long after the end of a case who gave the wrong code there may give another one."""
FAILURES_TOLD = 5
MAX_PAUSE_S = 3600.0


class CmmsPoll:
    """Turns of asking.

    Args:
        hub: whose cases.

    Attributes:
        pause_s: how long to wait for the next turn.
    """

    def __init__(self, hub: Hub, cmms: Cmms) -> None:
        self._hub = hub
        self._cmms = cmms
        self._failures = 0
        self._told: bool | None = None
        self.pause_s = hub.config.cmms.poll_s

    def turn(self, now: datetime | None = None) -> int:
        """Asks once; how many cases changed. A CMMS that fails is told of, not raised."""
        try:
            changed = self._ask(now or utc_now())
        except DeliveryError as error:
            self._failed(error)
            return 0
        self._failures, self.pause_s = 0, self._hub.config.cmms.poll_s
        if self._told is not False:
            with self._hub.database.transaction() as session:
                close_alert(session, UNREACHABLE, where=self._cmms.name)
            self._told = False
        return changed

    def _ask(self, now: datetime) -> int:
        waiting = self._waiting(now)
        orders = [OrderOfCase(number_of(one, self._cmms.name), one.id) for one in waiting.values()]
        causes, changed = self._hub.config.cmms.causes, 0
        for first in range(0, len(orders), AT_ONCE):
            for state in self._cmms.states(orders[first : first + AT_ONCE]):
                case = waiting[state.case_id]
                answer = Answer(case.id, state.progress, state.cause, state.who, state.note)
                news = is_news(case, answer, self._cmms.name, causes) and not self._was_said(answer)
                changed += news and self._take(answer, case.order_ref)
        return changed

    def _waiting(self, now: datetime) -> dict[str, Case]:
        lately = Case.closed_at > now - CORRECTED
        query = select(Case).where(
            Case.order_ref.startswith(f"{self._cmms.name}:", autoescape=True),
            or_(Case.cause == "", and_(Case.cause_from == self._cmms.name, lately)),
            Case.opened_at > now - ASKED_FOR,
        )
        with self._hub.database.session() as session:
            return {case.id: case for case in session.scalars(query.order_by(Case.id))}

    def _was_said(self, answer: Answer) -> bool:
        """Whether it had been taken on there before it got worse: nobody has seen that by its order's standing as it does."""
        if answer.progress != "acknowledged":
            return False
        step = CaseTransition
        theirs = step.case_id == answer.case_id, step.source == self._cmms.name
        with self._hub.database.session() as session:
            newest = select(step.transition).where(*theirs).order_by(step.id.desc()).limit(1)
            return session.scalar(newest) == "acknowledged"

    def _take(self, answer: Answer, order_ref: str) -> bool:
        """One bad answer holds up no other; one of an order that is no longer the case's is none."""
        try:
            with self._hub.database.transaction() as session:
                case = find_case(session, answer.case_id, lock=True)
                return case.order_ref == order_ref and apply(session, self._hub, answer)
        except KitwrightError as error:
            self._hub.metrics.loop_errors.labels("cmms").inc()
            log.warning("event=cmms_answer_not_taken error=%r", error.what)
            return False

    def _failed(self, error: DeliveryError) -> None:
        self._failures += 1
        longer = self._hub.config.cmms.poll_s * 2 ** min(self._failures, 10)
        self.pause_s = max(min(longer, MAX_PAUSE_S), error.after_s)
        self._hub.metrics.loop_errors.labels("cmms").inc()
        log.warning("event=cmms_not_asked failures=%d error=%r", self._failures, error.what)
        if self._failures >= FAILURES_TOLD and not self._told:
            text = f"{self._cmms.name} does not say what became of its orders: {error.what}"
            with self._hub.database.transaction() as session:
                raise_alert(
                    session, self._hub.config.notify, UNREACHABLE, "warning", text,
                    where=self._cmms.name,
                )  # fmt: skip
            self._told = True
