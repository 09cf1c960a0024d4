"""A small HubSpot account for tests: contacts, properties, scopes that can be missing."""

from __future__ import annotations

from typing import Any

from tests.cloud_sync.crm.servers import Asked, Reply

SECRETS = {"token": "pat-eu1-secret"}
OBJECTS = "/crm/objects/2026-09/contacts"
PROPERTIES = "/crm/properties/2026-09/contacts"
OWNERS = "/crm/owners/2026-09"


class Portal:
    """What a HubSpot account holds."""

    def __init__(self) -> None:
        self.contacts: dict[str, dict[str, str]] = {
            "1": {"email": "a@x.example", "lifecyclestage": "lead", "kitwright_score": "12"},
            "2": {"email": "b@x.example", "lifecyclestage": "customer", "closedate": "2026-04-01T00:00:00Z"},
        }  # fmt: skip
        self.labels: dict[str, str] = {}
        self.options: dict[str, dict[str, str]] = {}
        self.properties: dict[str, str] = {"email": "string", "lifecyclestage": "enumeration"}
        self.closed: set[str] = set()
        self.owners = [
            {"id": "71", "firstName": "Ann", "lastName": "Miller", "email": "ann@x.example"},
            {"id": "72", "firstName": "", "lastName": "", "email": "support@x.example"},
            {"id": "70", "firstName": "Bob", "lastName": "Frank", "email": "", "archived": True},
        ]
        self.breaking: set[str] = set()
        self.groups: list[str] = []
        self.missing_scopes: set[str] = set()
        self.batches: list[int] = []

    def act(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != "Bearer pat-eu1-secret":
            return Reply(
                {"status": "error", "message": "Authentication credentials not found"}, 401
            )
        right = {f"GET {OBJECTS}": "crm.objects.contacts.read", f"POST {OBJECTS}/batch/update": "crm.objects.contacts.write",
                 f"POST {PROPERTIES}": "crm.schemas.contacts.write", f"GET {OWNERS}": "crm.objects.owners.read"}.get(f"{asked.method} {asked.path}")  # fmt: skip
        if right in self.missing_scopes:
            context = {"requiredGranularScopes": [right]}
            said = {
                "category": "MISSING_SCOPES",
                "message": "This app hasn't been granted all required scopes",
            }
            return Reply({"status": "error", **said, "errors": [{"message": "x", "context": context}]}, 403)  # fmt: skip
        table = {
            "GET /account-info/2026-09/details": lambda: Reply({"portalId": 4711}),
            f"GET {OBJECTS}": lambda: Reply({"results": []}),
            f"POST {OBJECTS}/batch/read": lambda: self.read(asked.body),
            f"POST {OBJECTS}/batch/update": lambda: self.update(asked.body),
            f"GET {PROPERTIES}": lambda: Reply(
                {
                    "results": [
                        {
                            "name": n,
                            "type": t,
                            "label": self.labels.get(n, ""),
                            **(
                                {"referencedObjectType": "OWNER"} if n == "hubspot_owner_id" else {}
                            ),
                            "modificationMetadata": {"readOnlyValue": n in self.closed},
                            "options": [
                                {"value": v, "label": said}
                                for v, said in self.options.get(n, {}).items()
                            ],
                        }
                        for n, t in self.properties.items()
                    ]
                }
            ),
            f"GET {OWNERS}": lambda: self.people(asked.query),
            f"POST {PROPERTIES}/groups": lambda: self.group(asked.body),
            f"POST {PROPERTIES}": lambda: self.make(asked.body),
        }
        return table[f"{asked.method} {asked.path}"]()

    def read(self, body: Any) -> Reply:
        rows = [
            {"id": i["id"], "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-05-04T12:00:00.123Z",
             "properties": {p: self.contacts[i["id"]].get(p) for p in body["properties"]}}
            for i in body["inputs"] if i["id"] in self.contacts
        ]  # fmt: skip
        whole = len(rows) == len(body["inputs"])
        errors = [] if whole else [{"category": "OBJECT_NOT_FOUND", "message": "gone"}]
        return Reply({"results": rows, "errors": errors}, 200 if whole else 207)

    def update(self, body: Any) -> Reply:
        if not body["inputs"]:
            return Reply({"status": "error", "category": "VALIDATION_ERROR", "message": "no inputs"}, 400)  # fmt: skip
        self.batches.append(len(body["inputs"]))
        done, errors = [], []
        for one in body["inputs"]:
            unknown = sorted(set(one["properties"]) - set(self.properties))
            if unknown:
                said = f'Property values were not valid: "{unknown[0]}" does not exist'
                return Reply({"status": "error", "message": said, "category": "VALIDATION_ERROR"}, 400)  # fmt: skip
            if one["id"] not in self.contacts:
                errors.append({"category": "OBJECT_NOT_FOUND", "message": "no such contact", "context": {"ids": [one["id"]]}})  # fmt: skip
                continue
            if one["id"] in self.breaking:
                said = "closedate is required when lifecyclestage is customer"
                errors.append({"category": "VALIDATION_ERROR", "message": said, "context": {"ids": [one["id"]]}})  # fmt: skip
                continue
            self.contacts[one["id"]] |= one["properties"]
            done.append({"id": one["id"], "properties": one["properties"]})
        return Reply({"results": done, "errors": errors}, 207 if errors else 200)

    def people(self, query: dict[str, str]) -> Reply:
        wanted = [one for one in self.owners if bool(one.get("archived")) == (query.get("archived") == "true")]  # fmt: skip
        start = int(query.get("after", 0))
        more = {"paging": {"next": {"after": str(start + 1)}}} if start + 1 < len(wanted) else {}
        return Reply({"results": wanted[start : start + 1], **more})

    def group(self, body: Any) -> Reply:
        if body["name"] in self.groups:
            return Reply({"message": "exists", "category": "CONFLICT"}, 409)
        self.groups.append(body["name"])
        return Reply(body, 201)

    def make(self, body: Any) -> Reply:
        self.properties[body["name"]] = body["type"]
        return Reply(body, 201)
