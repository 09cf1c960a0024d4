"""Reading a Salesforce Outbound Message: SOAP without any of XML's dangers.

No document type, so no entities and nothing to fetch; bounded in depth, elements and text. The session id that
Salesforce puts into a message is a secret and is not read at all. What the fields mean is for `events.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from cloud_sync.crm.inbound.messages import MAX_EVENTS
from cloud_sync.errors import MalformedError, TooLargeError

_SPACE: Final = "http://soap.sforce.com/2005/09/outbound"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_MAX_DEPTH: Final = 8
_MAX_ELEMENTS: Final = 100_000
_MAX_TEXT: Final = 256 << 10
_SKIPPED: Final = frozenset({"SessionId"})


@dataclass(slots=True)
class Notification:
    """One record, as it was when Salesforce sent it.

    Attributes:
        kind: the object's name: Lead.
        fields: those a person chose for the message; Id always.
    """

    id: str = ""
    kind: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class OutboundMessage:
    """What a message says."""

    organization: str = ""
    notifications: list[Notification] = field(default_factory=list)


def read_outbound(body: bytes) -> OutboundMessage:
    """A message.

    Raises:
        MalformedError: no such message, or one that no CRM writes.
        TooLargeError: more than a hundred notifications.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.buffer_text = True
    try:
        body.decode("utf-8")
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        # an encoding that Python does not know is a LookupError
        raise MalformedError("the body is no XML in UTF-8") from error
    if not reader.message.notifications:
        raise MalformedError("no outbound message of Salesforce: it has no Notification")
    return reader.message


def _refuse(*_parts: object) -> int:
    raise MalformedError("XML with a document type, an entity or an instruction is not read")


class _Reader:
    """Follows the elements; only those of an outbound message, at their places, are looked at."""

    def __init__(self) -> None:
        self.message = OutboundMessage()
        self._path: list[str] = []
        self._elements = 0
        self._texts: list[str] = []
        self._length = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if len(self._path) >= _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            raise MalformedError("XML that is deeper or longer than an outbound message")
        space, _, local = name.rpartition(" ")
        self._path.append(local)
        self._texts, self._length = [], 0
        if self._is("Notification") and space == _SPACE:
            if len(self.message.notifications) >= MAX_EVENTS:
                raise TooLargeError(f"more than {MAX_EVENTS} notifications in one message")
            self.message.notifications.append(Notification())
        elif self._is("Notification", "sObject") and self.message.notifications:
            kind = attributes.get(f"{_XSI} type", "")
            self.message.notifications[-1].kind = kind.rpartition(":")[2]

    def end(self, _name: str) -> None:
        text = "".join(self._texts).strip()
        local = self._path[-1]
        if self._is("OrganizationId"):
            self.message.organization = text
        elif self.message.notifications:
            last = self.message.notifications[-1]
            if self._is("Notification", "Id"):
                last.id = text
            elif self._is("Notification", "sObject", local):
                last.fields[local] = text
        self._path.pop()
        self._texts, self._length = [], 0

    def text(self, piece: str) -> None:
        if self._path and self._path[-1] in _SKIPPED:
            return
        self._length += len(piece)
        if self._length > _MAX_TEXT:
            raise MalformedError("a field that is longer than Salesforce's longest")
        self._texts.append(piece)

    def _is(self, *names: str) -> bool:
        """Whether the element is at this place below `Envelope/Body/notifications`."""
        return self._path == ["Envelope", "Body", "notifications", *names]
