"""What the overview shows, computed from the tables: counts, bars, rates, and the next things to do.

Read-only. Audited rates come from `learning/audits.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from sqlalchemy import ColumnElement, Function, func, select
from sqlalchemy.orm import Session

from cloud_sync.intake.ledger import Account, GivenUp, dated, undated_accounts
from cloud_sync.intake.words import loss_words
from cloud_sync.learning.audits import audited
from cloud_sync.learning.review_queue import count_waiting
from cloud_sync.store.models import (
    Alert,
    Bundle,
    Deployment,
    Device,
    Epoch,
    Gap,
    Job,
    Review,
    Sample,
)
from cloud_sync.store.models.mails import MEDIA_TYPE as MAIL
from cloud_sync.web.auth import Identity
from cloud_sync.web.lead_counts import LeadCounts, lead_counts
from cloud_sync.web.next_steps import IN_USE, NextStep, count_of, next_steps
from cloud_sync.web.view_models import bundle_names, pairs
from kits.core.discovery import get_kit
from kits.core.errors import KitwrightError
from kits.core.sample import utc_now
from kits.core.stats import Estimate

HOURS = 24
WINDOW = timedelta(hours=HOURS)
SHOWN_DEVICES = 50
SHOWN_ALERTS = 4
SHOWN_LOSSES = 4
_VERDICTS = ("act", "review", "pass")
_BAR_HEIGHT = 140.0


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One device in the overview's table."""

    name: str
    site: str
    group: str
    online: bool
    last_seen_at: datetime | None
    bundle: str
    bundle_name: str
    deployment: str
    decisions: int


