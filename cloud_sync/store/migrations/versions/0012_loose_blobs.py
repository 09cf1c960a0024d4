"""Bytes of pruned samples are removed by themselves; samples of a boot are read in order."""

import sqlalchemy as sa
from alembic import op

from cloud_sync.store.types import BigKey

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _index_boot(*columns: str) -> None:
    op.drop_index("ix_sample_boot", table_name="sample")
    op.create_index("ix_sample_boot", "sample", list(columns), unique=False)


def upgrade() -> None:
    """A table of bytes to look at, and the index by which a boot is dated again in portions."""
    op.create_table(
        "loose_blob",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loose_blob")),
    )
    _index_boot("device", "boot", "id")


def downgrade() -> None:
    """As it was; bytes that wait to be removed stay."""
    _index_boot("device", "boot")
    op.drop_table("loose_blob")
