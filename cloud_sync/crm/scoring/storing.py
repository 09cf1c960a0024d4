"""What becomes of a lead's row when its record was read and scored. Rules on one row; claiming and reading are others'.

A score changes the row's version only when people would see another one; it is written to the CRM only when it moved
by enough, or into another band.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cloud_sync.crm.connection.settings import CrmSettings
from cloud_sync.crm.kinds.base import Record
from cloud_sync.crm.scoring.scored import LeadScore, reason_json
from cloud_sync.store.models import CrmLead, CrmScore
from cloud_sync.store.types import JsonObject
from kits.core.harmless import printable

Trend = Literal["improving", "steady", "declining", ""]
OPEN, GONE = "open", "gone"
AHEAD = timedelta(minutes=5)
"""A CRM's clock may be so far ahead; a record from later than that was changed now. Else one wrong time would keep all later
news of the lead out."""
LEAST = timedelta(hours=6)
"""No lead is scored again sooner because it has grown older: each time its record is read from the CRM."""
REMEMBERED = 5
"""So many earlier scores a trend is told from."""
CAME = "came"
"""In what is kept of a lead's first score: when it came to the CRM, which may be long before a hub was connected."""
FEW = 10
"""Reasons and hints that are kept of a lead."""


@dataclass(frozen=True, slots=True)
class Rules:
    """When a score is written: after so many points, and whether at all; and how long a new lead is not complete yet."""

    min_change: int
    write: bool
    incomplete: timedelta = timedelta(0)

    @classmethod
    def of(cls, settings: CrmSettings) -> Rules:
        """Those of a connection."""
        incomplete = timedelta(minutes=settings.complete_after_min)
        return cls(settings.min_change, settings.write, incomplete)


def is_stale(lead: CrmLead, record: Record) -> bool:
    """Whether something newer of this lead was read already."""
    return lead.record_at is not None and record.modified_at < lead.record_at


def keep_score(
    lead: CrmLead,
    record: Record,
    score: LeadScore,
    before: Sequence[int],
    rules: Rules,
    now: datetime,
) -> CrmScore | None:
    """Puts a new score into the row of an open lead; what is to be appended to its course.

    Args:
        before: points of the earlier scores, the newest first.
    """
    lead.state, lead.outcome_at, lead.record_at = OPEN, None, _changed_at(record, now)
    lead.merged_into = ""
    lead.opted_out = _opted_out(lead, record, score)
    lead.fields = {} if lead.opted_out else dict(record.fields)
    if lead.opted_out:
        return take_away(lead, rules, now)
    if not lead.asked or _asked_ahead(lead, now):
        lead.asked = asked(record, score, now)
    elif _is_incomplete(lead, rules, now):
        lead.asked = asked(record, score, _first_asked(lead))
    changed = (lead.points, lead.band) != (score.points, score.band)
    if changed:
        lead.trend = trend(score.points, before, rules.min_change)
        lead.version += 1
    lead.probability, lead.low, lead.high = score.probability, score.low, score.high
    lead.confidence, lead.probability_when_new = score.confidence, score.when_new
    lead.fresh_at = score.new_since
    lead.points, lead.percentile, lead.band = score.points, score.percentile, score.band
    # they quote the lead's values, and stand on pages, in terminals and in the CRM
    lead.reasons = [reason_json(one) for one in score.reasons[:FEW]]
    lead.hints = [printable(one) for one in score.hints[:FEW]]
    lead.bundle, lead.scored_at, lead.again_at = score.bundle, now, _again_at(score, now)
    mark_write(lead, rules, min(lead.due_at or now, now))
    return course_of(lead, now) if changed else None


def is_muted(lead: CrmLead) -> bool:
    """Whether a person said that it is not scored, or it was erased: whatever its record says counts for nothing."""
    return lead.override.get("opted_out") is True


def keep_muted(lead: CrmLead, record: Record, rules: Rules, now: datetime) -> None:
    """An open lead that is not scored was read; nothing of the record is kept but when it was changed."""
    lead.state, lead.outcome_at, lead.record_at = OPEN, None, _changed_at(record, now)
    lead.opted_out, lead.fields, lead.merged_into = True, {}, ""
    take_away(lead, rules, now)


def mark_write(lead: CrmLead, rules: Rules, since: datetime) -> None:
    """Has the row written, if what the CRM shows is too far from it.

    Args:
        since: when that happened for which it is written: not when it was scored, or who is scored last would be written
            first. A pause after a failed write stays.
    """
    if rules.write and lead.state != GONE and differs(lead, rules.min_change):
        lead.write_at, lead.write_behind = max(lead.write_at or since, since), False


def goes_first(lead: CrmLead) -> bool:
    """Whether a write of it waits that lets no other go first."""
    return lead.write_at is not None and not lead.write_behind


