"""Leads keep the confidence of their interval: another bundle may have another."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column."""
    op.add_column("crm_lead", sa.Column("confidence", sa.Double(), nullable=True))


def downgrade() -> None:
    """As it was."""
    op.drop_column("crm_lead", "confidence")
