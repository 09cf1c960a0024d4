"""The devices' clocks, the ledger's counters, the quarantine and the outbox of side effects."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from cloud_sync.store.types import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = ("boot_clock", "quarantine", "withdrawn_bundle", "effect", "effect_target")


def _new_columns() -> dict[str, tuple[sa.Column[Any], ...]]:
    """Table → its new columns; made anew each time, since a column belongs to one table."""
    return {
        "event": (
            sa.Column("boot", sa.String(), server_default="", nullable=False),
            sa.Column("mono_ns", sa.BigInteger(), server_default="0", nullable=False),
            sa.Column("trust", sa.String(), server_default="none", nullable=False),
        ),
        "epoch": (
            *(
                sa.Column(f"rows_{klass}", sa.BigInteger(), server_default="0", nullable=False)
                for klass in "alst"
            ),
            sa.Column("missing_since", UtcDateTime(), nullable=True),
            sa.Column("missing_told_at", UtcDateTime(), nullable=True),
        ),
        "blob_part": (sa.Column("epoch", sa.String(), server_default="", nullable=False),),
        "sample": (
            sa.Column("claimed_at", UtcDateTime(), nullable=True),
            sa.Column("trust", sa.String(), server_default="ntp", nullable=False),
            sa.Column("boot", sa.String(), server_default="", nullable=False),
            sa.Column("tick_ns", sa.BigInteger(), server_default="0", nullable=False),
        ),
    }


def _boot_clock() -> None:
    op.create_table(
        "boot_clock",
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("boot", sa.String(), nullable=False),
        sa.Column("offset_ns", sa.BigInteger(), nullable=False),
        sa.Column("error_ns", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("trust", sa.String(), nullable=False),
        sa.Column("lowest", sa.JSON(), nullable=False),
        sa.Column("first_mono_ns", sa.BigInteger(), nullable=False),
        sa.Column("last_mono_ns", sa.BigInteger(), nullable=False),
        sa.Column("applied_ns", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["device"], ["device.name"], name=op.f("fk_boot_clock_device_device")
        ),
        sa.PrimaryKeyConstraint("device", "boot", name=op.f("pk_boot_clock")),
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("digest", name=op.f("uq_quarantine_digest")),
    )
    op.create_index(op.f("ix_quarantine_device"), "quarantine", ["device"], unique=False)


def _withdrawn_bundle() -> None:
    op.create_table(
        "withdrawn_bundle",
        sa.Column("bundle", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("withdrawn_by", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("bundle", name=op.f("pk_withdrawn_bundle")),
    )


def _effect() -> None:
    op.create_table(
        "effect",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effect")),
        sa.UniqueConstraint("key", name=op.f("uq_effect_key")),
    )
    op.create_index("ix_effect_due", "effect", ["state", "target", "next_at"], unique=False)


def _effect_target() -> None:
    op.create_table(
        "effect_target",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("open_until", UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("last_ok_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_effect_target")),
    )


def upgrade() -> None:
    """Adds columns and tables; drops two indices that nothing reads and every row paid for."""
    for table, columns in _new_columns().items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.add_column(column)
    op.create_index("ix_sample_boot", "sample", ["device", "boot"], unique=False)
    for name in ("kind", "received_at"):
        op.drop_index(f"ix_event_{name}", table_name="event")
    for create in (_boot_clock, _quarantine, _withdrawn_bundle, _effect, _effect_target):
        create()


def downgrade() -> None:
    """Removes them."""
    for name in reversed(_TABLES):
        op.drop_table(name)
    for name in ("kind", "received_at"):
        op.create_index(f"ix_event_{name}", "event", [name], unique=False)
    op.drop_index("ix_sample_boot", table_name="sample")
    for table, columns in _new_columns().items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column.name)