def differs(lead: CrmLead, min_change: int) -> bool:
    """Whether the CRM shows something else than it should, by so much that it is worth a write.

    After an attempt whose end nobody knows, what it shows is not known either.
    """
    if lead.write_attempts:
        return True
    if lead.points is None:
        return lead.wrote_points is not None
    if lead.wrote_points is None or lead.wrote_band != shown_band(lead):
        return True
    return abs(lead.points - lead.wrote_points) >= min_change


def shown_band(lead: CrmLead) -> str:
    """A person's word counts more than the score."""
    said = lead.override.get("band")
    return said if isinstance(said, str) and said and lead.points is not None else lead.band


def take_away(lead: CrmLead, rules: Rules, now: datetime) -> CrmScore | None:
    """Removes the score: this person does not want to be scored."""
    had = lead.points is not None
    lead.probability = lead.low = lead.high = lead.confidence = lead.percentile = None
    lead.points, lead.band, lead.trend = None, "", ""
    lead.probability_when_new = lead.again_at = lead.fresh_at = None
    lead.reasons, lead.hints, lead.asked, lead.trial = [], [], {}, ""
    if not had and lead.version:
        mark_write(lead, rules, now)
        return None
    lead.version += 1
    mark_write(lead, rules, now)
    return course_of(lead, now, {"opted_out": True})


def course_of(lead: CrmLead, now: datetime, said: JsonObject | None = None) -> CrmScore:
    """The row as an entry of its course; `said`: what a person said of it, else the band is the score's own."""
    return CrmScore(
        connection=lead.connection, object_id=lead.object_id, version=lead.version,
        probability=lead.probability, points=lead.points, band=shown_band(lead) if said else lead.band,
        bundle=lead.bundle, override=said or {}, at=now,
    )  # fmt: skip


def is_gone(lead: CrmLead) -> None:
    """The CRM has it no more, or has put it away while it was open: it is in no list, and nothing is written to it."""
    lead.state = GONE
    takes_nothing(lead)


def takes_nothing(lead: CrmLead) -> None:
    """Nothing is written to it any more. Of one that comes back nobody knows what it shows."""
    lead.write_at, lead.dead, lead.error = None, "", ""
    lead.write_attempts = max(lead.write_attempts, 1)


def has_outcome(lead: CrmLead, record: Record, now: datetime) -> None:
    """It was won or lost: its score stays what it was, and so do the fields it was made of."""
    lead.state = record.outcome
    lead.outcome_at = record.outcome_at or record.modified_at
    lead.record_at = _changed_at(record, now)


def _again_at(score: LeadScore, now: datetime) -> datetime | None:
    """When it is another one; None: never."""
    days = score.holds_for_days
    return None if days is None else now + max(timedelta(days=days), LEAST)


def _changed_at(record: Record, now: datetime) -> datetime:
    return min(record.modified_at, now + AHEAD)


def _asked_ahead(lead: CrmLead, now: datetime) -> bool:
    """Whether a clock that was wrong said when the score was first asked for."""
    return _first_asked(lead) > now + AHEAD


def _is_incomplete(lead: CrmLead, rules: Rules, now: datetime) -> bool:
    """Whether programs may still be filling in what is known of a new lead. One that was decided meanwhile is what it was then."""
    return not lead.sample_id and timedelta(0) <= now - _first_asked(lead) < rules.incomplete


def _first_asked(lead: CrmLead) -> datetime:
    return datetime.fromisoformat(str(lead.asked["at"]))


def asked(record: Record, score: LeadScore, at: datetime) -> JsonObject:
    """The lead as it was when a score was asked for, with what was said.

    Args:
        at: when a score was asked for first.
    """
    came = min(score.new_since or record.created_at or at, at)
    return {
        "fields": dict(score.kept or record.fields), "at": at.isoformat(), CAME: came.isoformat(), "bundle": score.bundle,
        "verdict": score.verdict, "probability": score.probability, "points": score.points,
        "band": score.band, "base_rate": score.base_rate, "reasons": [reason_json(one) for one in score.reasons[:FEW]],
    }  # fmt: skip


def trend(points: int | None, before: Sequence[int], step: int) -> Trend:
    """Where the points went since the scores before: their median is what they are compared with."""
    if points is None or not before:
        return ""
    earlier = sorted(before[:REMEMBERED])
    moved = points - earlier[len(earlier) // 2]
    return "improving" if moved >= step else "declining" if moved <= -step else "steady"


def release(lead: CrmLead, mark: int, *, again_after: timedelta | None, now: datetime) -> None:
    """Gives the lead back: due again only if something of it came meanwhile, or when it is to be read again."""
    lead.lease_owner, lead.lease_until = "", None
    if again_after is not None:
        lead.due_at = now + again_after
    elif lead.due_mark == mark:
        lead.due_at = None


def _opted_out(lead: CrmLead, record: Record, score: LeadScore) -> bool:
    return record.opted_out or score.opted_out or is_muted(lead)
