"""What leads are found by: the values of their fields, apart from all else that is kept of them.

A search reads these short rows and not those of the leads, which are ten times as long. They follow `CrmLead.fields`
by themselves, and go with the lead.
"""

from __future__ import annotations

import json

from sqlalchemy import Connection, ForeignKeyConstraint, delete, event, insert, update
from sqlalchemy.orm import Mapped, Mapper, PassiveFlag, mapped_column
from sqlalchemy.orm.attributes import get_history

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


def _begin(_mapper: Mapper[CrmLead], connection: Connection, lead: CrmLead) -> None:
    words = words_of(lead.fields)
    if words:
        key = {"connection": lead.connection, "object_id": lead.object_id}
        connection.execute(insert(CrmLeadWords).values(words=words, **key))


def _follow(mapper: Mapper[CrmLead], connection: Connection, lead: CrmLead) -> None:
    # of this one attribute: every write of a score comes by here
    if not get_history(lead, "fields", PassiveFlag.PASSIVE_NO_INITIALIZE).has_changes():
        return
    words = words_of(lead.fields)
    mine = CrmLeadWords.connection == lead.connection, CrmLeadWords.object_id == lead.object_id
    if not words:
        connection.execute(delete(CrmLeadWords).where(*mine))
    elif not connection.execute(update(CrmLeadWords).where(*mine).values(words=words)).rowcount:
        _begin(mapper, connection, lead)


event.listen(CrmLead, "after_insert", _begin)
event.listen(CrmLead, "after_update", _follow)
