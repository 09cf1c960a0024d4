"""Leads bear what they are taken for that are hardly leads: they were learned from like others."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column."""
    op.add_column("crm_lead", sa.Column("trial", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    """As it was."""
    op.drop_column("crm_lead", "trial")
