"""How many rows were missing when it was told, so that more are told of too."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was told is told; what was not waits since when it waited."""
    told: sa.Column[int] = sa.Column(
        "missing_told", sa.BigInteger(), server_default="0", nullable=False
    )
    op.add_column("epoch", told)
    op.add_column("epoch", sa.Column("missing_grew_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE epoch SET missing_told = missing WHERE missing_told_at IS NOT NULL")
    op.execute("UPDATE epoch SET missing_grew_at = missing_since WHERE missing_told_at IS NULL")


def downgrade() -> None:
    """As it was."""
    op.drop_column("epoch", "missing_grew_at")
    op.drop_column("epoch", "missing_told")
