"""Figures of cases and of audited mails are counted in indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_AUDITED = sa.text("media_type = 'message/rfc822' AND kept_for = 'audit'")


def upgrade() -> None:
    """One index costs other samples nothing, one has more columns."""
    op.create_index(
        "ix_sample_mail_audit", "sample", ["kept_for", "captured_at", "bundle"],
        sqlite_where=_AUDITED, postgresql_where=_AUDITED,
    )  # fmt: skip
    _index_cases("worst", "project", "closed_at", "cause", "since", "id")


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_sample_mail_audit", "sample")
    _index_cases()


def _index_cases(*further: str) -> None:
    op.drop_index("ix_asset_case_opened", "asset_case")
    op.create_index("ix_asset_case_opened", "asset_case", ["opened_at", *further])
