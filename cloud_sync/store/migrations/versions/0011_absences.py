"""When the hub was last at work on a rollout, and which ends of deployments are its own word."""

import sqlalchemy as sa
from alembic import op

from cloud_sync.store.types import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_rollout = sa.table(
    "rollout", sa.column("created_at", UtcDateTime()), sa.column("attended_at", UtcDateTime())
)
_device = sa.table("device", sa.column("last_seen_at", UtcDateTime()))


def upgrade() -> None:
    """The hub was last at work when it last heard of any device."""
    with op.batch_alter_table("rollout") as table:
        table.add_column(sa.Column("attended_at", UtcDateTime(), nullable=True))
    row = _rollout
    op.execute(row.update().values(attended_at=row.c.created_at))
    heard = sa.select(sa.func.max(_device.c.last_seen_at)).scalar_subquery()
    op.execute(row.update().where(row.c.created_at < heard).values(attended_at=heard))
    with op.batch_alter_table("rollout") as table:
        table.alter_column("attended_at", existing_type=UtcDateTime(), nullable=False)
    with op.batch_alter_table("deployment") as table:
        table.add_column(
            sa.Column("ended_by_hub", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    """Takes the columns away again."""
    with op.batch_alter_table("deployment") as table:
        table.drop_column("ended_by_hub")
    with op.batch_alter_table("rollout") as table:
        table.drop_column("attended_at")
