"""Releases that were withdrawn."""

import sqlalchemy as sa
from alembic import op

from cloud_sync.store.types import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Since when a release must not be installed any more, and why."""
    with op.batch_alter_table("release") as table:
        table.add_column(sa.Column("withdrawn_at", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("withdrawn", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    """Takes the columns away again."""
    with op.batch_alter_table("release") as table:
        for name in ("withdrawn", "withdrawn_at"):
            table.drop_column(name)
