"""A token is known by who made it, and with which token: what a lost one made ends with it."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two columns; of older tokens the audit log knows who made them, and not with what."""
    op.add_column("api_token", sa.Column("made_by", sa.String(), server_default="", nullable=False))
    op.add_column("api_token", sa.Column("made_with", sa.Integer(), nullable=True))
    token = sa.table("api_token", sa.column("id"), sa.column("made_by"))
    log = sa.table(
        "audit_log", sa.column("who"), sa.column("what"), sa.column("details", sa.JSON())
    )
    issued = sa.select(log.c.who, log.c.details).where(log.c.what == "token.issue")
    for who, details in op.get_bind().execute(issued).all():
        op.execute(token.update().where(token.c.id == details.get("token")).values(made_by=who))


def downgrade() -> None:
    """As it was."""
    op.drop_column("api_token", "made_with")
    op.drop_column("api_token", "made_by")
