"""The share of leads by lot is the bundle's, so that the hub counts with what its report prices."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column; a bundle that is in force already has none by lot until the next one."""
    column = sa.Column("lots", sa.JSON(), nullable=False, server_default=sa.text("'{}'"))
    op.add_column("lead_model", column)


def downgrade() -> None:
    """As it was."""
    op.drop_column("lead_model", "lots")
