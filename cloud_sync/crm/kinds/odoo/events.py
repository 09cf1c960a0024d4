"""Odoo's automation rules: a message for each record, with the fields a person chose for it.

Source: `odoo/addons/base/models/ir_actions.py`, "Send Webhook Notification". Odoo says neither what changed nor, unless
`write_date` was chosen, when; so the record is read anew, our own writes included, and the circle ends there: a score
that has not moved is not written.
"""

from __future__ import annotations

from cloud_sync.crm.inbound.messages import moment_text, objects_of, read_json, record_id, word
from cloud_sync.crm.inbound.reading import OTHER_OBJECT, Message
from cloud_sync.crm.kinds.base import CrmEvent


def read(message: Message) -> list[CrmEvent]:
    """Its events.

    Raises:
        MalformedError: not a message of Odoo's.
        TooLargeError: a list of more than a hundred.
    """
    found = []
    for number, item in enumerate(objects_of(read_json(message.body), "a message of Odoo's")):
        lead = record_id(item.get("_id", item.get("id")), "_id")
        at = moment_text(item.get("write_date"))
        model = word(item.get("_model"))
        found.append(
            CrmEvent(
                message.name(number, telling=at is not None), lead, "changed", at or message.now,
                skip="" if model in ("", message.thing) else OTHER_OBJECT, body=item,
            )
        )  # fmt: skip
    return found