@dataclass(frozen=True, slots=True)
class BarPiece:
    """A part of a bar, in units of the drawing."""

    verdict: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """Decisions of one hour."""

    x: float
    title: str
    pieces: tuple[BarPiece, ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """An audited rate with its interval."""

    name: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Loss:
    """A declared loss of the last day, in words."""

    device: str
    gap: GivenUp
    words: str


@dataclass(frozen=True)
class Overview:
    """Everything the first page shows."""

    now: datetime
    counts: dict[str, int]
    bars: list[Bar]
    busiest: int
    devices: list[DeviceLine]
    enrolled: int
    online: int
    rates: list[Rate]  # none where all is mail
    waiting: int
    reviewed: int
    alerts: list[Alert]
    open_alerts: int
    losses: list[Loss]
    lost_rows: int
    missing_rows: int
    jobs: list[Job]
    todo: list[NextStep]
    leads: LeadCounts | None  # None where no CRM is connected

    @property
    def leads_only(self) -> bool:
        """Whether leads are all there is: then there is no line to speak of."""
        return self.leads is not None and not self.enrolled

    @property
    def decisions(self) -> int:
        return sum(self.counts.values())

    @property
    def offline(self) -> int:
        return self.enrolled - self.online


def _rates(session: Session, kinds: Collection[str]) -> list[Rate]:
    """In the words of parts where all that is decided here are pictures of them."""
    parts = all(kind.startswith("image/") for kind in set(kinds) - {MAIL})
    audits = audited(session, mails=False).rates()
    return [
        Rate("Escapes: missed defects" if parts else "Escapes: missed faults", audits["escape_rate"]),
        Rate("Overkill: good parts rejected" if parts else "Overkill: false alarms", audits["overkill_rate"]),
    ]  # fmt: skip


def _kinds(session: Session) -> set[str]:
    """Media types of all that the bundles here decide; empty where nothing is known of a kit."""
    kits = session.scalars(select(Bundle.kit).distinct()).all()
    try:
        return {kind for kit in kits for kind in get_kit(kit).manifest.media_types}
    except KitwrightError:
        return set()  # it is not installed here


def make_overview(session: Session, who: Identity, now: datetime | None = None) -> Overview:
    """The overview for one person."""
    now = now or utc_now()
    since = now - WINDOW
    recent = select(Alert).where(Alert.seen_at.is_(None)).order_by(Alert.at.desc())
    open_alerts = count_of(session, Alert.id, Alert.seen_at.is_(None))
    ledger = _with_losses(session, since)
    losses = _told_since(ledger, since)
    jobs = session.scalars(
        select(Job).where(Job.state.in_(("queued", "running"))).order_by(Job.id.desc()).limit(5)
    ).all()
    reviewed = session.scalar(select(func.count()).select_from(Review).where(Review.at >= since))
    waiting = count_waiting(session, who.person_id)
    hours, kinds = _per_hour(session, now), _kinds(session)
    return Overview(
        now=now,
        counts={verdict: sum(hour[verdict] for hour in hours) for verdict in _VERDICTS},
        bars=_bars(hours, since),
        busiest=max(sum(hour.values()) for hour in hours),
        devices=_devices(session, now),
        enrolled=count_of(session, Device.name, IN_USE),
        online=count_of(session, Device.name, IN_USE & Device.online),
        rates=[] if kinds == {MAIL} else _rates(session, kinds),  # mails' have a page of their own
        waiting=waiting,
        reviewed=reviewed or 0,
        alerts=list(session.scalars(recent.limit(SHOWN_ALERTS))),
        open_alerts=open_alerts,
        losses=[_in_words(session, *loss) for loss in losses[:SHOWN_LOSSES]],
        lost_rows=sum(gap.rows for _, gap in losses),
        missing_rows=sum(account.missing for account in ledger),
        jobs=list(jobs),
        todo=next_steps(session, who, waiting, open_alerts),
        leads=lead_counts(session),
    )


def _with_losses(session: Session, since: datetime) -> list[Account]:
    """The ledgers of devices that told of a loss lately, or whose rows are missing."""
    told = session.scalars(select(Gap.device).where(Gap.at >= since).distinct())
    holes = session.scalars(select(Epoch.device).where(Epoch.missing_since.is_not(None)).distinct())
    return undated_accounts(session, {*told, *holes})


def _told_since(ledger: list[Account], since: datetime) -> list[tuple[Account, GivenUp]]:
    """What was declared lost lately, the newest first."""
    found = [(account, gap) for account in ledger for gap in account.gaps if gap.told_at >= since]
    return sorted(found, key=lambda loss: loss[1].told_at, reverse=True)


def _in_words(session: Session, account: Account, gap: GivenUp) -> Loss:
    return Loss(account.device, gap, loss_words(dated(session, account, gap)))


def _per_hour(session: Session, now: datetime) -> list[dict[str, int]]:
    """Decisions by verdict, for each of the last 24 hours; counted by the database, per minute."""
    start = now - WINDOW
    minute = _minute(session)
    query = (
        select(Sample.verdict, minute, func.count())
        .where(Sample.verdict.in_(_VERDICTS), *_in_window(now))
        .group_by(Sample.verdict, minute)
    )
    table = [dict.fromkeys(_VERDICTS, 0) for _ in range(HOURS)]
    for verdict, text, count in session.execute(query):
        at = datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
        hour = int((at - start) // timedelta(hours=1))
        table[min(max(hour, 0), HOURS - 1)][verdict] += count
    return table


def _in_window(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Sample.captured_at > now - WINDOW, Sample.captured_at <= now


def _minute(session: Session) -> Function[str]:
    """The capture's minute as text, like `2026-11-25 10:42`, in UTC on every database."""
    if session.get_bind().dialect.name == "sqlite":
        return func.substr(Sample.captured_at, 1, 16)
    return func.to_char(func.timezone("UTC", Sample.captured_at), "YYYY-MM-DD HH24:MI")


def _bars(table: list[dict[str, int]], start: datetime) -> list[Bar]:
    highest = max(1, *(sum(row.values()) for row in table))
    return [_bar(hour, row, highest, start) for hour, row in enumerate(table)]


def _bar(hour: int, row: dict[str, int], highest: int, start: datetime) -> Bar:
    pieces = []
    top = 149.0
    for verdict in reversed(_VERDICTS):
        height = row[verdict] / highest * _BAR_HEIGHT
        top -= height
        if height:
            pieces.append(BarPiece(verdict, round(top, 1), round(height, 1)))
    begin = (start + timedelta(hours=hour)).strftime("%H:%M")
    words = ", ".join(f"{row[verdict]} {verdict}" for verdict in _VERDICTS)
    return Bar(hour * 30 + 4, f"from {begin} UTC: {words}", tuple(pieces))


def _devices(session: Session, now: datetime) -> list[DeviceLine]:
    """The devices in use, those that are away first."""
    decisions = (
        select(func.count()).where(Sample.device == Device.name, *_in_window(now)).scalar_subquery()
    )
    rows = session.execute(
        select(Device, decisions)
        .where(IN_USE)
        .order_by(Device.online, Device.name)
        .limit(SHOWN_DEVICES)
    ).all()
    moving = select(Deployment.device, Deployment.state).where(Deployment.finished_at.is_(None))
    states = pairs(session, moving)
    names = bundle_names(session)
    return [
        DeviceLine(
            row.name, row.site, row.group, row.online, row.last_seen_at, row.running_bundle,
            names.get(row.running_bundle, ""), states.get(row.name, ""), count,
        )
        for row, count in rows
    ]  # fmt: skip
