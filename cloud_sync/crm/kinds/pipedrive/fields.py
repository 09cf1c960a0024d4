"""Fields of a Pipedrive account (API v2): their keys by the names people gave them, made where they are missing, checked.

A field of one's own has a key of forty characters, another one in each account; API v2 calls it `field_code`. Leads have
the fields of deals. Records are `client.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from pydantic import JsonValue

from cloud_sync.crm.client.fitting import Fitting, check_type
from cloud_sync.crm.client.http import (
    FORBIDDEN,
    CrmHttp,
    CrmRefusedError,
    is_closed,
    many,
    one,
    rows_in,
    text,
)
from cloud_sync.crm.client.labels import Described
from cloud_sync.crm.client.looked import Looked
from cloud_sync.crm.client.shown import Shape, shown_fields
from cloud_sync.crm.connection.settings import Fields
from cloud_sync.effects.checks import Check

PAGE: Final = 500
MOST_ROWS: Final = 4000
_OWN: Final = re.compile(r"[0-9a-f]{40}(_\w+)?\Z")
"""Keys of fields of one's own, and of parts of their values."""
_SEVERAL: Final = "set"
"""The type of a choice of several; leads, which are of API v1, have their ids joined by commas."""
_TYPES: dict[Shape, str] = {
    "whole": "double", "share": "double", "percent": "double", "choice": "varchar",
    "lines": "text", "moment": "varchar",
}  # fmt: skip
_WORDS: Final = frozenset({"varchar", "varchar_auto", "text"})
_FITTING: Fitting = {
    "whole": frozenset({"double", "int"}),
    "share": frozenset({"double"}),
    "percent": frozenset({"double"}),
    "choice": _WORDS,
    "lines": _WORDS,
    "moment": _WORDS,
}
_MISSING = "`cloud-sync crm fields NAME` makes it if the user may add custom fields; or Settings, Data fields"

_RENAMED: Mapping[str, str] = {
    "label_ids": "label", "owner_id": "user_id", "pipeline_id": "pipeline", "emails": "email", "phones": "phone",
}  # fmt: skip
"""Keys of API v2 → of API v1; a field is found by either."""
_NAMED_TWICE: Mapping[str, str] = {
    **_RENAMED, "currency": "value_currency", "org_id": "organization_id",
}  # fmt: skip
"""With the currency of a deal's value, which stands beside it, and in a lead within it; a lead calls the organisation otherwise."""
_SAME: Mapping[str, str] = {**_NAMED_TWICE, **{old: new for new, old in _NAMED_TWICE.items()}}
_WHOLE: Final = ("value", "amount", "label", "name")
"""Parts that stand for all of a value: the amount of money, the text of an address."""
_USERS: Final = "/v1/users"
_LISTS: Mapping[str, str] = {
    "owner_id": _USERS, "pipeline_id": "/api/v2/pipelines", "stage_id": "/api/v2/stages",
}  # fmt: skip
"""Keys whose values are numbers of other records → where those have names, as exports show them."""


