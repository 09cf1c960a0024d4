"""When scores of open leads were asked for stands in an index: it was read out of every lead's JSON each hour."""

from datetime import datetime, timezone

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_PORTION = 1000
_ASKED = sa.text("state = 'open' AND asked_at IS NOT NULL")


def upgrade() -> None:
    """Two columns that follow from another one, and an index."""
    op.add_column("crm_lead", sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("crm_lead", sa.Column("asked_of", sa.String(), server_default="", nullable=False))
    _fill()
    op.create_index(
        "ix_crm_lead_asked", "crm_lead", ["connection", "asked_of", "asked_at"],
        sqlite_where=_ASKED, postgresql_where=_ASKED,
    )  # fmt: skip


def downgrade() -> None:
    """As it was."""
    op.drop_index("ix_crm_lead_asked", "crm_lead")
    op.drop_column("crm_lead", "asked_of")
    op.drop_column("crm_lead", "asked_at")


def _fill() -> None:
    lead = sa.table(
        "crm_lead", sa.column("connection"), sa.column("object_id"), sa.column("asked", sa.JSON()),
        sa.column("asked_at", sa.DateTime(timezone=True)), sa.column("asked_of"),
    )  # fmt: skip
    key = [lead.c.connection, lead.c.object_id]
    mine = lead.c.connection == sa.bindparam("owner"), lead.c.object_id == sa.bindparam("name")
    keep = lead.update().where(*mine)
    keep = keep.values(asked_at=sa.bindparam("at"), asked_of=sa.bindparam("bundle"))
    last = ("", "")
    while last:
        later = sa.tuple_(*key) > sa.tuple_(*map(sa.literal, last))
        query = sa.select(*key, lead.c.asked).where(later).order_by(*key).limit(_PORTION)
        rows = op.get_bind().execute(query).all()
        told = [
            {"owner": row.connection, "name": row.object_id, "at": _moment(row.asked["at"]), "bundle": row.asked.get("bundle", "")}
            for row in rows if row.asked.get("at")
        ]  # fmt: skip
        if told:
            op.get_bind().execute(keep, told)
        last = tuple(rows[-1][:2]) if rows else ()


def _moment(said: str) -> datetime:
    return datetime.fromisoformat(said).astimezone(timezone.utc)
