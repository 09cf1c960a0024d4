"""What leads are found by: the values of their fields, apart from all else that is kept of them.

A search reads these short rows and not those of the leads, which are ten times as long. They follow `CrmLead.fields`
by themselves, and go with the lead.
"""

from __future__ import annotations

import json

from sqlalchemy import Connection, ForeignKeyConstraint, delete, event, insert, inspect, update
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from cloud_sync.store.models.crm import CrmLead
from cloud_sync.store.types import Base, JsonObject


class CrmLeadWords(Base):
    """The words of one lead, as they are looked for: each value on a line, without capitals. None: it has no fields."""

    __tablename__ = "crm_lead_words"
    __table_args__ = (
        ForeignKeyConstraint(
            ["connection", "object_id"],
            ["crm_lead.connection", "crm_lead.object_id"],
            ondelete="CASCADE",
        ),
    )
    connection: Mapped[str] = mapped_column(primary_key=True)
    object_id: Mapped[str] = mapped_column(primary_key=True)
    words: Mapped[str]


def words_of(fields: JsonObject) -> str:
    """All values that say something; numbers as JSON has them."""
    said = (
        one if isinstance(one, str) else json.dumps(one)
        for one in fields.values()
        if one is not None
    )
    return "\n".join(filter(None, said)).casefold()


def _follow(_mapper: Mapper[CrmLead], connection: Connection, lead: CrmLead) -> None:
    before = inspect(lead).attrs.fields.history
    if not before.has_changes():
        return
    words = words_of(lead.fields)
    mine = CrmLeadWords.connection == lead.connection, CrmLeadWords.object_id == lead.object_id
    if not words:
        connection.execute(delete(CrmLeadWords).where(*mine))
    elif not connection.execute(update(CrmLeadWords).where(*mine).values(words=words)).rowcount:
        key = {"connection": lead.connection, "object_id": lead.object_id}
        connection.execute(insert(CrmLeadWords).values(words=words, **key))


event.listen(CrmLead, "after_insert", _follow)
event.listen(CrmLead, "after_update", _follow)
