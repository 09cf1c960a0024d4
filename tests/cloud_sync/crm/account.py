"""A Pipedrive account in place of the real one: what it lists by API v2, and leads and users by v1."""

from __future__ import annotations

from typing import Any

from tests.cloud_sync.crm.servers import Asked, Reply

SECRETS = {"token": "s3cr3t"}
SOURCE = "a" * 40
TAGS = "b" * 40
UNSUPPORTED = (
    "/v1/dealFields", "/v1/personFields", "/v1/organizationFields", "/v1/pipelines", "/v1/stages",
)  # fmt: skip
"""Of API v1; each has one of v2 in its place."""


def field(
    code: str, name: str, kind: str = "varchar", options: dict[Any, str] | None = None, **parts: str
) -> dict[str, Any]:
    """A field as API v2 shows it. `options`: id → label; `parts`: of its values, with their names."""
    listed = [{"id": key, "label": label, "color": None} for key, label in (options or {}).items()]
    below = [{"field_code": part, "field_name": title} for part, title in parts.items()]
    return {
        "field_code": code, "field_name": name, "field_type": kind, "options": listed or None,
        "subfields": below or None, "is_custom_field": len(code) == 40,
    }  # fmt: skip


class Account:
    """What an account holds.

    Attributes:
        lists: path → names of records that others refer to by number; what is not here is closed to the user.
        beside: path → what deals belong to, or the fields of these; what is not here is closed to the user.
        page: rows of a page.
    """

    def __init__(self) -> None:
        self.fields = [
            field("title", "Title"),
            field(SOURCE, "Channel", "enum", {7: "Fair"}),
            field(TAGS, "Themes", "set", {1: "Pumps", 2: "Valves"}),
        ]
        self.things: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, dict[int, str]] = {"/v1/users": {77: "Ann Arbor"}}
        self.firms: dict[int, str] = {}
        self.beside: dict[str, list[dict[str, Any]]] = {}
        self.page = 2
        self.proxy: Reply | None = None

    def act(self, asked: Asked) -> Reply:
        if asked.headers.get("x-api-token") != "s3cr3t":
            return Reply({"success": False, "error": "unauthorized access"}, 401)
        if asked.path in UNSUPPORTED:
            return Reply({"success": False, "error": "out of support"}, 410)
        if asked.path in (*self.beside, "/api/v2/organizations"):
            return self._beside(asked)
        if asked.path in ("/api/v2/dealFields", "/api/v2/personFields"):
            return self._make(asked) if asked.method == "POST" else self._paged(self.fields, asked)
        if asked.path in self.lists:
            rows = [{"id": key, "name": name} for key, name in self.lists[asked.path].items()]
            return Reply({"data": rows}) if "/v1/" in asked.path else self._paged(rows, asked)
        return self._things(asked)

    def _beside(self, asked: Asked) -> Reply:
        firms = [{"id": number, "name": name} for number, name in self.firms.items()]
        rows = self.beside.get(asked.path, firms)
        if not rows:
            return Reply({"success": False, "error": "Scope and URL mismatch"}, 403)
        wanted = asked.query.get("ids", "").split(",")
        return Reply(
            {"data": [r for r in rows if "ids" not in asked.query or str(r["id"]) in wanted]}
        )

    def _things(self, asked: Asked) -> Reply:
        if asked.path == "/v1/users/me":
            return Reply({"data": {"name": "Ann"}})
        if asked.path in ("/api/v2/persons", "/api/v2/deals", "/v1/leads"):
            ids = asked.query.get("ids", "").split(",")
            return Reply({"data": [self.things[i] for i in ids if i in self.things]})
        name = asked.path.rpartition("/")[2]
        if name not in self.things:
            return Reply({"success": False, "error": "not found"}, 404)
        if asked.method == "PATCH":
            body = asked.body
            thing = self.things[name]
            if "custom_fields" in body:
                thing["custom_fields"] = {**thing.get("custom_fields", {}), **body["custom_fields"]}
            else:
                thing |= body
        return Reply({"data": self.things[name]})

    def _make(self, asked: Asked) -> Reply:
        if set(asked.body) != {"field_name", "field_type"}:
            return Reply({"success": False, "error": "Validation failed"}, 400)
        code = f"{len(self.fields):040d}"
        self.fields.append(field(code, asked.body["field_name"], asked.body["field_type"]))
        return Reply({"success": True, "data": self.fields[-1]})

    def _paged(self, rows: list[dict[str, Any]], asked: Asked) -> Reply:
        start = int(asked.query.get("cursor", "p0")[1:])
        more = start + self.page < len(rows)
        following = {"next_cursor": f"p{start + self.page}" if more else None}
        data = rows[start : start + self.page]
        return Reply({"success": True, "data": data, "additional_data": following})

    def key(self, name: str) -> str:
        return next(str(one["field_code"]) for one in self.fields if one["field_name"] == name)
