"""Leads as people and programs ask for them, and what people say of them: override, opt out, score again, try again.

The team's order is in `hotlist.py`, forgetting a lead in `erasure/forgetting.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.order import take_whole
from cloud_sync.crm.scoring import storing
from cloud_sync.crm.scoring.cutting import Cut, place_of
from cloud_sync.crm.scoring.scored import BANDS, reason_json, reasons_in
from cloud_sync.errors import ConflictError, NotFoundError
from cloud_sync.hub import audit
from cloud_sync.store.models import CrmConnection, CrmLead, CrmScore
from cloud_sync.store.models.crm import FOR_A_PERSON
from kits.core.errors import DataError, did_you_mean
from kits.core.harmless import printable
from kits.core.sample import utc_now

MAX_WHY = 1000
ERASED_WORDS = "erased"
"""Stands for who and why in what is kept of a lead that was erased."""
_TITLES: tuple[tuple[str, ...], ...] = (
    ("name",), ("dealname",), ("hs_lead_name",), ("contact_name",), ("title",), ("firstname", "lastname"),
    ("FirstName", "LastName"), ("Name",), ("fullname",), ("company",), ("Company",), ("email",), ("Email",),
)  # fmt: skip
"""Columns by which CRMs call a lead, the best first; those of one entry belong together."""
_FIRMS = (
    "company",
    "Company",
    "companyname",
    "partner_name",
    "org_name",
    "organization",
    "Organization",
)
"""Columns in which CRMs name a lead's firm."""
MAX_TITLE = 80
_MARKS = dict.fromkeys((0x061C, 0x200E, 0x200F))
"""Signs that say which way a name is read: they belong to Arabic and Hebrew ones, and turn nothing around."""
COURSE = 200
"""So many entries of a lead's course are shown."""
LONGEST = 20
"""So many merges in a row are followed."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Whether the CRM shows what it should: `written`, `waiting`, `failing`, `given up`, `shown here`, `opted out`."""

    state: str
    why: str = ""


def find(session: Session, connection: str, object_id: str, *, hold: bool = False) -> CrmLead:
    """A lead. `hold`: nobody else changes it until the transaction ends.

    Raises:
        NotFoundError: no such connection, or no such lead of it.
    """
    if hold:
        take_whole(session, connection)
    lead = session.get(CrmLead, (connection, object_id), with_for_update=hold)
    if lead is not None:
        return lead
    require_connection(session, connection)
    raise NotFoundError(
        "no such lead", where=object_id[:64], fix="cloud-sync leads list --search TEXT --state all"
    )


def require_connection(session: Session, name: str) -> None:
    """Raises NotFoundError: no such connection."""
    if session.get(CrmConnection, name) is None:
        names = list(session.scalars(select(CrmConnection.name)))
        raise NotFoundError("no such connection", where=name[:64], fix=did_you_mean(name, names))


def held(session: Session, connection: str, object_id: str) -> CrmLead | None:
    """A lead as it is now, whatever was done past the ORM; nobody else changes it until the transaction ends.

    Its connection is taken whole before (`order.py`).
    """
    key = connection, object_id
    return session.get(CrmLead, key, with_for_update=True, populate_existing=True)


def left_of(session: Session, lead: CrmLead) -> CrmLead | None:
    """The lead that is left of one that was merged into others; None: it was not, or that one is not known here.

    Of two that were merged into each other, as one came back between, it is the one that is there.
    """
    way = [lead]
    while way[-1].merged_into and len(way) <= LONGEST:
        left = held(session, lead.connection, way[-1].merged_into)
        if left is None:
            return None
        if left in way:
            return next((one for one in way[1:] if one.state != storing.GONE), None)
        way.append(left)
    return way[-1] if len(way) > 1 and not way[-1].merged_into else None


def course(session: Session, lead: CrmLead, limit: int = COURSE) -> Sequence[CrmScore]:
    """What was in force of a lead and what was said of it, the newest first."""
    query = select(CrmScore).where(
        CrmScore.connection == lead.connection, CrmScore.object_id == lead.object_id
    )
    return session.scalars(query.order_by(CrmScore.id.desc()).limit(limit)).all()


