"""Odoo: a maintenance request per case, by the JSON-2 API of Odoo 19 or the JSON-RPC of earlier ones.

A request is done when its stage is; the cause code is a field that the firm adds. How Odoo is called is
`effects/odoo_calls.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from pydantic import JsonValue

from cloud_sync.cmms.base import (
    OrderOfCase,
    OrderProgress,
    OrderState,
    WorkOrder,
    check_names,
    is_among,
)
from cloud_sync.cmms.settings import CmmsConfig
from cloud_sync.effects.checks import Check
from cloud_sync.effects.json_http import JsonHttp, RefusedError
from cloud_sync.effects.odoo_calls import OdooAccount, OdooCalls, named
from cloud_sync.effects.targets import DeliveryError

NAME = "odoo"
_RIGHTS = ("read", "create", "write")
_PRIORITY = {"warn": "1", "alarm": "3"}


class Odoo:
    """Maintenance requests of one database.

    Args:
        key: the API key.
    """

    name = NAME

    def __init__(self, config: CmmsConfig, key: str) -> None:
        self._odoo = config.odoo
        account = OdooAccount(config.odoo.api, key, config.odoo.database, config.odoo.login)
        http = JsonHttp(
            config.url, account.headers(), config.timeout_s, name=NAME, guard=config.guard
        )
        self._calls = OdooCalls(http.call, account, name=NAME)

    def __repr__(self) -> str:
        return f"Odoo({self._odoo.model!r})"

    def find(self, case_id: str) -> str:
        field, mark = self._odoo.reference_field, _mark(case_id)
        wanted: list[JsonValue] = [field, "=", case_id] if field else ["name", "like", mark]
        rows = self._read([wanted], ["id", field or "name"], limit=20)
        # `like` takes an underscore for any character
        exact = [r for r in rows if field or mark in str(r.get("name"))]
        return str(exact[0]["id"]) if exact else ""

    def create(self, order: WorkOrder) -> str:
        field = self._odoo.reference_field
        values: dict[str, JsonValue] = {
            "name": order.title if field else f"{order.title} {_mark(order.case_id)}",
            # an HTML field: words of devices go in as words
            "description": "".join(f"<p>{escape(line)}</p>" for line in order.details),
            "priority": _PRIORITY.get(order.level, "1"),
            "maintenance_type": "corrective",
            **({field: order.case_id} if field else {}),
        }
        equipment = self._equipment(order.asset)
        if equipment:
            values["equipment_id"] = equipment
        made = self._calls.call(self._odoo.model, "create", vals_list=[values])
        ref = made[0] if isinstance(made, list) and made else made
        if not isinstance(ref, int) or isinstance(ref, bool):
            raise DeliveryError("made a request without a number", where=NAME)
        return str(ref)

    def comment(self, ref: str, text: str) -> None:
        self._calls.call(self._odoo.model, "message_post", ids=[int(ref)], body=text)

    def states(self, orders: Sequence[OrderOfCase]) -> list[OrderState]:
        own = self._odoo
        numbers: list[JsonValue] = [*sorted({int(one.ref) for one in orders if one.ref.isdigit()})]
        fields = ["id", "stage_id", "done", "user_id", "name"]
        fields += filter(None, (own.reference_field, own.cause_field))
        rows = {str(row.get("id")): row for row in self._read([["id", "in", numbers]], fields)}
        return [
            self._state(one.case_id, rows[one.ref])
            for one in orders
            if one.ref in rows and self._is_of(one, rows[one.ref])
        ]

    def _is_of(self, order: OrderOfCase, row: Mapping[str, JsonValue]) -> bool:
        """Whether a request was made for this case; who gives it another title leaves its description.

        Those that were made before there was a field for the case's id have it in both.
        """
        if any(order.case_id in str(row.get(at)) for at in (self._odoo.reference_field, "name")):
            return True
        said: list[JsonValue] = ["description", "like", order.case_id]
        return bool(self._read([["id", "=", int(order.ref)], said], ["id"], limit=1))

    def _state(self, case_id: str, row: Mapping[str, JsonValue]) -> OrderState:
        stage = named(row.get("stage_id"))
        progress: OrderProgress = "new"
        if row.get("done") is True:
            progress = "done"
        elif is_among(stage, self._odoo.acknowledged_stages):
            progress = "acknowledged"
        cause = named(row.get(self._odoo.cause_field)) if self._odoo.cause_field else ""
        return OrderState(case_id, progress, cause, named(row.get("user_id")))

    def check(self) -> list[Check]:
        try:
            found = self._calls.call(
                self._odoo.model, "fields_get", attributes=["type", "relation"]
            )
        except DeliveryError as error:
            fix = "check cmms.url, cmms.odoo and the key; is the module Maintenance installed?"
            return [Check(f"reach {self._odoo.model}", False, error.what, fix)]
        checks = [Check(f"reach {self._odoo.model}", True, "it answers")]
        for right in _RIGHTS:
            allowed = self._may(right)
            fix = "" if allowed else "give the key's user the role Equipment Manager"
            checks.append(Check(f"right to {right}", allowed, "yes" if allowed else "missing", fix))
        fields = found if isinstance(found, Mapping) else {}
        own = (self._odoo.reference_field, self._odoo.cause_field)
        for field in ("stage_id", "done", *filter(None, own)):
            fix = "" if field in fields else "add it to the model, or name another one in cmms.odoo"
            checks.append(
                Check(f"field {field}", field in fields, "there" if not fix else "missing", fix)
            )
        return checks + self._check_stages(fields.get("stage_id"))

    def _check_stages(self, field: JsonValue) -> list[Check]:
        """By the names that an API's user gets, which may be in another language than those that people see."""
        stages = field.get("relation") if isinstance(field, Mapping) else None
        if not isinstance(stages, str):
            return []
        try:
            rows = self._read([], ["name"], model=stages)
        except RefusedError:
            return []  # the user may not look; the orders' own stages come all the same
        there = [named(row.get("name")) for row in rows]
        return check_names("odoo.acknowledged_stages", self._odoo.acknowledged_stages, there)

    def _may(self, right: str) -> bool:
        return self._calls.may(self._odoo.model, right)

    def _equipment(self, asset: str) -> int:
        """The equipment of this name or serial number; 0: none, or the user may not look."""
        domain: list[JsonValue] = ["|", ["name", "=", asset], ["serial_no", "=", asset]]
        try:
            rows = self._read(domain, ["id"], limit=1, model="maintenance.equipment")
        except RefusedError as error:
            if error.retry and error.status not in (401, 403, 404):
                raise
            return 0
        found = rows[0].get("id") if rows else 0
        return found if isinstance(found, int) else 0

    def _read(
        self, domain: list[JsonValue], fields: Sequence[str], limit: int = 500, model: str = ""
    ) -> list[Mapping[str, JsonValue]]:
        return self._calls.rows(model or self._odoo.model, domain, fields, limit=limit)


def _mark(case_id: str) -> str:
    return f"[{case_id}]"
