"""What deciding mails without a person is worth, by project, bundle and week: shares with their intervals, time, money.

The error rate is that of the audits alone, which were drawn at random; what was found by chance stands beside it.
Read from the tables anew each time; nothing is stored, and nothing is promised here (`gates.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud_sync.cases.figures import median
from cloud_sync.learning.costs import project_costs
from cloud_sync.mails.tallies import WEEK, Key, Tally, monday, tallies
from cloud_sync.sections import Prices
from cloud_sync.store.models import Project
from kits.core.errors import ConfigError
from kits.core.operating_point import Costs
from kits.core.stats import Estimate, proportion

WEEKS = 12
MAX_WEEKS = 260


@dataclass(frozen=True, slots=True)
class MailFigures:
    """Figures of the mails of one project, of one of its bundles, or of one of its weeks.

    Attributes:
        bundle, week: empty and None for all of them.
        share: decided without a person, of all mails.
        error: wrong among audited decisions, unbiased; n = 0 where nothing was audited.
        unchanged: drafts sent as they were, of those whose fate is known.
        agreed: a language model's suggestions that a person agreed with, of those a person said anything to.
        changed: median share of an edited draft that was not sent.
        answer_h: median hours from a mail to its answer, of those answered with a draft.
        minutes, money: saved, beside a person who reads and answers each mail.
    """

    project: str
    bundle: str
    week: datetime | None
    tally: Tally
    share: Estimate
    error: Estimate
    unchanged: Estimate
    agreed: Estimate
    changed: Estimate | None
    answer_h: Estimate | None
    minutes: Estimate
    money: Estimate
    currency: str


@dataclass(frozen=True, slots=True)
class MailReport:
    """Figures of a period that begins on a Monday: each project, each of its bundles, each of its weeks."""

    since: datetime
    until: datetime
    projects: tuple[MailFigures, ...]
    bundles: tuple[MailFigures, ...]
    weeks: tuple[MailFigures, ...]


def mail_report(
    session: Session, prices: Prices, *, now: datetime, weeks: int = WEEKS, project: str = ""
) -> MailReport:
    """Figures of the last weeks, this one included.

    Args:
        project: only of this one.
    """
    since = monday(now) - (min(weeks, MAX_WEEKS) - 1) * WEEK
    counted = tallies(session, since, now)
    kept = {key: one for key, one in counted.items() if not project or key[0] == project}
    costs = _costs(session)

    def figures(at: tuple[str, str, datetime | None], tally: Tally) -> MailFigures:
        return _figures(*at, tally, prices, costs.get(at[0], Costs()))

    def by(keys: Iterable[tuple[Key, tuple[str, str, datetime | None]]]) -> tuple[MailFigures, ...]:
        sums: dict[tuple[str, str, datetime | None], Tally] = defaultdict(Tally)
        for key, target in keys:
            sums[target].add(kept[key])
        order = sorted(sums, key=lambda k: (k[0], k[2] or since, k[1]))
        return tuple(figures(key, sums[key]) for key in order)

    return MailReport(
        since, now,
        by((key, (key[0], "", None)) for key in kept),
        by((key, (key[0], key[1], None)) for key in kept),
        by((key, (key[0], "", key[2])) for key in kept),
    )  # fmt: skip


def _costs(session: Session) -> dict[str, Costs]:
    """Project → its costs; one whose `kit.yaml` cannot be read has the defaults."""
    found = {}
    for name, text in session.execute(select(Project.name, Project.kit_yaml)):
        try:
            found[name] = project_costs(text)
        except ConfigError:
            found[name] = Costs()
    return found


def _figures(
    project: str,
    bundle: str,
    week: datetime | None,
    tally: Tally,
    prices: Prices,
    costs: Costs,
) -> MailFigures:
    error = proportion(tally.audits_wrong, tally.audits)
    answers = tally.accepted + sum(1.0 - share for share in tally.changed)
    written = answers * prices.answer_minutes

    def minutes(wrong: float) -> float:
        return tally.acts * (1.0 - wrong) * prices.mail_minutes + written

    def money(wrong: float) -> float:
        return tally.acts * (costs.review - wrong * costs.escape) + written * prices.minute

    return MailFigures(
        project, bundle, week, tally, proportion(tally.acts, tally.mails), error,
        proportion(tally.accepted, tally.drafts),
        proportion(tally.suggested_right, tally.suggested),
        median(tally.changed) if tally.changed else None,
        median(tally.answer_h) if tally.answer_h else None,
        _by_error(error, minutes(error.value), minutes(error.high), minutes(error.low)),
        _by_error(error, money(error.value), money(error.high), money(error.low)), costs.currency,
    )  # fmt: skip


def _by_error(error: Estimate, value: float, low: float, high: float) -> Estimate:
    """A figure that is uncertain because the error rate is."""
    return Estimate(
        value=value, low=low, high=high, n=error.n, method="from the error's interval",
        confidence=error.confidence,
    )  # fmt: skip


def as_json(report: MailReport) -> dict[str, JsonValue]:
    """For API and `--json`."""
    return {
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "projects": [figures_json(one) for one in report.projects],
        "bundles": [figures_json(one) for one in report.bundles],
        "weeks": [figures_json(one) for one in report.weeks],
    }


def figures_json(one: MailFigures) -> dict[str, JsonValue]:
    """One line of the report."""
    tally = one.tally
    counts: dict[str, JsonValue] = {
        name: getattr(tally, name)
        for name, kind in Tally.__dataclass_fields__.items()
        if kind.type == "int"
    }
    metrics: dict[str, JsonValue] = {
        name: estimate.model_dump(mode="json") if estimate is not None else None
        for name, estimate in (
            ("auto_share", one.share), ("auto_error", one.error if one.error.n else None),
            ("draft_unchanged", one.unchanged if one.unchanged.n else None),
            ("suggestion_agreed", one.agreed if one.agreed.n else None),
            ("draft_changed", one.changed), ("answer_h", one.answer_h),
            ("minutes_saved", one.minutes), ("money_saved", one.money),
        )
    }  # fmt: skip
    return {
        "project": one.project, "bundle": one.bundle,
        "week": one.week.date().isoformat() if one.week else None,
        "currency": one.currency, "counts": counts, "metrics": metrics,
    }  # fmt: skip