def override(
    session: Session, connection: str, object_id: str, band: str, *, why: str, who: str
) -> CrmLead:
    """A person's band in place of the score's, or none any more; the score itself stays what it is.

    Raises:
        NotFoundError: no such lead.
        DataError: no reason, or no such band.
        ConflictError: the lead has no score to say something of, or no person's band to take back.
    """
    if band and band not in BANDS:
        raise DataError("no such band", where="band", fix=f"one of {', '.join(BANDS)}, or empty")
    lead = find(session, connection, object_id, hold=True)
    if lead.points is None:
        raise ConflictError(
            "this lead has no score",
            where=object_id[:64],
            fix="wait until it is scored; cloud-sync crm list says what is due",
        )
    if not band and not lead.override.get("band"):
        raise ConflictError(
            "no person's band stands to be taken back", where=object_id[:64], fix=f"band: {', '.join(BANDS)}"
        )  # fmt: skip
    said = _said(band=band, why=why, who=who)
    put_in_place(session, lead, said, counts=bool(band))
    audit(session, who, "leads.override", _target(lead), band=band or "none", why=said_why(said))
    return lead


def opt_out(
    session: Session, connection: str, object_id: str, out: bool, *, why: str, who: str
) -> CrmLead:
    """This person is not scored any more: the score goes, here and in the CRM. Or is again, at the next reading.

    Who was merged into another record is not scored under that one's number either.

    Raises:
        NotFoundError: no such lead.
        DataError: no reason.
        ConflictError: it was erased, and is to be scored again.
    """
    lead = find(session, connection, object_id, hold=True)
    if is_erased(lead):
        if out:
            return lead  # it is not scored, and that it was erased must not be forgotten
        raise ConflictError(
            "this lead was erased for ever", where=object_id[:64],
            fix="who wants to be scored again is a new record in the CRM",
        )  # fmt: skip
    said = _said(why=why, who=who, opted_out=out)
    audit(
        session, who, "leads.opt-out" if out else "leads.opt-in", _target(lead), why=said_why(said)
    )
    if not out:
        lead.override, lead.opted_out = {}, False
        session.add(storing.course_of(lead, utc_now(), said))
        _make_due(lead)
        return lead
    mute(session, lead, said)
    left = left_of(session, lead)
    if left is not None and not storing.is_muted(left):
        mute(session, left, said)
    return lead


def mute(session: Session, lead: CrmLead, said: dict[str, JsonValue]) -> None:
    """This person is not scored any more. `said`: by whom and why, with `opted_out`."""
    lead.override, lead.opted_out = said, True
    entry = storing.take_away(lead, _rules(session, lead), utc_now())
    if entry is not None:
        entry.override = said
        session.add(entry)


def put_in_place(
    session: Session, lead: CrmLead, said: dict[str, JsonValue], *, counts: bool = True
) -> None:
    """A person's band in place of the score's, as another version of what the CRM is to show.

    Args:
        counts: False: it was taken back.
    """
    now = utc_now()
    lead.override = said if counts else {}
    lead.version += 1
    storing.mark_write(lead, _rules(session, lead), now)
    session.add(storing.course_of(lead, now, said))


def is_erased(lead: CrmLead) -> bool:
    """Whether it was erased for ever (`erasure/forgetting.py`)."""
    return lead.override.get("who") == lead.override.get("why") == ERASED_WORDS


def rescore(session: Session, connection: str, object_id: str, *, who: str) -> CrmLead:
    """Has a lead read and scored anew soon, also one that could not be scored before.

    Raises:
        NotFoundError: no such lead.
    """
    lead = find(session, connection, object_id, hold=True)
    _make_due(lead)
    audit(session, who, "leads.rescore", _target(lead))
    return lead


def retry_dead(session: Session, connection: str, *, who: str) -> int:
    """Tries all leads of a connection again that wait for a person; how many.

    Raises:
        NotFoundError: no such connection.
    """
    require_connection(session, connection)
    take_whole(session, connection)
    query = select(CrmLead).where(CrmLead.connection == connection, FOR_A_PERSON)
    rows = session.scalars(query.order_by(CrmLead.object_id).with_for_update()).all()
    for lead in rows:
        _make_due(lead)
    audit(session, who, "leads.retry", connection, leads=len(rows))
    return len(rows)


def title_of(lead: CrmLead) -> str:
    """What people call it, else its number; on one line, without signs that steer a terminal."""
    for names in _TITLES:
        words = [str(lead.fields[name]) for name in names if lead.fields.get(name)]
        if words:
            return _on_one_line(" ".join(words))
    return lead.object_id


