"""Assets, their cases and the steps of these, and what a CMMS has already told."""

import sqlalchemy as sa
from alembic import op

from cloud_sync.store.types import BigKey, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _times(*names: str, nullable: bool = False) -> list[sa.Column[UtcDateTime]]:
    return [sa.Column(name, UtcDateTime(), nullable=nullable) for name in names]


def _flags(*names: str) -> list[sa.Column[bool]]:
    return [
        sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False) for name in names
    ]


def upgrade() -> None:
    """Four tables; one open case per asset of a device is the database's own rule."""
    op.create_table(
        "asset_case",
        *_text("id", "device", "asset", "project", "bundle", "level", "worst"),
        sa.Column("score", sa.Double(), nullable=True),
        *_text("label", "reason"),
        *_times("opened_at", "since", "last_at", "raised_at"),
        *_times("returned_at", "acknowledged_at", nullable=True),
        *_text("acknowledged_by"),
        *_flags("shelved"),
        *_times("closed_at", nullable=True),
        *_text("closed_by"),
        *_flags("closed_here"),
        *_text("cause", "cause_from", "order_ref"),
        *_flags("labels_due"),
        sa.ForeignKeyConstraint(
            ["device"], ["device.name"], name=op.f("fk_asset_case_device_device")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_case")),
    )
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "uq_asset_case_open", "asset_case", ["device", "asset"],
        unique=True, sqlite_where=is_open, postgresql_where=is_open,
    )  # fmt: skip
    op.create_index("ix_asset_case_opened", "asset_case", ["opened_at"], unique=False)
    op.create_index("ix_asset_case_closed", "asset_case", ["closed_at"], unique=False)
    op.create_table(
        "case_transition",
        sa.Column("id", BigKey, nullable=False),
        *_text("case_id", "device", "epoch"),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        *_text("transition", "level"),
        sa.Column("score", sa.Double(), nullable=True),
        *_text("label", "reason", "sample_id", "bundle"),
        *_times("at"),
        *_times("since", nullable=True),
        *_text("note", "who", "source"),
        *_times("received_at"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["asset_case.id"], name=op.f("fk_case_transition_case_id_asset_case")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_transition")),
    )
    op.create_index("ix_case_transition_case", "case_transition", ["case_id", "at"], unique=False)
    op.create_table(
        "asset",
        *_text("device", "name"),
        *_times("first_at", "last_at"),
        sa.ForeignKeyConstraint(["device"], ["device.name"], name=op.f("fk_asset_device_device")),
        sa.PrimaryKeyConstraint("device", "name", name=op.f("pk_asset")),
    )
    op.create_table(
        "inbound_message",
        *_text("source", "id"),
        *_times("at"),
        sa.PrimaryKeyConstraint("source", "id", name=op.f("pk_inbound_message")),
    )
    op.create_index("ix_inbound_message_at", "inbound_message", ["at"], unique=False)


def downgrade() -> None:
    """Takes them away; their rows stay in the event table."""
    op.drop_table("inbound_message")
    op.drop_table("asset")
    op.drop_table("case_transition")
    op.drop_table("asset_case")
