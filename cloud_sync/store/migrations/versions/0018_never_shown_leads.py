"""Leads that a message named and no CRM ever showed are found by an index, and go."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One index, over a few of the rows."""
    shown = sa.text("state = 'gone' AND record_at IS NULL")
    op.create_index(
        "ix_crm_lead_never_shown",
        "crm_lead",
        ["created_at"],
        sqlite_where=shown,
        postgresql_where=shown,
    )


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_crm_lead_never_shown", "crm_lead")