def firm_of(lead: CrmLead) -> str:
    """The firm it is of, where the CRM names one that it is not called by itself; a number is no name."""
    found = (lead.fields.get(name) for name in _FIRMS)
    firm = next(
        (_on_one_line(one) for one in found if isinstance(one, str) and not one.isdigit()), ""
    )
    return "" if firm == title_of(lead) else firm


def _on_one_line(text: str) -> str:
    return " ".join(printable(text.translate(_MARKS)).split())[:MAX_TITLE]


def delivery(lead: CrmLead, settings: CrmSettings) -> Delivery:
    """Whether the CRM shows what it should of a lead."""
    if lead.dead:
        return Delivery("given up", lead.dead)
    if lead.state == "gone":
        into = f"it was merged into {lead.merged_into}" if lead.merged_into else ""
        return Delivery("not there", into or "it was deleted, or merged into another one")
    if not settings.write:
        return Delivery("shown here", "this connection writes nothing")
    if lead.write_at is not None:
        failing = bool(lead.write_error)
        return Delivery("failing" if failing else "waiting", lead.write_error)
    if lead.opted_out:
        return Delivery("opted out")
    return Delivery("written") if lead.wrote_at is not None else Delivery("not yet scored")


def as_json(lead: CrmLead, cut: Cut | None = None, *, fields: bool = False) -> dict[str, JsonValue]:
    """A lead for API and `--json`; `cut`: of its connection, where one is in force."""
    told: dict[str, JsonValue] = {
        "connection": lead.connection, "id": lead.object_id, "state": lead.state,
        "probability": lead.probability, "low": lead.low, "high": lead.high, "confidence": lead.confidence,
        "probability_when_new": lead.probability_when_new,
        "points": lead.points, "percentile": place_of(lead, cut), "band": storing.shown_band(lead),
        "reasons": [reason_json(one) for one in reasons_in(lead.reasons)], "hints": lead.hints, "trend": lead.trend, "bundle": lead.bundle,
        "scored_at": _iso(lead.scored_at), "record_at": _iso(lead.record_at),
        "seen_at": _iso(lead.seen_at), "opted_out": lead.opted_out, "override": lead.override,
        "lot": lead.lot, "trial": lead.trial, "due": (lead.due_at or lead.later_at) is not None, "version": lead.version,
        "written": lead.written, "wrote_points": lead.wrote_points,
        "wrote_at": _iso(lead.wrote_at), "write_waits": lead.write_at is not None,
        "error": lead.dead or lead.write_error or lead.error, "dead": bool(lead.dead),
        "outcome_at": _iso(lead.outcome_at), "sample": lead.sample_id,
        "merged_into": lead.merged_into,
    }  # fmt: skip
    return {**told, "fields": lead.fields} if fields else told


def entry_json(entry: CrmScore) -> dict[str, JsonValue]:
    """An entry of a lead's course, for the same."""
    return {
        "version": entry.version, "probability": entry.probability, "points": entry.points,
        "band": entry.band, "bundle": entry.bundle, "said": entry.override, "at": entry.at.isoformat(),
    }  # fmt: skip


def said_why(said: dict[str, JsonValue]) -> str:
    """The reason in what a person said."""
    return str(said.get("why", ""))


def _said(*, why: str, who: str, **more: JsonValue) -> dict[str, JsonValue]:
    if not _readable(why):
        raise DataError("say why, so that others know", where="why", fix="a sentence")
    return {**more, "who": who, "at": utc_now().isoformat(), "why": _readable(why)[:MAX_WHY]}


def _readable(text: str) -> str:
    """Without signs that databases do not take (NUL) or that turn what others read (bidi, escapes of terminals)."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def _rules(session: Session, lead: CrmLead) -> storing.Rules:
    row = session.get_one(CrmConnection, lead.connection)
    return storing.Rules.of(CrmSettings.model_validate(row.settings))


def _make_due(lead: CrmLead) -> None:
    lead.due_at, lead.due_mark = utc_now(), lead.due_mark + 1
    lead.attempts, lead.dead, lead.error = 0, "", ""
    # what was tried in vain is tried as often again; that it was tried is kept: nobody knows what the CRM shows
    lead.write_attempts = min(lead.write_attempts, 1)


def _target(lead: CrmLead) -> str:
    return f"{lead.connection}/{lead.object_id}"


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
