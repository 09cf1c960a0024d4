"""Mails: what became of drafts, promises of bundles, erasures, the record of what was done; an index of its own."""

import sqlalchemy as sa
from alembic import op

from cloud_sync.store.types import BigKey, UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_MAILS = sa.text("media_type = 'message/rfc822'")
_TELLING = sa.text("media_type = 'message/rfc822' AND blob_state != 'erased'")


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _big(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _figures(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double(), nullable=False) for name in names]


def _time(name: str, *, nullable: bool = False) -> sa.Column[UtcDateTime]:
    return sa.Column(name, UtcDateTime(), nullable=nullable)


def upgrade() -> None:
    """Five tables, mails among the samples by an index that costs the others nothing, and dataset versions
    that were replaced because samples of theirs were erased."""
    with op.batch_alter_table("dataset") as batch:
        batch.add_column(sa.Column("erased", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("successor", sa.String(), server_default="", nullable=False))
    op.create_table(
        "mail_draft",
        *_text("device", "sample_id", "fate", "intent", "bundle"),
        *_figures("changed_share"),
        sa.Column("changed", sa.JSON(), nullable=False),
        _time("at"),
        *_text("epoch"),
        *_big("seq"),
        _time("received_at"),
        sa.ForeignKeyConstraint(
            ["device"], ["device.name"], name=op.f("fk_mail_draft_device_device")
        ),
        sa.PrimaryKeyConstraint("device", "sample_id", name=op.f("pk_mail_draft")),
    )
    op.create_index("ix_mail_draft_at", "mail_draft", ["at"])
    op.create_table(
        "mail_gate",
        *_text("bundle", "project"),
        *_figures("epsilon", "delta"),
        sa.Column("audits", sa.Integer(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        *_figures("evidence"),
        *_big("counted_to", "counted_from"),
        _time("closed_at", nullable=True),
        *_text("because"),
        _time("said_at", nullable=True),
        *_text("said_by"),
        sa.ForeignKeyConstraint(["bundle"], ["bundle.id"], name=op.f("fk_mail_gate_bundle_bundle")),
        sa.PrimaryKeyConstraint("bundle", name=op.f("pk_mail_gate")),
    )
    op.create_table(
        "mail_who",
        *_text("digest", "who"),
        sa.PrimaryKeyConstraint("digest", "who", name=op.f("pk_mail_who")),
    )
    op.create_index("ix_mail_who_who", "mail_who", ["who"])
    op.create_table(
        "mail_erasure",
        *_text("id", "who", "address", "asked_by"),
        _time("at"),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("devices", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_erasure")),
    )
    op.create_index(op.f("ix_mail_erasure_who"), "mail_erasure", ["who"])
    op.create_table(
        "mail_log",
        sa.Column("number", BigKey, nullable=False, autoincrement=False),
        *_text("hash", "entry"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_mail_log")),
    )
    op.create_index(
        "ix_sample_mail", "sample",
        ["media_type", "captured_at", "project", "bundle", "verdict", "device", "id"],
        sqlite_where=_MAILS, postgresql_where=_MAILS,
    )  # fmt: skip
    op.create_index(
        "ix_sample_mail_text", "sample", ["media_type", "received_at"],
        sqlite_where=_TELLING, postgresql_where=_TELLING,
    )  # fmt: skip


def downgrade() -> None:
    """Takes them away; drafts stay in the event table by the names of their mails only."""
    op.drop_index("ix_sample_mail_text", table_name="sample")
    op.drop_index("ix_sample_mail", table_name="sample")
    for table in ("mail_log", "mail_erasure", "mail_who", "mail_gate", "mail_draft"):
        op.drop_table(table)
    with op.batch_alter_table("dataset") as batch:
        batch.drop_column("successor")
        batch.drop_column("erased")
