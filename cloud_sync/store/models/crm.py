"""CRM connections, what came from them, their leads with the score in force, and what is still to be written."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from sqlalchemy import ForeignKey, Index, TextClause, false, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from cloud_sync.store.types import Base, BigKey, JsonList, JsonObject
from kits.core.sample import utc_now

ERASURE = text("what = 'erased'")
"""Events of persons who are to be forgotten: they go with all else of them."""

NEVER_SHOWN = text("state = 'gone' AND record_at IS NULL")
"""Leads that a message named and no CRM ever showed: they go (`retention/unknown.py`)."""

SCORED = text("state = 'open' AND points IS NOT NULL")
"""Open leads with a score: those that another bundle, or another cut of bands, may change."""

OPTED_OUT = text("opted_out")
"""Leads that are not scored, those that were erased among them."""

FOR_A_PERSON = text("dead <> ''")
"""Leads that wait for a person."""

DUE = text("due_at IS NOT NULL")
"""Leads that are to be read and scored."""

DUE_LATER = text("later_at IS NOT NULL AND due_at IS NULL")
"""Leads of which a sweep found news and that nothing else makes due."""

TO_WRITE = text("write_at IS NOT NULL")
"""Leads whose score the CRM does not have yet."""

WRITTEN = text("wrote_at IS NOT NULL")
"""Leads whose score was ever written to their CRM."""

AGAIN = text("again_at IS NOT NULL")
"""Leads whose score will be another one once they are older."""

ASKED = text("asked_at IS NOT NULL")
"""Leads whose score was asked for."""

HEAT = {"hot": 3, "warm": 2, "cold": 1}
"""What a list is in the order of; 0: no band."""

_Value = TypeVar("_Value")


def _index(name: str, *columns: str, rows: TextClause) -> Index:
    """Over some of the rows."""
    return Index(name, *columns, sqlite_where=rows, postgresql_where=rows)


class CrmConnection(Base):
    """One CRM. Its secrets are in a file of the hub's keys, never here.

    Attributes:
        settings: `crm/connection/settings.py`.
        project: whose newest bundle scores its leads; empty: it is only listened to.
        cursor: where the poller goes on.
        opened_by: who added it.
        paused_at: a person stopped reading and writing; events are still taken.
        sweep: number of the newest sweep through all records (`crm/inbound/sweeping.py`), 0: there was none; it began at
            `sweep_began_at` and ended at `sweep_ended_at`, goes on at `sweep_cursor`, lists what was changed since
            `sweep_since` (None: everything), has listed `sweep_listed` and found news of `sweep_found`.
        sweep_until: whose turn it is has it until then.
        swept_to: what was changed before that was found by a sweep; None: no sweep ended.
        lost, lost_since: so many leads were taken for gone because the CRM did not show them, since then
            (`crm/inbound/hiding.py`); hidden_at: since then more are held; believed_until: a person says that they are gone.
        failures, open_until, error, last_ok_at: the circuit breaker of its server, shared by all processes.
    """

    __tablename__ = "crm_connection"
    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    settings: Mapped[JsonObject]
    project: Mapped[str] = mapped_column(default="")
    cursor: Mapped[str] = mapped_column(default="")
    opened_by: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    paused_at: Mapped[datetime | None] = mapped_column(default=None)
    sweep: Mapped[int] = mapped_column(default=0)
    sweep_began_at: Mapped[datetime | None] = mapped_column(default=None)
    sweep_ended_at: Mapped[datetime | None] = mapped_column(default=None)
    sweep_since: Mapped[datetime | None] = mapped_column(default=None)
    sweep_cursor: Mapped[str] = mapped_column(default="")
    sweep_listed: Mapped[int] = mapped_column(default=0)
    sweep_found: Mapped[int] = mapped_column(default=0)
    sweep_until: Mapped[datetime | None] = mapped_column(default=None)
    swept_to: Mapped[datetime | None] = mapped_column(default=None)
    lost: Mapped[int] = mapped_column(default=0, server_default="0")
    lost_since: Mapped[datetime | None] = mapped_column(default=None)
    hidden_at: Mapped[datetime | None] = mapped_column(default=None)
    believed_until: Mapped[datetime | None] = mapped_column(default=None)
    failures: Mapped[int] = mapped_column(default=0)
    open_until: Mapped[datetime | None] = mapped_column(default=None)
    error: Mapped[str] = mapped_column(default="")
    last_ok_at: Mapped[datetime | None] = mapped_column(default=None)

    @property
    def terms(self) -> tuple[JsonObject, str]:
        """What a turn goes by: one that began by others looks again, so that no change is lost on it."""
        return self.settings, self.project


class CrmProcess(Base):
    """A process of the hub that asks CRMs, as long as `until` lies ahead: they share the requests of each connection."""

    __tablename__ = "crm_process"
    id: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class CrmEvent(Base):
    """An event that was taken: one of this id from this connection does nothing again.

    Kept for `crm.keep_days`; the lead's own row is what counts from then on.
    """

    __tablename__ = "crm_event"
    __table_args__ = (
        Index("ix_crm_event_lead", "connection", "object_id"),
        Index("ix_crm_event_last", "connection", "received_at"),
        Index("ix_crm_event_erased", "what", sqlite_where=ERASURE, postgresql_where=ERASURE),
    )
    connection: Mapped[str] = mapped_column(ForeignKey("crm_connection.name"), primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    object_id: Mapped[str]
    what: Mapped[str]
    at: Mapped[datetime]
    skipped: Mapped[str] = mapped_column(default="")
    body: Mapped[JsonObject]
    received_at: Mapped[datetime] = mapped_column(default=utc_now)


class CrmLead(Base):
    """One lead, the score in force and what the CRM shows of it.

    A level, not a queue: however many events come, a lead is due once, and the newest state of it is what is read,
    scored and written. So its table is bounded by the CRM's own number of leads, and nothing is ever given up; what was
    only named, and never shown, goes after days (`retention.crm_unknown_days`).

    Attributes:
        seen_at: when the newest event of it happened, by the CRM's clock.
        record_at: when the record that was scored had been changed, by the CRM's clock.
        later_at: a sweep found news of it: it becomes due when nothing else is; None: it does not.
        swept: the last sweep that came by it.
        due_at: it is to be read and scored, not before; None: it is not. `due_mark` changes with every event, so that
            one that comes while the lead is scored makes it due again.
        version: rises with every change of what the CRM is to show: of the score, of a person's band, of opting out.
        written: version that the CRM has; `write_at`: the newest is to be written, not before; None: it is not.
        write_behind: its write lets those of others go first: nothing happened to it, it was scored in the background.
        wrote_points, wrote_band: what the CRM shows; None and empty: nothing.
        state: open, won, lost or gone (deleted there).
        override: what a person says of the score: `{band, who, at, why}`; empty: nothing.
        heat: of the band that people see (`HEAT`); follows `band` and `override` by itself.
        probability_when_new: what it would be if the lead had just come; None: as `probability`.
        fresh_at: since when it counts as new, where that is not since it came (`crm/scoring/freshness.py`).
        again_at: when its score will be another one, because it is older then; None: never.
        confidence: of the interval from `low` to `high`, as the bundle said; None: it was scored before that was kept.
        merged_into: the lead it went into, where the CRM says so (`crm/inbound/merging.py`); empty: none.
        lot: its place in the random order, 0 to 1, drawn once; below what is drawn of the leads it is shown by lot (`crm/leads/lots.py`).
        asked: the lead when its score was first asked for, or complete (`complete_after_min`), and what was said then: `{fields, at, bundle, probability,
            …}`; what is learned from it, once its outcome is known (`crm/outcomes/outcomes.py`). `asked_at` and `asked_of` are its
            moment and its bundle, and follow it by themselves.
        trial: what it is taken for that is hardly a lead, by its address and name, which are not kept (`crm/scoring/payloads.py`): it
            is scored, and not learned from; empty: a lead.
        dead: why it is not tried again until a person says so; empty: it is.
    """

    __tablename__ = "crm_lead"
    __table_args__ = (
        _index("ix_crm_lead_due", "connection", "due_at", rows=DUE),
        _index("ix_crm_lead_later", "connection", "later_at", rows=DUE_LATER),
        _index(
            "ix_crm_lead_write",
            "connection",
            "write_behind",
            "write_at",
            "object_id",
            rows=TO_WRITE,
        ),
        _index("ix_crm_lead_dead", "connection", "dead", rows=FOR_A_PERSON),
        Index("ix_crm_lead_error", "connection", "error", "state"),
        _index("ix_crm_lead_wrote", "connection", "wrote_at", rows=WRITTEN),
        _index("ix_crm_lead_list", "connection", "heat", "probability", "object_id", rows=SCORED),
        _index("ix_crm_lead_lot", "connection", "lot", "object_id", rows=SCORED),
        _index("ix_crm_lead_band", "connection", "bundle", "band", "probability", rows=SCORED),
        _index("ix_crm_lead_scored", "connection", "bundle", "scored_at", rows=SCORED),
        _index("ix_crm_lead_again", "connection", "again_at", rows=AGAIN),
        _index("ix_crm_lead_asked", "connection", "asked_of", "asked_at", "state", rows=ASKED),
        _index("ix_crm_lead_opted_out", "connection", rows=OPTED_OUT),
        _index("ix_crm_lead_never_shown", "created_at", rows=NEVER_SHOWN),
    )
    connection: Mapped[str] = mapped_column(ForeignKey("crm_connection.name"), primary_key=True)
    object_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(default="open")
    opted_out: Mapped[bool] = mapped_column(default=False)
    fields: Mapped[JsonObject] = mapped_column(default=dict)
    seen_at: Mapped[datetime | None] = mapped_column(default=None)
    record_at: Mapped[datetime | None] = mapped_column(default=None)
    later_at: Mapped[datetime | None] = mapped_column(default=None)
    swept: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    due_mark: Mapped[int] = mapped_column(BigKey, default=0)
    lease_owner: Mapped[str] = mapped_column(default="")
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    attempts: Mapped[int] = mapped_column(default=0)
    dead: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(BigKey, default=0)
    probability: Mapped[float | None] = mapped_column(default=None)
    low: Mapped[float | None] = mapped_column(default=None)
    high: Mapped[float | None] = mapped_column(default=None)
    confidence: Mapped[float | None] = mapped_column(default=None)
    probability_when_new: Mapped[float | None] = mapped_column(default=None)
    points: Mapped[int | None] = mapped_column(default=None)
    percentile: Mapped[float | None] = mapped_column(default=None)
    band: Mapped[str] = mapped_column(default="")
    heat: Mapped[int] = mapped_column(default=0, server_default="0")
    reasons: Mapped[JsonList] = mapped_column(default=list)
    hints: Mapped[JsonList] = mapped_column(default=list)
    trend: Mapped[str] = mapped_column(default="")
    bundle: Mapped[str] = mapped_column(default="")
    scored_at: Mapped[datetime | None] = mapped_column(default=None)
    fresh_at: Mapped[datetime | None] = mapped_column(default=None)
    again_at: Mapped[datetime | None] = mapped_column(default=None)
    written: Mapped[int] = mapped_column(BigKey, default=0)
    wrote_points: Mapped[int | None] = mapped_column(default=None)
    wrote_band: Mapped[str] = mapped_column(default="", server_default="")
    wrote_at: Mapped[datetime | None] = mapped_column(default=None)
    write_at: Mapped[datetime | None] = mapped_column(default=None)
    write_behind: Mapped[bool] = mapped_column(default=False, server_default=false())
    write_lease_owner: Mapped[str] = mapped_column(default="")
    write_lease_until: Mapped[datetime | None] = mapped_column(default=None)
    write_attempts: Mapped[int] = mapped_column(default=0)
    write_error: Mapped[str] = mapped_column(default="")
    override: Mapped[JsonObject] = mapped_column(default=dict)
    merged_into: Mapped[str] = mapped_column(default="", server_default="")
    lot: Mapped[float] = mapped_column(default=1.0)
    sample_id: Mapped[str] = mapped_column(default="")
    trial: Mapped[str] = mapped_column(default="", server_default="")
    asked: Mapped[JsonObject] = mapped_column(default=dict, server_default=text("'{}'"))
    asked_at: Mapped[datetime | None] = mapped_column(default=None)
    asked_of: Mapped[str] = mapped_column(default="", server_default="")
    outcome_at: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    @validates("asked")
    def _keep_asked(self, _key: str, value: JsonObject) -> JsonObject:
        at = value.get("at")
        self.asked_at = datetime.fromisoformat(at) if isinstance(at, str) else None
        self.asked_of = str(value.get("bundle") or "")
        return value

    @validates("band", "override")
    def _keep_heat(self, key: str, value: _Value) -> _Value:
        band, said = (value, self.override) if key == "band" else (self.band, value)
        theirs = said.get("band") if isinstance(said, dict) else ""
        self.heat = HEAT.get(str(theirs or band), 0)
        return value


class CrmObjection(Base):
    """A lead of a removed connection that must not be scored: who objected, or was erased for ever.

    No more than the CRM's own number and what was said. It is a lead again, and not scored, once a connection of this
    name and kind is added (`crm/leads/objections.py`).
    """

    __tablename__ = "crm_objection"
    connection: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    object_id: Mapped[str] = mapped_column(primary_key=True)
    override: Mapped[JsonObject]
    at: Mapped[datetime] = mapped_column(default=utc_now)


class CrmScore(Base):
    """A score that was in force once, or what a person said of one: appended, for drift, trend and the record."""

    __tablename__ = "crm_score"
    __table_args__ = (Index("ix_crm_score_lead", "connection", "object_id", "version"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    connection: Mapped[str]
    object_id: Mapped[str]
    version: Mapped[int] = mapped_column(BigKey)
    probability: Mapped[float | None] = mapped_column(default=None)
    points: Mapped[int | None] = mapped_column(default=None)
    band: Mapped[str] = mapped_column(default="")
    bundle: Mapped[str] = mapped_column(default="")
    override: Mapped[JsonObject] = mapped_column(default=dict)
    at: Mapped[datetime] = mapped_column(default=utc_now)


class LeadModel(Base):
    """Which bundle scores a project's leads here: the hub is the device of these bundles.

    Attributes:
        previous: the one before, for the way back.
        held: a person went back to `bundle`: newer releases wait until somebody says so.
        refused: bundle → why it did not take effect (a golden sample differed).
        cut: bands by the scores of the latest leads (`crm/scoring/cutting.py`); empty: the bundle's own thresholds count.
        lots: bundle → shares by lot that it was judged with (`crm/leads/lots.py`), of `bundle` and `previous`.
    """

    __tablename__ = "lead_model"
    project: Mapped[str] = mapped_column(primary_key=True)
    bundle: Mapped[str] = mapped_column(default="")
    previous: Mapped[str] = mapped_column(default="")
    held: Mapped[bool] = mapped_column(default=False)
    refused: Mapped[JsonObject] = mapped_column(default=dict)
    cut: Mapped[JsonObject] = mapped_column(default=dict, server_default=text("'{}'"))
    lots: Mapped[JsonObject] = mapped_column(default=dict, server_default=text("'{}'"))
    by: Mapped[str] = mapped_column("taken_by", default="hub")
    at: Mapped[datetime] = mapped_column(default=utc_now)
