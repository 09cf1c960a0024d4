"""What a CMMS says of a case, by polling or by a signed message: it acknowledges or closes the case.

The cause code becomes a label by the table `cmms.causes`. One transaction per answer; the same answer
again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from cloud_sync.cases.closing import Finding, acknowledge, close, find_case
from cloud_sync.cases.labels import plain_cause
from cloud_sync.cmms.base import OrderProgress
from cloud_sync.effects.alerts import outbox_for, raise_lasting
from cloud_sync.effects.json_http import printable
from cloud_sync.hub import Hub
from cloud_sync.store.models import Case
from kits.core.labelling import spelled_as, spelling
from kits.core.sample import utc_now

CAUSE_UNKNOWN = "cmms-cause-unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a case's order; `cause` is the code of the CMMS."""

    case_id: str
    progress: OrderProgress
    cause: str = ""
    who: str = ""
    note: str = ""


def is_news(case: Case, answer: Answer, name: str, causes: Mapping[str, str]) -> bool:
    """Whether an answer of the CMMS `name` would change a case, as far as can be said without a lock.

    Who gave the wrong code there may give another one; a person's word here stands above both.
    """
    if answer.progress == "acknowledged":
        return case.acknowledged_at is None and case.closed_at is None
    if answer.progress != "done" or case.closed_at is None:
        return answer.progress == "done"
    if not answer.cause or not case.cause:
        return bool(answer.cause)
    another = spelling(_label_of(answer.cause, causes)) != spelling(case.cause)
    return another and case.cause_from == name


def _label_of(code: str, causes: Mapping[str, str]) -> str:
    """A code's label, however its capitals and spaces are typed; empty: it has none."""
    return plain_cause(causes.get(spelled_as(code, causes), ""))


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
    if not is_news(case, answer, name, cmms.causes):
        return False
    who = f"{name}:{answer.who}" if answer.who else name
    if answer.progress == "acknowledged":
        acknowledge(session, effects, case.id, who=who, note=answer.note, source=name)
        return True
    label, note = _label_of(answer.cause, cmms.causes), answer.note
    unknown = bool(answer.cause) and not label
    if unknown:
        note = f"cause code {answer.cause!r}. {note}".strip()
    if case.closed_at is not None and unknown:
        _tell_unknown(session, hub, case, answer.cause)
        return False
    done = close(session, effects, case.id, Finding(label, who, note, source=name))
    if unknown:
        _tell_unknown(session, hub, case, answer.cause)
    return not done.repeated


def _tell_unknown(session: Session, hub: Hub, case: Case, code: str) -> None:
    """Of a closed case. The code stands there as it is and is read at every turn: seen by a person, it rests."""
    text = f"{hub.config.cmms.target} closed a case with the cause code {code!r}, which has no label here"
    since = case.closed_at or utc_now()
    raise_lasting(
        session, hub.config.notify, CAUSE_UNKNOWN, "warning", text, where=code, since=since
    )
