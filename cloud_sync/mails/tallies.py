"""Counting mails by project, bundle and week: what was decided, audited, drafted. Counts only, no rates.

Weeks begin on Mondays, UTC. Drafts count in the week in which they were sent or thrown away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, timezone

from sqlalchemy import ColumnElement, Double, cast, func, select
from sqlalchemy.orm import Session

from cloud_sync.mails import truth
from cloud_sync.store.models import Bundle, MailDraft, Sample
from cloud_sync.store.models.mails import MAILS

WEEK = timedelta(days=7)
Key = tuple[str, str, datetime]
"""Project, bundle, Monday."""


@dataclass
class Tally:
    """Counts that add up.

    Attributes:
        mails, acts: all, and those decided without a person.
        audits, audits_wrong, audits_waiting: audit mails a person has filed, those decided wrongly, those not filed yet.
        later, later_wrong: filed mails that somebody looked at by chance, and wrong ones among them.
        suggested, suggested_right: mails left to a person for which a language model suggested an intent and a person
            said one, and those for which both said the same.
        accepted, edited, discarded: drafts.
        changed: of each edited draft the share of its words that was not sent.
        answer_h: hours from a mail to its answer.
    """

    mails: int = 0
    acts: int = 0
    audits: int = 0
    audits_wrong: int = 0
    audits_waiting: int = 0
    later: int = 0
    later_wrong: int = 0
    suggested: int = 0
    suggested_right: int = 0
    accepted: int = 0
    edited: int = 0
    discarded: int = 0
    changed: list[float] = field(default_factory=list)
    answer_h: list[float] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Also what `other` counts."""
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def drafts(self) -> int:
        """Drafts whose fate is known."""
        return self.accepted + self.edited + self.discarded


def monday(at: datetime) -> datetime:
    """The beginning of a time's week, UTC."""
    day = at.astimezone(timezone.utc).date()
    return datetime.combine(day - timedelta(days=day.weekday()), time(), timezone.utc)


def tallies(session: Session, since: datetime, until: datetime) -> Mapping[Key, Tally]:
    """All counts of a time that begins on a Monday."""
    found: dict[Key, Tally] = defaultdict(Tally)
    _count_mails(session, found, since, until)
    judged, waiting = truth.audited(session, since=since, until=until)
    for one in judged:
        tally = found[one.project, one.bundle, monday(one.at)]
        tally.audits += 1
        tally.audits_wrong += one.wrong
    for name, bundle, at in waiting:
        found[name, bundle, monday(at)].audits_waiting += 1
    for one in truth.found_later(session, since=since, until=until):
        tally = found[one.project, one.bundle, monday(one.at)]
        tally.later += 1
        tally.later_wrong += one.wrong
    for one in truth.suggested(session, since=since, until=until):
        tally = found[one.project, one.bundle, monday(one.at)]
        tally.suggested += 1
        tally.suggested_right += not one.wrong
    _count_drafts(session, found, since, until)
    return found


def _count_mails(
    session: Session, found: dict[Key, Tally], since: datetime, until: datetime
) -> None:
    """Week by week: each is a walk over a part of one index, whatever the database calls a week."""
    columns = Sample.project, Sample.bundle, Sample.verdict
    week = since
    while week <= until:
        query = (
            select(*columns, func.count())
            .where(MAILS, Sample.captured_at >= week, Sample.captured_at < min(week + WEEK, until))
            .group_by(*columns)
        )
        for project, bundle, verdict, count in session.execute(query):
            tally = found[project, bundle, week]
            tally.mails += count
            tally.acts += count if verdict == "act" else 0
        week += WEEK


def _count_drafts(
    session: Session, found: dict[Key, Tally], since: datetime, until: datetime
) -> None:
    """In the week in which the draft was sent or thrown away."""
    project = func.coalesce(Bundle.project, Sample.project, "")
    mine = (Sample.id == MailDraft.sample_id) & (Sample.device == MailDraft.device)
    columns = MailDraft.fate, MailDraft.changed_share, MailDraft.at, MailDraft.bundle
    query = (
        select(*columns, project, _hours(session))
        .outerjoin(Sample, mine)
        .outerjoin(Bundle, Bundle.id == MailDraft.bundle)
        .where(MailDraft.at >= since, MailDraft.at < until)
    )
    for fate, changed, at, bundle, name, hours in session.execute(query):
        tally = found[name, bundle, since + (at - since) // WEEK * WEEK]
        if fate == "discarded":
            tally.discarded += 1
            continue
        tally.accepted += fate == "accepted"
        tally.edited += fate == "edited"
        if fate == "edited":
            tally.changed.append(changed)
        if hours is not None and hours >= 0:
            tally.answer_h.append(hours)


def _hours(session: Session) -> ColumnElement[float | None]:
    """From a mail to its answer; NULL where the mail is not there."""
    if session.get_bind().dialect.name == "sqlite":
        # days are a number of ten digits there: what lies below a millisecond is no difference
        days = func.julianday(MailDraft.at) - func.julianday(Sample.captured_at)
        return func.round(days * 24, 6)
    return cast(func.extract("epoch", MailDraft.at - Sample.captured_at) / 3600, Double)
