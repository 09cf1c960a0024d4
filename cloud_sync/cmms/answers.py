"""What a CMMS says of a case, by polling or by a signed message: it acknowledges or closes the case.

The cause code becomes a label by the table `cmms.causes`. One transaction per answer; the same answer
again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from cloud_sync.cases.closing import Finding, acknowledge, close, find_case
from cloud_sync.cmms.base import OrderProgress
from cloud_sync.effects.alerts import outbox_for, raise_alert
from cloud_sync.effects.json_http import printable
from cloud_sync.hub import Hub
from cloud_sync.store.models import Case

CAUSE_UNKNOWN = "cmms-cause-unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a case's order; `cause` is the code of the CMMS."""

    case_id: str
    progress: OrderProgress
    cause: str = ""
    who: str = ""
    note: str = ""


def is_news(case: Case, answer: Answer) -> bool:
    """Whether an answer would change a case, as far as can be said without a lock."""
    if answer.progress == "acknowledged":
        return case.acknowledged_at is None and case.closed_at is None
    return answer.progress == "done" and (
        case.closed_at is None or (bool(answer.cause) and not case.cause)
    )


def apply(session: Session, hub: Hub, answer: Answer) -> bool:
    """Does what an answer says, in the caller's transaction; whether anything changed.

    Raises:
        NotFoundError: no such case.
        DataError: the label of its cause cannot be one.
    """
    config = hub.config
    name, cmms = config.cmms.target, config.cmms
    effects = outbox_for(config.notify, cmms, config.url)
    answer = replace(answer, cause=printable(answer.cause), who=printable(answer.who))
    case = find_case(session, answer.case_id)
    if not is_news(case, answer):
        return False
    who = f"{name}:{answer.who}" if answer.who else name
    if answer.progress == "acknowledged":
        acknowledge(session, effects, case.id, who=who, note=answer.note, source=name)
        return True
    label = cmms.causes.get(answer.cause, "")
    note = answer.note
    if answer.cause and not label:
        note = f"cause code {answer.cause!r}. {note}".strip()
        text = f"{name} closed a case with the cause code {answer.cause!r}, which has no label here"
        raise_alert(session, config.notify, CAUSE_UNKNOWN, "warning", text, where=answer.cause)
        if case.closed_at is not None:
            return False
    done = close(session, effects, case.id, Finding(label, who, note, source=name))
    return not done.repeated
