"""Scores of leads that stay open are made anew as they grow older, and bands are cut from what they were when new."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_INDEX, _TABLE = "ix_crm_lead_again", "crm_lead"
_CHANCE, _AGAIN, _FRESH = "probability_when_new", "again_at", "fresh_at"


def upgrade() -> None:
    """Scores of bundles before know no age."""
    op.add_column(_TABLE, sa.Column(_CHANCE, sa.Double(), nullable=True))
    for name in (_AGAIN, _FRESH):
        op.add_column(_TABLE, sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    where = sa.text("again_at IS NOT NULL")
    columns = ["connection", _AGAIN]
    op.create_index(_INDEX, _TABLE, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """As it was."""
    op.drop_index(_INDEX, _TABLE)
    for name in (_AGAIN, _FRESH, _CHANCE):
        op.drop_column(_TABLE, name)
