"""The hub's own random name, and which effects go together in one delivery."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SETTING = sa.table("setting", sa.column("key", sa.String()), sa.column("value", sa.JSON()))


def upgrade() -> None:
    """Draws the name; effects that wait now may form new batches."""
    name: dict[str, object] = {"key": "hub", "value": {"id": uuid.uuid4().hex}}
    op.bulk_insert(_SETTING, [name])
    with op.batch_alter_table("effect") as table:
        table.add_column(sa.Column("batch", sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    """Forgets both."""
    with op.batch_alter_table("effect") as table:
        table.drop_column("batch")
    op.execute(_SETTING.delete().where(_SETTING.c.key == "hub"))
