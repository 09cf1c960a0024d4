"""A CRM that hides its leads is told from one that lost them; processes that ask CRMs know of each other."""

import sqlalchemy as sa
from alembic import op

from cloud_sync.store.types import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TIMES = ("lost_since", "hidden_at", "believed_until")


def upgrade() -> None:
    """Four columns and a table."""
    lost = sa.Column("lost", sa.Integer(), nullable=False, server_default="0")
    op.add_column("crm_connection", lost)
    for name in _TIMES:
        op.add_column("crm_connection", sa.Column(name, UtcDateTime(), nullable=True))
    op.create_table(
        "crm_process",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crm_process")),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_table("crm_process")
    for name in ("lost", *_TIMES):
        op.drop_column("crm_connection", name)
