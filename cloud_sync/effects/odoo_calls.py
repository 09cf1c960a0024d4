"""Calling Odoo's models: the JSON-2 API of Odoo 19 and later, or the JSON-RPC of earlier ones.

Sources: https://www.odoo.com/documentation/19.0/developer/reference/external_api.html and
https://www.odoo.com/documentation/17.0/developer/reference/external_api.html. Which model, and what its fields mean, is
for the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol
from urllib.parse import quote

from pydantic import JsonValue

from cloud_sync.effects.json_http import RefusedError, printable, rows_of
from cloud_sync.effects.targets import DeliveryError

_FAULTY = ("ValidationError", "UserError", "MissingError", "ValueError", "KeyError", "TypeError")
"""Errors within a 200 of JSON-RPC that say the request itself is wrong."""
GONE = "MissingError"


class Sends(Protocol):
    """Sends one request (`JsonHttp.call`)."""

    def __call__(self, method: str, path: str, body: JsonValue = None) -> JsonValue:
        """The answer; raises DeliveryError."""
        ...


@dataclass(frozen=True, slots=True)
class OdooAccount:
    """Who calls. `login` is for JSON-RPC only; `database` for JSON-2 only where a server has several."""

    api: Literal["json2", "jsonrpc"]
    key: str = field(repr=False)
    database: str = ""
    login: str = ""

    def headers(self) -> dict[str, str]:
        """Of every request."""
        if self.api != "json2":
            return {}
        database = {"x-odoo-database": self.database} if self.database else {}
        return {"authorization": f"bearer {self.key}", **database}


class OdooCalls:
    """Calls of one user.

    Args:
        send: to the server.
        name: for errors.
    """

    def __init__(self, send: Sends, account: OdooAccount, *, name: str) -> None:
        self._send = send
        self._account = account
        self.name = name
        self._uid = 0

    def call(
        self, model: str, method: str, *, ids: Sequence[int] = (), **params: JsonValue
    ) -> JsonValue:
        """What a method answers.

        Raises:
            RefusedError: Odoo says no; `status` 0: within a 200.
            DeliveryError: it does not answer.
        """
        if self._account.api == "json2":
            body: dict[str, JsonValue] = {**({"ids": [*ids]} if ids else {}), **params}
            return self._send("POST", f"/json/2/{quote(model)}/{quote(method)}", body)
        args: list[JsonValue] = [[*ids]] if ids else []
        own, uid = self._account, self.signed_in()
        return self._rpc(
            "object", "execute_kw", own.database, uid, own.key, model, method, args, params
        )

    def rows(
        self,
        model: str,
        domain: Sequence[JsonValue],
        fields: Sequence[str],
        *,
        limit: int = 500,
        order: str = "id asc",
        **context: JsonValue,
    ) -> list[Mapping[str, JsonValue]]:
        """Records that fit a domain, with keys of Odoo's context.

        Raises:
            RefusedError: as `call` does.
            DeliveryError: as `call` does, and where no list came.
        """
        params: dict[str, JsonValue] = {"context": {**context}} if context else {}
        params |= {"domain": [*domain], "fields": [*fields], "limit": limit, "order": order}
        answer = self.call(model, "search_read", ids=(), **params)
        if not isinstance(answer, list):
            raise DeliveryError("answered a search without a list", where=self.name)
        return rows_of(answer)

    def may(self, model: str, right: str) -> bool:
        """Whether the user has a right (read, create, write) to a model."""
        try:
            if self._account.api == "json2":
                return self.call(model, "has_access", operation=right) is True
            answer = self.call(model, "check_access_rights", operation=right, raise_exception=False)
        except RefusedError:
            return False
        return answer is True

    def signed_in(self) -> int:
        """The user's number, by JSON-RPC.

        Raises:
            RefusedError: it does not know this user and key.
            DeliveryError: as `call` does.
        """
        if not self._uid:
            own = self._account
            found = self._rpc("common", "authenticate", own.database, own.login, own.key, {})
            if not isinstance(found, int) or not found:
                raise RefusedError("does not know this user and key", status=401, where=self.name)
            self._uid = found
        return self._uid

    def _rpc(self, service: str, method: str, *args: JsonValue) -> JsonValue:
        params: JsonValue = {"service": service, "method": method, "args": [*args]}
        body: JsonValue = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        answer = self._send("POST", "/jsonrpc", body)
        if not isinstance(answer, Mapping) or not {"jsonrpc", "result", "error"} & answer.keys():
            raise DeliveryError("answered with something that is no JSON-RPC", where=self.name)
        error = answer.get("error")
        if error is None:
            return answer.get("result")
        data = error.get("data") if isinstance(error, Mapping) else None
        kind = str(data.get("name")) if isinstance(data, Mapping) else ""
        said = printable(str(data.get("message")) if isinstance(data, Mapping) else "an error")
        raise RefusedError(
            f"refused: {said}",
            status=404 if kind.endswith(GONE) else 403 if "Access" in kind else 0,
            where=self.name,
            retry=not kind.endswith(_FAULTY),
        )


def named(value: JsonValue) -> str:
    """A many2one's name, a selection's key, a text; False, which is Odoo's "nothing", is empty."""
    if isinstance(value, list) and len(value) == 2:
        value = value[1]
    return value.strip()[:200] if isinstance(value, str) else ""
