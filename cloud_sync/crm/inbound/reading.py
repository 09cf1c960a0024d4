"""What a verified message is to those who read it (`kinds/*/events.py`: message → events)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cloud_sync.crm.inbound.schemes.verifying import Verified

OTHER_OBJECT: Final = "another object"
"""Why an event is skipped that is of something else than this connection's leads."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is the CRM's.

    Attributes:
        thing: what a lead is called there (`CrmSettings.object`, or the kind's own name).
        options: of the connection.
        now: when it came.
    """

    body: bytes
    thing: str
    verified: Verified
    now: datetime
    options: Mapping[str, str] = field(default_factory=dict)

    def name(self, number: int, *, telling: bool) -> str:
        """An id for an event that has none of its own.

        Args:
            number: of the event within the message.
            telling: its bytes tell one change from another (they have a time in them). Where nothing does, two
                changes may look the same, and none of them may be lost: then each message is new. Taken twice it
                only has the lead read once more.
        """
        unique = self.verified.message_id or self.verified.digest[:32]
        if not (telling or self.verified.message_id or self.verified.at):
            unique += f"@{self.now.timestamp():.6f}"
        return f"{unique}#{number}" if number else unique
