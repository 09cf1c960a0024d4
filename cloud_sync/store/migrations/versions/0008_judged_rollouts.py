"""A state of its own for who gave way; when a device began; what it waits for."""

import sqlalchemy as sa
from alembic import op

from cloud_sync.store.types import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_deployment = sa.table(
    "deployment",
    sa.column("state", sa.String()),
    sa.column("error", sa.String()),
    sa.column("superseded", sa.Boolean()),
    sa.column("begun_at", UtcDateTime()),
    sa.column("updated_at", UtcDateTime()),
)


def upgrade() -> None:
    """`superseded` becomes a state; who was stopped before it began has not begun."""
    with op.batch_alter_table("deployment") as table:
        table.add_column(sa.Column("begun_at", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("waits_for", sa.String(), server_default="", nullable=False))
        table.add_column(sa.Column("waited_until", UtcDateTime(), nullable=True))
    row = _deployment
    op.execute(
        row.update()
        .where(row.c.state != "pending", row.c.error.not_like("not begun%"))
        .values(begun_at=row.c.updated_at)
    )
    op.execute(row.update().where(row.c.superseded.is_(True)).values(state="superseded"))
    with op.batch_alter_table("deployment") as table:
        table.drop_column("superseded")


def downgrade() -> None:
    """The state becomes a mark again."""
    with op.batch_alter_table("deployment") as table:
        table.add_column(
            sa.Column("superseded", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    row = _deployment
    op.execute(
        row.update().where(row.c.state == "superseded").values(state="failed", superseded=True)
    )
    with op.batch_alter_table("deployment") as table:
        for name in ("waited_until", "waits_for", "begun_at"):
            table.drop_column(name)
