"""CRMs: connections, what came from them, their leads with the score in force, and the scores before."""

import sqlalchemy as sa
from alembic import op

from cloud_sync.store.types import BigKey, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _big(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, BigKey, nullable=False) for name in names]


def _count(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _figures(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double(), nullable=True) for name in names]


def _json(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.JSON(), nullable=False) for name in names]


def _times(*names: str, nullable: bool = True) -> list[sa.Column[UtcDateTime]]:
    return [sa.Column(name, UtcDateTime(), nullable=nullable) for name in names]


def _of_connection(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_connection_crm_connection")
    return sa.ForeignKeyConstraint(["connection"], ["crm_connection.name"], name=name)


def upgrade() -> None:
    """Five tables."""
    op.create_table(
        "crm_connection",
        *_text("name", "kind"),
        *_json("settings"),
        *_text("project", "cursor", "opened_by"),
        *_times("created_at", nullable=False),
        *_times("paused_at"),
        *_count("sweep"),
        *_times("sweep_began_at", "sweep_ended_at", "sweep_since"),
        *_text("sweep_cursor"),
        *_count("sweep_listed", "sweep_found"),
        *_times("sweep_until", "swept_to"),
        *_count("failures"),
        *_times("open_until"),
        *_text("error"),
        *_times("last_ok_at"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_crm_connection")),
    )
    op.create_table(
        "crm_event",
        *_text("connection", "event_id", "object_id", "what"),
        *_times("at", nullable=False),
        *_text("skipped"),
        *_json("body"),
        *_times("received_at", nullable=False),
        _of_connection("crm_event"),
        sa.PrimaryKeyConstraint("connection", "event_id", name=op.f("pk_crm_event")),
    )
    op.create_index("ix_crm_event_received_at", "crm_event", ["received_at"])
    erased = sa.text("what = 'erased'")
    op.create_index(
        "ix_crm_event_erased", "crm_event", ["what"], sqlite_where=erased, postgresql_where=erased
    )
    _make_leads()
    _make_model()
    op.create_table(
        "crm_score",
        *_big("id"),
        *_text("connection", "object_id"),
        *_big("version"),
        *_figures("probability"),
        sa.Column("points", sa.Integer(), nullable=True),
        *_text("band", "bundle"),
        *_json("override"),
        *_times("at", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_score")),
    )
    op.create_index("ix_crm_score_lead", "crm_score", ["connection", "object_id", "version"])
    op.create_index("ix_crm_score_at", "crm_score", ["at"])


def _make_model() -> None:
    op.create_table(
        "lead_model",
        *_text("project", "bundle", "previous"),
        sa.Column("held", sa.Boolean(), nullable=False),
        *_json("refused"),
        sa.Column("cut", sa.JSON(), nullable=False, server_default=sa.text("'{}'")),
        *_text("taken_by"),
        *_times("at", nullable=False),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_lead_model")),
    )


def _make_leads() -> None:
    op.create_table(
        "crm_lead",
        *_text("connection", "object_id", "state"),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        *_json("fields"),
        *_times("seen_at", "record_at", "later_at"),
        *_count("swept"),
        *_times("due_at"),
        *_big("due_mark"),
        *_text("lease_owner"),
        *_times("lease_until"),
        *_count("attempts"),
        *_text("dead", "error"),
        *_big("version"),
        *_figures("probability", "low", "high"),
        sa.Column("points", sa.Integer(), nullable=True),
        *_figures("percentile"),
        *_text("band"),
        *_json("reasons", "hints"),
        *_text("trend", "bundle"),
        *_times("scored_at"),
        *_big("written"),
        sa.Column("wrote_points", sa.Integer(), nullable=True),
        sa.Column("wrote_band", sa.String(), nullable=False, server_default=""),
        *_times("wrote_at", "write_at"),
        *_text("write_lease_owner"),
        *_times("write_lease_until"),
        *_count("write_attempts"),
        *_text("write_error"),
        *_json("override"),
        sa.Column("lot", sa.Double(), nullable=False),
        *_text("sample_id"),
        sa.Column("asked", sa.JSON(), nullable=False, server_default=sa.text("'{}'")),
        *_times("outcome_at"),
        *_times("created_at", nullable=False),
        _of_connection("crm_lead"),
        sa.PrimaryKeyConstraint("connection", "object_id", name=op.f("pk_crm_lead")),
    )
    indexed = (("due", "due_at"), ("later", "later_at"), ("write", "write_at"), ("dead", "dead"))
    for name, column in indexed:
        op.create_index(f"ix_crm_lead_{name}", "crm_lead", ["connection", column])
    op.create_index("ix_crm_lead_hot", "crm_lead", ["connection", "state", "probability"])


def downgrade() -> None:
    """The tables as they were before."""
    for table in ("crm_score", "lead_model", "crm_lead", "crm_event", "crm_connection"):
        op.drop_table(table)
