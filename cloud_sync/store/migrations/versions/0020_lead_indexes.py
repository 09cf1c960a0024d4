"""What is asked of leads every few seconds, and the events of one lead, are found without reading all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_SCORED = sa.text("state = 'open' AND points IS NOT NULL")
_OPTED_OUT = sa.text("opted_out")


def upgrade() -> None:
    """Seven indexes; on PostgreSQL and SQLite alike."""
    op.create_index("ix_crm_event_lead", "crm_event", ["connection", "object_id"])
    op.create_index("ix_crm_event_last", "crm_event", ["connection", "received_at"])
    op.create_index("ix_crm_lead_error", "crm_lead", ["connection", "state", "error"])
    for name, columns, rows in (
        ("ix_crm_lead_band", ["connection", "bundle", "band", "probability"], _SCORED),
        ("ix_crm_lead_lot", ["lot", "connection", "object_id"], _SCORED),
        ("ix_crm_lead_scored_at", ["connection", "scored_at"], _SCORED),
        ("ix_crm_lead_opted_out", ["connection"], _OPTED_OUT),
    ):
        op.create_index(name, "crm_lead", columns, sqlite_where=rows, postgresql_where=rows)


def downgrade() -> None:
    """As it was."""
    for name in ("opted_out", "scored_at", "lot", "band", "error"):
        op.drop_index(f"ix_crm_lead_{name}", "crm_lead")
    for name in ("last", "lead"):
        op.drop_index(f"ix_crm_event_{name}", "crm_event")
