"""Signed releases (TUF) instead of statements of the hub."""

import sqlalchemy as sa
from alembic import op

from cloud_sync.store.types import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Metadata and releases come, publishers' keys and the hub's statements go."""
    _metadata()
    _release()
    op.drop_table("publisher_key")
    with op.batch_alter_table("bundle") as table:
        table.drop_column("statement")
        table.drop_column("key_id")
    with op.batch_alter_table("rollout") as table:
        # many rollouts may bring the same release to different devices
        table.drop_constraint("uq_rollout_release", type_="unique")
        table.drop_column("statement")
        table.add_column(sa.Column("target", sa.String(), server_default="", nullable=False))
    with op.batch_alter_table("rollout") as table:
        table.alter_column("target", server_default=None)


def _metadata() -> None:
    op.create_table(
        "tuf_metadata",
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("role", "version", name=op.f("pk_tuf_metadata")),
    )


def _release() -> None:
    op.create_table(
        "release",
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("bundle", sa.String(), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["bundle"], ["bundle.id"], name=op.f("fk_release_bundle_bundle")),
        sa.ForeignKeyConstraint(
            ["project"], ["project.name"], name=op.f("fk_release_project_project")
        ),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_release")),
        sa.UniqueConstraint("project", "release", name=op.f("uq_release_project")),
    )
    op.create_index(op.f("ix_release_bundle"), "release", ["bundle"], unique=False)


def downgrade() -> None:
    """The tables as they were; a rollout counts as its own release again."""
    with op.batch_alter_table("rollout") as table:
        table.drop_column("target")
        table.add_column(sa.Column("statement", sa.JSON(), server_default="{}", nullable=False))
    op.execute('UPDATE rollout SET "release" = id')
    with op.batch_alter_table("rollout") as table:
        table.alter_column("statement", server_default=None)
        table.create_unique_constraint("uq_rollout_release", ["release"])
    with op.batch_alter_table("bundle") as table:
        table.add_column(sa.Column("key_id", sa.String(), server_default="", nullable=False))
        table.add_column(sa.Column("statement", sa.JSON(), server_default="{}", nullable=False))
    with op.batch_alter_table("bundle") as table:
        table.alter_column("key_id", server_default=None)
        table.alter_column("statement", server_default=None)
    op.create_table(
        "publisher_key",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_publisher_key_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publisher_key")),
    )
    op.drop_index(op.f("ix_release_bundle"), table_name="release")
    op.drop_table("release")
    op.drop_table("tuf_metadata")
