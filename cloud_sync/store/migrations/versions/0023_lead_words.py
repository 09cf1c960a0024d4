"""What leads are found by stands apart from them: a search read every lead, twice."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_PORTION = 1000


def upgrade() -> None:
    """A table, with what the leads that are there say."""
    op.create_table(
        "crm_lead_words",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection", "object_id"],
            ["crm_lead.connection", "crm_lead.object_id"],
            name=op.f("fk_crm_lead_words_connection_crm_lead"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection", "object_id", name=op.f("pk_crm_lead_words")),
    )
    names = "connection", "object_id"
    lead = sa.table("crm_lead", *map(sa.column, names), sa.column("fields", sa.JSON()))
    found_by = sa.table("crm_lead_words", *map(sa.column, names), sa.column("words"))
    key = [lead.c[name] for name in names]
    last = ("", "")
    while last:
        later = sa.tuple_(*key) > sa.tuple_(*map(sa.literal, last))
        rows = op.get_bind().execute(sa.select(lead).where(later).order_by(*key).limit(_PORTION))
        told = [(*row[:2], _words_of(row.fields)) for row in rows]
        op.bulk_insert(found_by, [dict(zip(found_by.c.keys(), one)) for one in told if one[2]])
        last = told[-1][:2] if told else ()


def downgrade() -> None:
    """As it was."""
    op.drop_table("crm_lead_words")


def _words_of(fields: dict[str, object]) -> str:
    said = [
        one if isinstance(one, str) else json.dumps(one)
        for one in fields.values()
        if one is not None
    ]
    return "\n".join(filter(None, said)).casefold()
