"""The index of when scores were asked for has decided leads, too: what leads are like as they come does not hang on outcomes."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_INDEX, _TABLE = "ix_crm_lead_asked", "crm_lead"
_COLUMNS = ["connection", "asked_of", "asked_at"]


def upgrade() -> None:
    """With the state, by which the open ones are told."""
    _make([*_COLUMNS, "state"], "asked_at IS NOT NULL")


def downgrade() -> None:
    """As it was."""
    _make(_COLUMNS, "state = 'open' AND asked_at IS NOT NULL")


def _make(columns: list[str], rows: str) -> None:
    op.drop_index(_INDEX, _TABLE)
    where = sa.text(rows)
    op.create_index(_INDEX, _TABLE, columns, sqlite_where=where, postgresql_where=where)
