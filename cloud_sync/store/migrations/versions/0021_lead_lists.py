"""Lists of leads stand in an index, what waits is counted in small ones, and what no query goes by any more costs nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_SCORED = sa.text("state = 'open' AND points IS NOT NULL")
_BEFORE = (
    ("ix_crm_lead_due", ["connection", "due_at"], None),
    ("ix_crm_lead_later", ["connection", "later_at"], None),
    ("ix_crm_lead_write", ["connection", "write_at"], None),
    ("ix_crm_lead_hot", ["connection", "state", "probability"], None),
    ("ix_crm_lead_dead", ["connection", "dead"], None),
    ("ix_crm_lead_error", ["connection", "state", "error"], None),
    ("ix_crm_lead_lot", ["lot", "connection", "object_id"], _SCORED),
    ("ix_crm_lead_scored_at", ["connection", "scored_at"], _SCORED),
)
_AFTER = (
    ("ix_crm_lead_due", ["connection", "due_at"], sa.text("due_at IS NOT NULL")),
    (
        "ix_crm_lead_later",
        ["connection", "later_at"],
        sa.text("later_at IS NOT NULL AND due_at IS NULL"),
    ),
    ("ix_crm_lead_write", ["connection", "write_at"], sa.text("write_at IS NOT NULL")),
    ("ix_crm_lead_dead", ["connection", "dead"], sa.text("dead <> ''")),
    ("ix_crm_lead_wrote", ["connection", "wrote_at"], sa.text("wrote_at IS NOT NULL")),
    ("ix_crm_lead_error", ["connection", "error", "state"], None),
    ("ix_crm_lead_list", ["connection", "heat", "probability", "object_id"], _SCORED),
    ("ix_crm_lead_lot", ["connection", "lot", "object_id"], _SCORED),
    ("ix_crm_lead_scored", ["connection", "bundle", "scored_at"], _SCORED),
)


def upgrade() -> None:
    """A column that follows from others, and other indexes."""
    op.add_column("crm_lead", sa.Column("heat", sa.Integer(), server_default="0", nullable=False))
    lead = sa.table(
        "crm_lead", sa.column("heat"), sa.column("band"), sa.column("override", sa.JSON)
    )
    said = sa.func.nullif(lead.c.override["band"].as_string(), "")
    band = sa.func.coalesce(said, lead.c.band)
    heat = sa.case({"hot": 3, "warm": 2, "cold": 1}, value=band, else_=0)
    op.execute(lead.update().where(band != "").values(heat=heat))
    _change(_BEFORE, _AFTER)
    op.drop_index("ix_crm_event_received_at", "crm_event")
    op.drop_index("ix_crm_score_at", "crm_score")


def downgrade() -> None:
    """As it was."""
    op.create_index("ix_crm_score_at", "crm_score", ["at"])
    op.create_index("ix_crm_event_received_at", "crm_event", ["received_at"])
    _change(_AFTER, _BEFORE)
    op.drop_column("crm_lead", "heat")


def _change(
    gone: tuple[tuple[str, list[str], sa.TextClause | None], ...],
    made: tuple[tuple[str, list[str], sa.TextClause | None], ...],
) -> None:
    for name, _columns, _rows in gone:
        op.drop_index(name, "crm_lead")
    for name, columns, rows in made:
        op.create_index(name, "crm_lead", columns, sqlite_where=rows, postgresql_where=rows)
