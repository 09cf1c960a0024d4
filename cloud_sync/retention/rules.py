"""What the configured days mean at a moment: a time before which each kind of thing may go. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud_sync.retention.settings import RetentionConfig

CLOCK_DAYS = 400
"""The clock of a boot, unless samples of that boot are here."""
CRM_DAYS = 1.0
"""No CRM sends an event again after so long; one that is forgotten sooner would be taken twice."""

TELEMETRY = "telemetry"
SAMPLES = "samples"
PICTURES = "pictures"
MAILS = "texts of mails"
ALERTS = "alerts"
ALERT_ROWS = "alert rows"
EFFECTS = "effects"
CRM_EVENTS = "CRM events"
LEAD_SCORES = "scores of leads"
UNKNOWN_LEADS = "leads never shown"
AUDIT_LOG = "audit log"
CLOCKS = "clocks"
KINDS = (
    TELEMETRY,
    SAMPLES,
    PICTURES,
    MAILS,
    ALERTS,
    ALERT_ROWS,
    EFFECTS,
    CRM_EVENTS,
    LEAD_SCORES,
    UNKNOWN_LEADS,
    AUDIT_LOG,
    CLOCKS,
)
"""What is counted when it goes; pictures go with their samples."""


@dataclass(frozen=True, slots=True)
class Rules:
    """For each kind: what came before this time may go; None: nothing of it."""

    telemetry: datetime | None
    samples: datetime | None
    mails: datetime | None
    alerts: datetime | None
    effects: datetime | None
    crm_events: datetime | None
    crm_scores: datetime | None
    crm_unknown: datetime | None
    audit_log: datetime | None
    clocks: datetime

    @classmethod
    def at(cls, config: RetentionConfig, now: datetime) -> Rules:
        """The rules in force at a moment."""

        def before(days: float) -> datetime | None:
            return now - timedelta(days=days) if days else None

        return cls(
            before(config.telemetry_days),
            before(config.samples_days),
            before(config.mails_days),
            before(config.alerts_days),
            before(config.effects_days),
            before(max(config.crm_events_days, CRM_DAYS) if config.crm_events_days else 0),
            before(config.crm_scores_days),
            before(config.crm_unknown_days),
            before(config.audit_log_days),
            now - timedelta(days=CLOCK_DAYS),
        )


def in_words(config: RetentionConfig) -> dict[str, str]:
    """Kind → the rule, for people."""

    def words(days: float) -> str:
        return f"for {days:g} days" if days else "for ever"

    telemetry = words(config.telemetry_days)
    if config.telemetry_rows:
        telemetry += f", at most {config.telemetry_rows:,} rows"
    scores = words(config.crm_scores_days)
    if config.crm_scores_per_lead:
        scores += f", at most {config.crm_scores_per_lead:,} of a lead"
    unknown = words(config.crm_unknown_days)
    if config.crm_unknown_leads:
        unknown += f", at most {config.crm_unknown_leads:,}"
    return {
        TELEMETRY: telemetry,
        SAMPLES: words(config.samples_days) + " unless labelled, in a dataset or audits",
        MAILS: words(config.mails_days) + (" unless in a dataset" if config.mails_days else ""),
        ALERTS: words(config.alerts_days) + (" after they are over" if config.alerts_days else ""),
        EFFECTS: words(config.effects_days),
        CRM_EVENTS: words(config.crm_events_days),
        LEAD_SCORES: f"{scores}; its latest, and what people said, always",
        UNKNOWN_LEADS: unknown,
        AUDIT_LOG: words(config.audit_log_days),
    }


def shares(kept: Mapping[tuple[str, str], int], most: int) -> dict[tuple[str, str], int]:
    """How many rows each outbox gives up so that `most` are left: those with most rows first.

    The level to which the large ones come down is found by filling from below.
    """
    excess = sum(kept.values()) - most
    if excess <= 0:
        return {}
    ascending = sorted(kept.values())
    left, level = most, 0
    for index, rows in enumerate(ascending):
        level = left // (len(ascending) - index)
        if rows > level:
            break
        left -= rows
    return {outbox: rows - level for outbox, rows in kept.items() if rows > level}
