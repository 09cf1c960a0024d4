"""ERPNext: a document per case (an Issue, or whatever DocType the firm uses), by Frappe's REST API.

Source: https://docs.frappe.io/framework/user/en/api/rest. The reference is a custom field, unique, so
that ERPNext itself refuses a second order of one case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

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
from cloud_sync.effects.json_http import JsonHttp, RefusedError, rows_of
from cloud_sync.effects.targets import DeliveryError

NAME = "erpnext"
CONFLICT = 409
_RIGHTS = ("create", "write")


class Erpnext:
    """Documents of one DocType.

    Args:
        key: `API_KEY:API_SECRET` of the user.
    """

    name = NAME

    def __init__(self, config: CmmsConfig, key: str) -> None:
        self._next = config.erpnext
        self._resource = f"/api/resource/{quote(self._next.doctype)}"
        headers = {"authorization": f"token {key}"}
        self._http = JsonHttp(config.url, headers, config.timeout_s, name=NAME, guard=config.guard)

    def __repr__(self) -> str:
        return f"Erpnext({self._next.doctype!r})"

    def find(self, case_id: str) -> str:
        rows = self._list([[self._next.reference_field, "=", case_id]], ["name"], limit=1)
        return str(rows[0].get("name") or "") if rows else ""

    def create(self, order: WorkOrder) -> str:
        own = self._next
        body: dict[str, JsonValue] = {
            **own.extra,
            own.subject_field: order.title[:140],
            own.text_field: "".join(f"<p>{escape(line)}</p>" for line in order.details),
            own.reference_field: order.case_id,
            **({own.asset_field: order.asset} if own.asset_field else {}),
        }
        try:
            made = _data(self._http.call("POST", self._resource, body))
        except RefusedError as error:
            # the order of a request whose answer got lost
            there = self.find(order.case_id) if error.status == CONFLICT else ""
            if not there:
                raise
            return there
        name = made.get("name") if isinstance(made, Mapping) else None
        if not isinstance(name, str) or not name:
            raise DeliveryError("made a document without a name", where=NAME)
        return name

    def comment(self, ref: str, text: str) -> None:
        body: JsonValue = {
            "comment_type": "Comment", "reference_doctype": self._next.doctype,
            "reference_name": ref, "content": escape(text),
        }  # fmt: skip
        self._http.call("POST", "/api/resource/Comment", body)

    def states(self, orders: Sequence[OrderOfCase]) -> list[OrderState]:
        own = self._next
        fields = ["name", own.status_field, own.reference_field]
        fields += [own.cause_field] if own.cause_field else []
        numbers: list[JsonValue] = [*sorted({one.ref for one in orders})]
        found = self._list([["name", "in", numbers]], fields)
        rows = {str(row.get("name")): row for row in found}
        return [
            self._state(one.case_id, rows[one.ref])
            for one in orders
            if one.ref in rows and one.case_id in str(rows[one.ref].get(own.reference_field))
        ]

    def _state(self, case_id: str, row: Mapping[str, JsonValue]) -> OrderState:
        own, status = self._next, str(row.get(self._next.status_field) or "")
        progress: OrderProgress = "new"
        if is_among(status, own.done):
            progress = "done"
        elif is_among(status, own.acknowledged):
            progress = "acknowledged"
        cause = row.get(own.cause_field) if own.cause_field else ""
        return OrderState(case_id, progress, str(cause or "").strip()[:200])

    def check(self) -> list[Check]:
        try:
            who = self._http.call("GET", "/api/method/frappe.auth.get_logged_user")
        except DeliveryError as error:
            fix = "check cmms.url and the key, which is API_KEY:API_SECRET of a user"
            return [Check("sign in", False, error.what, fix)]
        user = who.get("message") if isinstance(who, Mapping) else ""
        checks = [Check("sign in", True, f"as {str(user)[:80]}"), self._check_fields()]
        for right in _RIGHTS:
            allowed = self._may(right)
            fix = f"give the user the right to {right} {self._next.doctype} (Role Permissions Manager)"
            checks.append(
                Check(
                    f"right to {right}",
                    allowed,
                    "yes" if allowed else "missing",
                    "" if allowed else fix,
                )
            )
        return checks + self._check_states()

    def _check_states(self) -> list[Check]:
        """By the choices of the field, where it has some and the user may see them."""
        own = self._next
        try:
            form = "/api/method/frappe.desk.form.load.getdoctype"
            answer = self._http.call("GET", form, query={"doctype": own.doctype})
        except DeliveryError:
            return []
        docs = rows_of(answer.get("docs") if isinstance(answer, Mapping) else None)
        mine = [doc for doc in docs if doc.get("name") == own.doctype]
        fields = [field for doc in mine for field in rows_of(doc.get("fields"))]
        choices = [
            str(field.get("options") or "").split("\n")
            for field in fields
            if field.get("fieldname") == own.status_field and field.get("fieldtype") == "Select"
        ]
        there = [name.strip() for some in choices for name in some if name.strip()]
        checks = check_names("erpnext.acknowledged", own.acknowledged, there)
        return checks + check_names("erpnext.done", own.done, there)

    def _check_fields(self) -> Check:
        own = self._next
        named = [own.reference_field, own.status_field, own.subject_field, own.cause_field]
        fields = [field for field in named if field]
        name = f"right to read {own.doctype} with {', '.join(fields)}"
        try:
            self._list([], fields, limit=1)
        except RefusedError as error:
            missing = error.status not in (401, 403)
            fix = "give the user the right to read it (Role Permissions Manager)"
            if missing:
                fix = "add the fields by Customize Form, or name others in cmms.erpnext"
            return Check(name, False, error.what, fix)
        return Check(name, True, "yes")

    def _may(self, right: str) -> bool:
        query = {"doctype": self._next.doctype, "docname": "", "perm_type": right}
        try:
            answer = self._http.call("GET", "/api/method/frappe.client.has_permission", query=query)
        except RefusedError:
            return False
        said = answer.get("message") if isinstance(answer, Mapping) else None
        return isinstance(said, Mapping) and said.get("has_permission") in (True, 1)

    def _list(
        self, filters: list[JsonValue], fields: Sequence[str], limit: int = 500
    ) -> list[Mapping[str, JsonValue]]:
        query = {
            "filters": json.dumps(filters), "fields": json.dumps([*fields]),
            "limit_page_length": str(limit), "order_by": "creation asc",
        }  # fmt: skip
        found = _data(self._http.call("GET", self._resource, query=query))
        if not isinstance(found, list):
            raise DeliveryError("answered a search without a list", where=NAME)
        return rows_of(found)


def _data(answer: JsonValue) -> JsonValue:
    return answer.get("data") if isinstance(answer, Mapping) else None
