"""How a connection is doing in a word, and why: from its row, the bundle that scores its leads, and open alerts.

Alerts are what all processes know of each other: a loop that is refused raises one, and closes it when that is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.crm.client import breaker
from cloud_sync.crm.connection.unopened import UNOPENED
from cloud_sync.crm.connection.used_up import USED_UP
from cloud_sync.crm.inbound.inbox import NOT_TAKEN
from cloud_sync.crm.outbound.refusals import in_words, refusal_of
from cloud_sync.crm.outbound.writeback import REFUSED as SCORES_REFUSED
from cloud_sync.crm.outbound.writing import DEAD
from cloud_sync.crm.scoring.models import REFUSED as BUNDLE_REFUSED
from cloud_sync.crm.scoring.models import released
from cloud_sync.store.models import Alert, CrmConnection, CrmLead, LeadModel
from cloud_sync.store.models.crm import FOR_A_PERSON

IN_ORDER = "in order"
SCORES_WAIT, CANNOT_SCORE, EARLIER = "scores refused", "cannot score", "bundle refused"
NOT_HEARD, LEFT_ALONE, DAY_USED_UP = "messages refused", "left alone", "day used up"
NO_BUNDLE = "no bundle is in force for {project}: kit publish --hub URL, and sign its release"
SCORED_BY_EARLIER = "{newer} was refused, {bundle} scores on: {why}"
GIVEN_UP = "{scores} given up, and none was taken since: {first}"
_ALERTS = (UNOPENED, USED_UP, SCORES_REFUSED, BUNDLE_REFUSED, *NOT_TAKEN)


@dataclass(frozen=True, slots=True)
class Condition:
    """One connection's; `why` is empty where the state says all."""

    state: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether a lead waits to be read and scored, and why for longer than a moment."""

    waits: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What conditions are told from, beside the rows: text by name and place of an alert; bundles by project, the released
    ones too."""

    alerts: Mapping[tuple[str, str], str]
    models: Mapping[str, LeadModel]
    released: Mapping[str, str]


def conditions(
    session: Session, rows: Sequence[CrmConnection], now: datetime
) -> dict[str, Condition]:
    """By connection."""
    models = _models(session, rows)
    newest = {project: released(session, project) for project in models}
    known = _Known(_open_alerts(session), models, newest)
    given_up = _given_up(session, [row.name for row in rows])
    return {row.name: _of(row, known, given_up.get(row.name, ""), now) for row in rows}


def turn_of(lead: CrmLead, said: Condition) -> Turn:
    """Whether a lead waits to be scored; `said` of its connection."""
    waits = (lead.due_at or lead.later_at) is not None and not lead.opted_out
    if lead.error:
        refused = refusal_of(lead.error, lead.connection)
        why = refused.why if refused is not None else lead.error
        return Turn(waits, f"The last try failed: {why}")
    if said.state in ("failing", "left alone"):
        return Turn(waits, f"{lead.connection} does not answer: {said.why}")
    if said.state == DAY_USED_UP:
        return Turn(waits, f"{lead.connection} allows no more requests today.")
    if said.state == "paused":
        return Turn(waits, f"{lead.connection} is paused.")
    if said.state == CANNOT_SCORE:
        return Turn(waits, f"It cannot be scored: {said.why}")
    return Turn(waits)


def _of(row: CrmConnection, known: _Known, given_up: str, now: datetime) -> Condition:
    asked = _of_asking(row, now)
    if asked is not None:
        return asked
    if row.hidden_at is not None:
        return Condition("leads hidden", row.error)
    for state, why in _faults(row, known, given_up):
        if why:
            return Condition(state, why)
    return Condition(IN_ORDER if row.project else "not scored", row.error)


def _faults(row: CrmConnection, known: _Known, given_up: str) -> Iterator[tuple[str, str]]:
    """What may be wrong though its CRM answers, the gravest first, and why; empty: it is not."""
    yield CANNOT_SCORE, known.alerts.get((UNOPENED, row.name), "")
    yield CANNOT_SCORE, _unscored(row, known) if row.project else ""
    yield DAY_USED_UP, known.alerts.get((USED_UP, row.name), "")
    yield SCORES_WAIT, known.alerts.get((SCORES_REFUSED, row.name), "") or given_up
    for alert in NOT_TAKEN:
        yield NOT_HEARD, known.alerts.get((alert, row.name), "")
    yield EARLIER, _earlier(row, known)


def _of_asking(row: CrmConnection, now: datetime) -> Condition | None:
    """Whether its CRM is asked at all, and answers; None: it is, and does."""
    if row.paused_at is not None:
        return Condition("paused", in_words(row.error))
    if breaker.rests(row, now):
        return Condition(LEFT_ALONE, in_words(row.error))
    return Condition("failing", in_words(row.error)) if row.failures else None


def _unscored(row: CrmConnection, known: _Known) -> str:
    """Why nothing can be scored; empty: a bundle is in force."""
    model = known.models.get(row.project)
    if model is not None and model.bundle:
        return known.alerts.get((BUNDLE_REFUSED, model.bundle[:12]), "")
    refused = known.alerts.get((BUNDLE_REFUSED, row.project), "")
    return refused or NO_BUNDLE.format(project=row.project)


def _earlier(row: CrmConnection, known: _Known) -> str:
    """Why an earlier bundle scores than the one that was released; empty: it does not, or a person said so."""
    model = known.models.get(row.project)
    newer = known.released.get(row.project, "")
    if model is None or model.held or newer in ("", model.bundle) or newer not in model.refused:
        return ""
    short = {"newer": newer[:12], "bundle": model.bundle[:12]}
    return SCORED_BY_EARLIER.format(**short, why=model.refused[newer])


def _open_alerts(session: Session) -> dict[tuple[str, str], str]:
    query = select(Alert.name, Alert.where, Alert.text).where(
        Alert.device.is_(None), Alert.name.in_(_ALERTS), Alert.seen_at.is_(None)
    )
    return {(name, where): text for name, where, text in session.execute(query)}


def _models(session: Session, rows: Sequence[CrmConnection]) -> dict[str, LeadModel]:
    names = {row.project for row in rows if row.project}
    query = select(LeadModel).where(LeadModel.project.in_(sorted(names)))
    return {model.project: model for model in session.scalars(query)} if names else {}


def _given_up(session: Session, names: Sequence[str]) -> dict[str, str]:
    """Connections whose latest scores were given up, with how many and why; one score among many that go says nothing."""
    waits = CrmLead.write_at.is_not(None)
    # by what is for a person, which is few: all may wait to be written
    query = (
        select(
            CrmLead.connection, func.count(CrmLead.write_at), func.max(CrmLead.write_at),
            func.min(CrmLead.dead).filter(waits),
        )
        .where(CrmLead.connection.in_(names), FOR_A_PERSON, CrmLead.dead > "")
        .where(CrmLead.dead.startswith(DEAD))
        .group_by(CrmLead.connection)
    )  # fmt: skip
    found = {}
    for name, count, last, first in session.execute(query).all() if names else ():
        if not count:
            continue
        later = select(CrmLead.object_id).where(CrmLead.connection == name, CrmLead.wrote_at > last)
        if session.scalar(later.limit(1)) is None:
            scores = "1 score was" if count == 1 else f"{count} scores were"
            found[name] = GIVEN_UP.format(scores=scores, first=in_words(first.removeprefix(DEAD)))
    return found
