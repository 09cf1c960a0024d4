"""Rollouts in waves."""

import sqlalchemy as sa
from alembic import op

from cloud_sync.store.types import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Which wave is open, how long it may take, and which wave a device belongs to."""
    with op.batch_alter_table("rollout") as table:
        table.add_column(sa.Column("wave", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("soak_s", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("soak_until", UtcDateTime(), nullable=True))
        table.add_column(
            sa.Column("deadline_s", sa.Integer(), server_default="3600", nullable=False)
        )
        table.add_column(sa.Column("paused_at", UtcDateTime(), nullable=True))
    with op.batch_alter_table("deployment") as table:
        table.add_column(sa.Column("wave", sa.Integer(), server_default="0", nullable=False))
        table.add_column(
            sa.Column("superseded", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    """Takes the columns away again."""
    with op.batch_alter_table("deployment") as table:
        table.drop_column("superseded")
        table.drop_column("wave")
    with op.batch_alter_table("rollout") as table:
        for name in ("paused_at", "deadline_s", "soak_until", "soak_s", "wave"):
            table.drop_column(name)
