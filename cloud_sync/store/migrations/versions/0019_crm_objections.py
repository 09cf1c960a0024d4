"""Who objected to being scored, or was erased, is remembered when a connection goes and comes back."""

import sqlalchemy as sa
from alembic import op

from cloud_sync.store.types import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table; of connections that are gone already nobody knows."""
    op.create_table(
        "crm_objection",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("override", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "kind", "object_id"),
    )


def downgrade() -> None:
    """As it was; objections of removed connections are forgotten."""
    op.drop_table("crm_objection")
