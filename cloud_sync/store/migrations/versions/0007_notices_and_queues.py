"""The hub's own name, mails that stay together, and indexes for the parts of the samples asked for."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SETTING = sa.table("setting", sa.column("key", sa.String()), sa.column("value", sa.JSON()))
_DECIDED = sa.column("decided", sa.Boolean())


def _is(name: str, value: str) -> sa.ColumnElement[bool]:
    return sa.column(name, sa.String()) == sa.literal_column(f"'{value}'")


_label = sa.column("label", sa.String())
_PARTS: dict[str, tuple[sa.ColumnElement[bool], list[str]]] = {
    "ix_sample_waiting": (
        sa.and_(_is("blob_state", "stored"), _DECIDED.is_(False)),
        ["blob_state", "verdict", "captured_at", "id", "kept_for", "project"],
    ),
    "ix_sample_expected": (_is("blob_state", "expected"), ["blob_state"]),
    "ix_sample_decided": (_DECIDED.is_(True), ["captured_at"]),
    "ix_sample_audit": (
        _is("kept_for", "audit"), ["kept_for", "id", "verdict", "project", "bundle"],
    ),
    "ix_sample_label": (
        sa.and_(_label != sa.literal_column("''"), _label != sa.literal_column("'good'")),
        ["label", "captured_at"],
    ),
}  # fmt: skip
_FEW_VALUES = {"verdict": ["verdict", "captured_at"], "bundle": ["bundle", "captured_at"]}
"""Indexes on one column that told little, and what they become."""


def upgrade() -> None:
    """Draws the name; marks what was decided before."""
    name: dict[str, object] = {"key": "hub", "value": {"id": uuid.uuid4().hex}}
    op.bulk_insert(_SETTING, [name])
    # not in a batch: that would make the table anew, which rows that point to it do not allow
    op.add_column("effect", sa.Column("batch", sa.String(), server_default="", nullable=False))
    op.add_column(
        "sample", sa.Column("decided", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    sample = sa.table("sample", sa.column("id"), _DECIDED)
    review = sa.table("review", sa.column("sample_id"), sa.column("decision"))
    said = sa.select(review.c.sample_id).where(review.c.decision.in_(["accept", "correct"]))
    op.execute(sample.update().where(sample.c.id.in_(said)).values(decided=True))
    op.drop_index("ix_sample_blob_state", table_name="sample")
    for column, columns in _FEW_VALUES.items():
        op.drop_index(f"ix_sample_{column}", table_name="sample")
        op.create_index(f"ix_sample_{column}_captured", "sample", columns)
    for index, (part, columns) in _PARTS.items():
        op.create_index(index, "sample", columns, sqlite_where=part, postgresql_where=part)
    op.create_index("ix_review_decision", "review", ["decision", "person_id", "sample_id", "at"])
    op.create_index("ix_effect_state", "effect", ["state", "id"])


def downgrade() -> None:
    """Takes name, marks and indexes away again."""
    op.drop_index("ix_effect_state", table_name="effect")
    op.drop_index("ix_review_decision", table_name="review")
    for index in _PARTS:
        op.drop_index(index, table_name="sample")
    for column in _FEW_VALUES:
        op.drop_index(f"ix_sample_{column}_captured", table_name="sample")
        op.create_index(f"ix_sample_{column}", "sample", [column])
    op.create_index("ix_sample_blob_state", "sample", ["blob_state"])
    op.drop_column("sample", "decided")
    op.drop_column("effect", "batch")
    op.execute(_SETTING.delete().where(_SETTING.c.key == "hub"))
