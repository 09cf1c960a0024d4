"""Scores that were made in the background are written after those of leads that something happened to."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_INDEX, _TABLE = "ix_crm_lead_write", "crm_lead"


def upgrade() -> None:
    """What waits already waits as before."""
    op.drop_index(_INDEX, _TABLE)
    column: sa.Column[bool] = sa.Column(
        "write_behind", sa.Boolean(), server_default=sa.false(), nullable=False
    )
    op.add_column(_TABLE, column)
    _make(["connection", "write_behind", "write_at", "object_id"])


def downgrade() -> None:
    """As it was."""
    op.drop_index(_INDEX, _TABLE)
    op.drop_column(_TABLE, "write_behind")
    _make(["connection", "write_at"])


def _make(columns: list[str]) -> None:
    where = sa.text("write_at IS NOT NULL")
    op.create_index(_INDEX, _TABLE, columns, sqlite_where=where, postgresql_where=where)
