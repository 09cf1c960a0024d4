"""Who wrote a message, the customer or the firm: by what programs say of it in a message of JSON, or in a column.

Words and flags only. Which messages and rows are read is decided by who asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from pydantic import JsonValue

from kits.core.column_names import plain

Side: TypeAlias = Literal["customer", "firm", ""]
_CUSTOMERS = frozenset({
    "customer", "contact", "client", "end_user", "enduser", "requester", "visitor", "lead", "guest", "buyer", "inbound", "incoming", "in",
    "received", "kunde", "kundin", "cliente", "klant", "klient", "eingehend", "entrant", "contact_reply", "お客様",
})  # fmt: skip
_FIRM = frozenset({
    "agent", "admin", "operator", "staff", "support", "employee", "representative", "technician", "teammate", "team_member", "outbound",
    "outgoing", "out", "assistant", "system", "bot", "chatbot", "mitarbeiter", "bearbeiter", "ausgehend", "sortant", "担当者",
})  # fmt: skip
_EITHER = "user"
"""The customer beside an assistant or an agent; who works with the program beside a customer or a contact."""
_WHO = frozenset({
    "type", "sender", "sender_type", "role", "direction", "author", "author_type", "from", "speaker", "creator_type", "user_type", "by",
    "actor", "party", "absendertyp", "richtung", "rolle", "account_type", "message_direction",
})  # fmt: skip
_OF_MESSAGES = frozenset({"message", "participant", "comment", "post", "kind"})
_OF_CUSTOMER = frozenset({"inbound", "is_inbound", "incoming", "from_customer", "is_customer", "is_requester"})  # fmt: skip
_OF_FIRM = frozenset({"from_agent", "agent_response", "is_agent", "outbound", "outgoing", "is_staff", "from_staff", "bot"})  # fmt: skip
"""Names of what is true of a message of either."""
_AMONG_COLLEAGUES = {
    **dict.fromkeys(("private", "is_private", "internal", "is_internal", "is_note"), "true"),
    **dict.fromkeys(("public", "is_public", "jsd_public"), "false"),
}
"""Names of what tells a note that no customer sees → where it does; the other value says nothing of who wrote."""
_PERSONS = (
    "author",
    "sender",
    "creator",
    "created_by",
    "by",
    "from",
    "user",
    "initiator",
    "person",
)
"""Objects in a message that tell of its author."""
_TRUE = frozenset({"true", "yes", "1", "ja", "oui"})
_FALSE = frozenset({"false", "no", "0", "nein", "non"})
_ASSOCIATION: Mapping[str, Side] = {
    **dict.fromkeys(("OWNER", "MEMBER", "COLLABORATOR"), "firm"),
    **dict.fromkeys(("NONE", "CONTRIBUTOR", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN"), "customer"),
}  # fmt: skip
"""GitHub's words for what an author is to the project, in a column of that name."""
_CHATWOOT = ("message_type", {"0": "customer", "1": "firm", "2": "firm", "3": "firm"})
"""Chatwoot's numbers of what came in, went out, happened and was made of a template."""
Sides: TypeAlias = Mapping[str, Side]


def sides_of(name: str, cells: Sequence[str]) -> Sides:
    """What the cells of a column say of who wrote each row; empty where they say nothing, or all rows are of one side.

    Of what lies within others the author counts, not an assignee.
    """
    whose, _, own = name.rpartition(".")
    called = plain(own)
    if whose and plain(whose.rpartition(".")[2]) not in _PERSONS:
        return {}
    if called == "author_association":
        found = {cell.strip(): _ASSOCIATION.get(cell.strip().upper(), "") for cell in cells}
        return found if set(found.values()) >= {"customer", "firm"} else {}
    who = _asks_who(called)
    if called not in _OF_CUSTOMER | _OF_FIRM and not who:
        return {}
    distinct = {cell.strip() for cell in cells} - {""}
    if len(distinct) > len(_CUSTOMERS):
        return {}
    if who:
        words = {plain(cell) for cell in distinct}
        found = {cell: _side(cell, words) for cell in distinct}
    else:
        found = {cell: _flagged(called, cell) for cell in distinct}
    return found if set(found.values()) == {"customer", "firm"} else {}


def _asks_who(called: str) -> bool:
    """Whether a column is called as who wrote, or by such words alone: `author_role`."""
    words = set(called.split("_"))
    return called in _WHO or (bool(words & _WHO) and words <= _WHO | _OF_MESSAGES)


def by_customers(messages: Sequence[Mapping[str, JsonValue]]) -> list[Mapping[str, JsonValue]]:
    """The messages that the customer wrote; those of nobody known where none is said to be, never the firm's."""
    words = {plain(word) for one in messages for word in _words(one)}
    sides = [_who_wrote(one, words) for one in messages]
    asked = [one for one, side in zip(messages, sides) if side == "customer"]
    return asked or [one for one, side in zip(messages, sides) if not side]


def says_who(word: str) -> bool:
    """Whether a word alone names one of both sides, as in `["agent", "Welcome"]`."""
    return plain(word) in _CUSTOMERS | _FIRM | {_EITHER}


def _who_wrote(message: Mapping[str, JsonValue], words: set[str]) -> Side:
    name, numbers = _CHATWOOT
    if isinstance(number := message.get(name), int) and str(number) in numbers:
        return "customer" if numbers[str(number)] == "customer" else "firm"
    for one in (message, *_persons(message)):
        for key, value in one.items():
            if isinstance(value, bool) and (side := _flagged(plain(key), str(value))):
                return side
    told = [_side(word, words) for word in _words(message)]
    return next((side for side in told if side), "")


def _words(message: Mapping[str, JsonValue]) -> list[str]:
    """What a message says of who wrote it, itself first."""
    return [
        value
        for one in (message, *_persons(message))
        for key, value in one.items()
        if plain(key) in _WHO and isinstance(value, str) and value
    ]


def _persons(message: Mapping[str, JsonValue]) -> list[Mapping[str, JsonValue]]:
    found = {plain(key): value for key, value in message.items()}
    return [one for name in _PERSONS if isinstance(one := found.get(name), dict)]


def _flagged(name: str, cell: str) -> Side:
    """By a flag; of a bot that is none nothing is known."""
    told = cell.strip().lower()
    if name not in _OF_CUSTOMER | _OF_FIRM:
        return "firm" if _AMONG_COLLEAGUES.get(name) == told else ""
    if told not in _TRUE | _FALSE or (name == "bot" and told in _FALSE):
        return ""
    return "customer" if (name in _OF_CUSTOMER) == (told in _TRUE) else "firm"


def _side(word: str, words: set[str]) -> Side:
    """Args:
    words: all that are said of the messages around it.
    """
    said = plain(word)
    if said == _EITHER and not _CUSTOMERS.isdisjoint(words):
        return "firm"
    if said in _CUSTOMERS or said == _EITHER:
        return "customer"
    return "firm" if said in _FIRM else ""