@dataclass(frozen=True)
class Known:
    """An object's fields: key → type, and key → name and choices (option id → label).

    A part of a value, the currency of an amount, has the key `KEY_PART`, as in API v1.
    """

    types: Mapping[str, str] = field(default_factory=dict)
    there: Mapping[str, Described] = field(default_factory=dict)

    def key_of(self, name: str) -> str:
        """The key of a field that people named; empty: there is none."""
        for key in (name, _SAME.get(name, "")):
            if key in self.there:
                return key
        return next((key for key, known in self.there.items() if known.label == name), "")

    def name_of(self, key: str) -> str:
        """Fields of one's own by their names: keys of forty characters mean nothing to people."""
        return self.of(key).label or key if _OWN.match(key) else key

    def of(self, key: str) -> Described:
        """What is known of the field behind a record's key."""
        return self.there.get(key) or self.there.get(_SAME.get(key, "")) or Described()

    def flat(self, row: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """A record's values by keys, none within another: own fields, and parts of a value that are fields."""
        flat = {key: value for key, value in row.items() if key != "custom_fields"}
        flat |= one(row.get("custom_fields"))
        for key, value in list(flat.items()):
            parts = {f"{key}_{part}": own for part, own in one(value).items() if part not in _WHOLE}
            flat |= {part: own for part, own in parts.items() if part in self.there}
        return flat

    def plain(self, key: str, value: JsonValue) -> JsonValue:
        """A value without its wrapping: the amount of money, the address of a mail, several options joined by `;`."""
        if isinstance(value, list):
            parts = [self.plain(key, part) for part in value]
            return ";".join(text(part) for part in parts if part is not None)
        if isinstance(value, Mapping):
            found = next((value[n] for n in _WHOLE if n in value), None)
            return None if isinstance(found, (Mapping, list)) else found
        kind = self.types.get(key) or self.types.get(_SAME.get(key, ""))
        return value.replace(",", ";") if kind == _SEVERAL and isinstance(value, str) else value


def record_key(key: str, keys: Container[str]) -> str:
    """What a record with these keys calls the field with this one."""
    return key if key in keys else _SAME.get(key, key)


def listed_in(answer: Mapping[str, JsonValue], where: str) -> list[Mapping[str, JsonValue]]:
    """The rows of a list; the older API says null for an empty one. Raises DeliveryError: it is no list of Pipedrive's."""
    empty = answer.get("data") is None and answer.get("success") is True
    return [] if empty else rows_in({**answer}, "data", where)


class AccountFields:
    """The fields of one object, looked up now and then.

    Args:
        path: of the object's fields in the API.
        clock: monotonic seconds.
    """

    def __init__(self, http: CrmHttp, path: str, clock: Callable[[], float]) -> None:
        self._http = http
        self._path = path
        lists = {key: Looked(partial(self._named, path), clock) for key, path in _LISTS.items()}
        self._lists = lists | {_SAME[key]: names for key, names in lists.items() if key in _SAME}
        self.known = Looked(self._look, clock)
        """As `Looked`; raises DeliveryError."""

    def described(self, known: Known, key: str) -> Described:
        """What is known of a record's key, with the names of the records that it refers to. Raises DeliveryError."""
        found = known.of(key)
        if key not in self._lists or found.options:
            return found
        return Described(found.label, self._lists[key]())

    def _named(self, path: str) -> dict[str, str]:
        try:
            rows = list(self._rows(path))
        except CrmRefusedError as error:
            if not is_closed(error):
                raise
            return {}  # the user may not see them: numbers stay numbers, which `crm test` tells
        return {text(row.get("id")): text(row.get("name")) for row in rows}

    def _look(self) -> Known:
        return _known(self._rows(self._path))

    def _rows(self, path: str) -> Iterator[Mapping[str, JsonValue]]:
        """All rows of a list, page by page; that of users is one page. Raises DeliveryError."""
        cursor, left = "", MOST_ROWS
        while left > 0:
            query = {} if path == _USERS else {"limit": str(PAGE)}
            query |= {"cursor": cursor} if cursor else {}
            answer = one(self._http.call("GET", path, query=query))
            page = listed_in(answer, self._http.name)
            yield from page
            following = text(one(answer.get("additional_data")).get("next_cursor"))
            if not page or following in ("", cursor):
                return
            cursor, left = following, left - len(page)

    def keys(self, fields: Fields) -> dict[str, str]:
        """The key of each field that is written.

        Raises:
            CrmRefusedError: one is not there.
        """
        found = {}
        for name, _ in shown_fields(fields):
            key = self.known().key_of(name) or self.known(anew=True).key_of(name)
            if not key:
                raise CrmRefusedError(
                    f"the field {name!r} is missing", status=FORBIDDEN, where="pipedrive",
                    retry=True,
                )  # fmt: skip
            found[name] = key
        return found

    def make(self, fields: Fields) -> None:
        """Makes those that are missing. Raises DeliveryError."""
        known = self.known(anew=True)
        for name, info in shown_fields(fields):
            if not known.key_of(name):
                body: JsonValue = {"field_name": name, "field_type": _TYPES[info.shape]}
                self._http.call("POST", self._path, body)
        self.known.forget()

    def checks(self, fields: Fields) -> list[Check]:
        """Whether each is there and fits. Raises DeliveryError."""
        known = self.known(anew=True)
        checks = []
        for name, info in shown_fields(fields):
            key = known.key_of(name)
            kind = known.types.get(key, "")
            checks.append(
                check_type(
                    name, info, kind if key else None, _FITTING, wanted=_TYPES[info.shape],
                    missing=_MISSING, found=f"{kind}, key {key}",
                )
            )  # fmt: skip
        return checks


def _known(rows: Iterable[Mapping[str, JsonValue]]) -> Known:
    keyed: dict[str, Mapping[str, JsonValue]] = {}
    for row in rows:
        key = text(row.get("field_code"))
        keyed[key] = row
        keyed |= {f"{key}_{text(p.get('field_code'))}": p for p in many(row.get("subfields"))}
    return Known(
        {key: text(row.get("field_type")) for key, row in keyed.items()},
        {
            key: Described(
                text(row.get("field_name")),
                {text(o.get("id")): text(o.get("label")) for o in many(row.get("options"))},
            )
            for key, row in keyed.items()
        },
    )
