"""Leads that were merged name the lead they went into: what people said of them was lost."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column."""
    op.add_column(
        "crm_lead", sa.Column("merged_into", sa.String(), server_default="", nullable=False)
    )


def downgrade() -> None:
    """As it was."""
    op.drop_column("crm_lead", "merged_into")
