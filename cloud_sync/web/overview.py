"""What the overview shows, computed from the tables: counts, bars, rates, and the next things to do.

Read-only. Audited rates come from `learning/audits.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud_sync.intake.ledger import Account, GivenUp, accounts
from cloud_sync.intake.words import loss_words
from cloud_sync.learning.audits import audited
from cloud_sync.learning.reviews import count_waiting
from cloud_sync.store.models import (
    Alert,
    Bundle,
    Dataset,
    Deployment,
    Device,
    Epoch,
    Gap,
    Job,
    Review,
    Sample,
)
from cloud_sync.web.auth import Identity
from cloud_sync.web.view_models import bundle_names, pairs
from kits.core.sample import utc_now
from kits.core.stats import Estimate

WINDOW = timedelta(hours=24)
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


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something worth doing now."""

    text: str
    verb: str
    path: str


@dataclass(frozen=True)
class Overview:
    """Everything the first page shows."""

    now: datetime
    counts: dict[str, int]
    bars: list[Bar]
    devices: list[DeviceLine]
    rates: list[Rate]
    waiting: int
    reviewed: int
    alerts: list[Alert]
    losses: list[Loss]
    missing_rows: int
    jobs: list[Job]
    todo: list[NextStep]

    @property
    def decisions(self) -> int:
        return sum(self.counts.values())

    @property
    def online(self) -> int:
        return sum(device.online for device in self.devices)

    @property
    def offline(self) -> int:
        return len(self.devices) - self.online

    @property
    def lost_rows(self) -> int:
        return sum(loss.gap.rows for loss in self.losses)


def make_overview(session: Session, who: Identity, now: datetime | None = None) -> Overview:
    """The overview for one person."""
    now = now or utc_now()
    since = now - WINDOW
    recent = select(Alert).where(Alert.seen_at.is_(None)).order_by(Alert.at.desc()).limit(50)
    ledger = _with_losses(session, since)
    jobs = session.scalars(
        select(Job).where(Job.state.in_(("queued", "running"))).order_by(Job.id.desc()).limit(5)
    ).all()
    reviewed = session.scalar(select(func.count()).select_from(Review).where(Review.at >= since))
    waiting = count_waiting(session, who.person_id)
    audits = audited(session).rates()
    return Overview(
        now=now,
        counts=_counts(session, since),
        bars=_bars(session, now),
        devices=_devices(session, since),
        rates=[
            Rate("Escapes: missed defects", audits["escape_rate"]),
            Rate("Overkill: good parts rejected", audits["overkill_rate"]),
        ],
        waiting=waiting,
        reviewed=reviewed or 0,
        alerts=list(session.scalars(recent)),
        losses=[
            Loss(account.device, gap, loss_words(gap))
            for account in ledger
            for gap in reversed(account.gaps)
            if gap.told_at >= since
        ],
        missing_rows=sum(account.missing for account in ledger),
        jobs=list(jobs),
        todo=_todo(session, who, waiting),
    )


def _with_losses(session: Session, since: datetime) -> list[Account]:
    """The ledgers of devices that told of a loss lately, or whose rows are missing."""
    told = session.scalars(select(Gap.device).where(Gap.at >= since).distinct())
    holes = session.scalars(select(Epoch.device).where(Epoch.missing_since.is_not(None)).distinct())
    return [account for name in sorted({*told, *holes}) for account in accounts(session, name)]


def _counts(session: Session, since: datetime) -> dict[str, int]:
    query = (
        select(Sample.verdict, func.count())
        .where(Sample.captured_at >= since)
        .group_by(Sample.verdict)
    )
    found = pairs(session, query)
    return {verdict: found.get(verdict, 0) for verdict in _VERDICTS}


def _bars(session: Session, now: datetime) -> list[Bar]:
    start = now - WINDOW
    table = [dict.fromkeys(_VERDICTS, 0) for _ in range(24)]
    query = select(Sample.captured_at, Sample.verdict).where(
        Sample.captured_at > start, Sample.captured_at <= now
    )
    for at, verdict in session.execute(query):
        hour = min(23, int((at - start).total_seconds() // 3600))
        if verdict in _VERDICTS:
            table[hour][verdict] += 1
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


def _devices(session: Session, since: datetime) -> list[DeviceLine]:
    counted = (
        select(Sample.device, func.count())
        .where(Sample.captured_at >= since)
        .group_by(Sample.device)
    )
    decisions = pairs(session, counted)
    moving = select(Deployment.device, Deployment.state).where(Deployment.finished_at.is_(None))
    states = pairs(session, moving)
    names = bundle_names(session)
    rows = session.scalars(
        select(Device).where(Device.revoked_at.is_(None)).order_by(Device.online, Device.name)
    )
    return [
        DeviceLine(
            row.name, row.site, row.group, row.online, row.last_seen_at, row.running_bundle,
            names.get(row.running_bundle, ""), states.get(row.name, ""), decisions.get(row.name, 0),
        )
        for row in rows
    ]  # fmt: skip


def _todo(session: Session, who: Identity, waiting: int) -> list[NextStep]:
    steps: list[NextStep] = []
    if waiting and who.may("reviewer"):
        steps.append(
            NextStep(
                _many(waiting, "sample waits", "samples wait") + " for your judgement",
                "Review",
                "/review",
            )
        )
    unseen = _count(session, Alert.id, Alert.seen_at.is_(None))
    if unseen:
        steps.append(
            NextStep(
                _many(unseen, "alert", "alerts") + " nobody has acknowledged", "Look", "/alerts"
            )
        )
    newest = session.scalar(select(func.max(Dataset.created_at)))
    fresh = select(func.count()).select_from(Review).where(Review.annotation_id.is_not(None))
    count = session.scalar(fresh.where(Review.at > newest) if newest else fresh) or 0
    if count and who.may("engineer"):
        steps.append(
            NextStep(
                _many(count, "review is", "reviews are") + " newer than the last dataset version",
                "Freeze",
                "/datasets",
            )
        )
    unapproved = _count(session, Bundle.id, Bundle.approved_at.is_(None))
    if unapproved and who.may("engineer"):
        steps.append(
            NextStep(
                _many(unapproved, "bundle needs", "bundles need")
                + " a release engineer's signature",
                "Look",
                "/bundles",
            )
        )
    if not _count(session, Device.name, Device.revoked_at.is_(None)):
        steps.append(NextStep("No device is enrolled yet", "Add one", "/devices"))
    return steps


def _count(session: Session, column: object, condition: object) -> int:
    query = select(func.count(column)).where(condition)  # type: ignore[arg-type]  # columns of any type
    return session.scalar(query) or 0


def _many(n: int, one: str, more: str) -> str:
    return f"{n} {one if n == 1 else more}"
