"""The section `retention` of `hub.yaml`: how long what arrived is kept."""

from __future__ import annotations

from pydantic import Field

from kits.core.section import Section


class RetentionConfig(Section):
    """How long things are kept; 0 means for ever. Labels, cases and declared losses always are."""

    telemetry_days: float = Field(30, ge=0, description="rows of telemetry, days since they came")
    telemetry_rows: int = Field(
        100_000_000,
        ge=0,
        description="rows of telemetry at most, about 400 bytes each; beyond, the oldest go sooner",
    )
    samples_days: float = Field(
        365,
        ge=0,
        description="samples with their bytes, unless somebody said something of them, a dataset"
        " version names them, or they are audits; days since they came",
    )
    mails_days: float = Field(
        0,
        ge=0,
        description="what mails say: their bytes, what was found in them, drafts' words; decision and label"
        " stay, and mails that a dataset version names; days since they came",
    )
    alerts_days: float = Field(0, ge=0, description="alerts that are over, days since then")
    effects_days: float = Field(
        30, ge=0, description="webhooks and mails that were done or given up, days since then"
    )
    crm_events_days: float = Field(
        30,
        ge=0,
        description="events of CRMs, by which one that is sent again is known, days since they came; a day at least",
    )
    crm_scores_days: float = Field(
        365,
        ge=0,
        description="scores of leads that were in force once, days since then; the latest five of each lead, and"
        " what people said of scores, always stay",
    )
    crm_scores_per_lead: int = Field(
        200,
        ge=0,
        description="scores of one lead that are kept, at least five; beyond, the oldest go sooner; 0: no limit",
    )
    crm_unknown_days: float = Field(
        7,
        ge=0,
        description="leads that a message named and that the CRM never showed, days since then",
    )
    crm_unknown_leads: int = Field(
        10_000,
        ge=0,
        description="such leads at most, beyond, the oldest go sooner; 0: no limit",
    )
    audit_log_days: float = Field(0, ge=0, description="who did what, days since then")
