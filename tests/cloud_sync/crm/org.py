"""A small Salesforce organisation for tests: OAuth, SOQL by id and by time, collections, describe, field making."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

from tests.cloud_sync.crm.servers import Asked, Reply

SECRETS = {"client_id": "app", "client_secret": "s3cr3t"}
BASE = "/services/data/v62.0"


class Org:
    """What an organisation holds.

    Args:
        thing: what its leads are.

    Attributes:
        leads: id → fields.
        tokens: those that are let in; a test empties it when they shall have ended.
        errors: id → error of a collection's record.
        part: rows of one answer to a question; the rest is to be fetched.
        called: what people call a lead, in their language.
        references: field → its label, its relation, and the objects that it may refer to.
        accounts: fields of accounts → their labels.
        unseen: relations to objects that the user may not see.
        lost: nobody can fetch the rest.
    """

    def __init__(self, thing: str = "Lead") -> None:
        self.thing = thing
        self.leads: dict[str, dict[str, Any]] = {}
        self.fields: dict[str, str] = {
            "Id": "id",
            "Name": "string",
            "Company": "string",
            "Status": "picklist",
            "ConvertedDate": "date",
        }
        self.closed: set[str] = set()
        self.labels: dict[str, str] = {}
        self.called = thing
        self.references: dict[str, tuple[str, ...]] = {"OwnerId": ("Owner ID", "Owner", "Group", "User")}  # fmt: skip
        self.accounts: dict[str, str] = {}
        self.unseen: set[str] = set()
        self.tokens: set[str] = set()
        self.grants: list[dict[str, str]] = []
        self.refresh = ""
        self.turned_over = ""
        self.errors: dict[str, tuple[str, str]] = {}
        self.permissions: list[dict[str, Any]] = []
        self.instance = ""
        self.date = ""
        self.batches: list[int] = []
        self.part, self.lost = 2000, False
        self.rest: dict[str, list[dict[str, Any]]] = {}

    def lead(self, number: int, at: str = "2026-05-04T12:00:00.000+0000", **fields: Any) -> str:
        object_id = f"00Q{number:012d}AAA"
        self.leads[object_id] = {
            "Id": object_id, "SystemModstamp": at, "CreatedDate": "2026-01-01T00:00:00.000+0000",
            "IsDeleted": False, **fields,
        }  # fmt: skip
        return object_id

    def act(self, asked: Asked) -> Reply:
        if asked.path == "/services/oauth2/token":
            return self._token(asked)
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return Reply([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}], 401)
        found = self._act(asked)
        if self.date:
            found.headers["date"] = self.date
        return found

    def _act(self, asked: Asked) -> Reply:
        path = asked.path.removeprefix(BASE)
        if asked.method == "POST":
            return self._make(path, asked)
        if path in ("/query", "/queryAll"):
            return self._query(asked.query["q"], path == "/queryAll")
        if path.startswith(("/query/", "/queryAll/")):
            return self._part(self.rest.pop(path.rpartition("/")[2]))
        if path == "/composite/sobjects":
            return self._update(asked.body)
        if path.endswith("/describe"):
            return self._accounts() if path == "/sobjects/Account/describe" else self._described()
        return Reply({"user_id": "0051"} if path.endswith("userinfo") else {})

    def _described(self) -> Reply:
        rows: list[dict[str, object]] = [
            {"name": n, "type": t, "label": self.labels.get(n, n), "updateable": n not in self.closed, "custom": n.endswith("__c")}
            for n, t in self.fields.items()
        ]  # fmt: skip
        rows += [
            {"name": name, "type": "reference", "label": label, "relationshipName": relation, "referenceTo": [*to]}
            for name, (label, relation, *to) in self.references.items()
        ]  # fmt: skip
        return Reply({"name": self.thing, "label": self.called, "updateable": True, "fields": rows})

    def _accounts(self) -> Reply:
        if "Account" in self.unseen:
            said = "The requested resource does not exist"
            return Reply([{"errorCode": "NOT_FOUND", "message": said}], 404)
        rows = [{"name": name, "type": "string", "label": label} for name, label in self.accounts.items()]  # fmt: skip
        return Reply({"name": "Account", "label": "Account", "fields": rows})

    def _make(self, path: str, asked: Asked) -> Reply:
        if path == "/tooling/sobjects/CustomField":
            kind = {"Number": "double", "Percent": "percent", "Picklist": "picklist",
                    "LongTextArea": "textarea", "DateTime": "datetime"}[asked.body["Metadata"]["type"]]  # fmt: skip
            name = asked.body["FullName"].removeprefix("Lead.")
            self.fields[name] = kind
            self.closed.add(name)
            return Reply({"id": "00N1", "success": True}, 201)
        if path == "/sobjects/FieldPermissions":
            self.closed.discard(asked.body["Field"].removeprefix("Lead."))
            return Reply({"id": "01k1"}, 201)
        self.permissions.append(asked.body)
        return Reply({"id": "0PS1"}, 201)

    def _token(self, asked: Asked) -> Reply:
        form = {name: values[0] for name, values in parse_qs(asked.raw.decode()).items()}
        self.grants.append(form)
        wrong = form.get("client_secret", "s3cr3t") != "s3cr3t" or (
            form["grant_type"] == "refresh_token" and form["refresh_token"] != self.refresh
        )
        if wrong:
            return Reply({"error": "invalid_grant", "error_description": "expired access/refresh token"}, 400)  # fmt: skip
        token = f"token-{len(self.grants)}"
        self.tokens.add(token)
        if self.turned_over:
            self.refresh = self.turned_over
        turned = {"refresh_token": self.turned_over} if self.turned_over else {}
        return Reply({"access_token": token, "instance_url": self.instance, **turned})

    def _query(self, soql: str, everything: bool) -> Reply:
        if "FROM PermissionSet" in soql:
            made = [{"Id": "0PS1"} for body in self.permissions if body.get("Name") == "Kitwright"]
            return Reply({"records": made})
        known = {*self.fields, "SystemModstamp", "CreatedDate", "IsDeleted", "MasterRecordId"}
        known |= {*self.references, *(one[1] for one in self.references.values())} - self.unseen
        names = re.match(rf"SELECT (.*?) FROM {self.thing}\b", soql)[1].split(", ")  # type: ignore[index]
        relations = {one[1] for one in self.references.values()}
        unknown = [n for n in names if n.partition(".")[0] not in known or n in relations]
        if unknown:
            relation, _, below = unknown[0].rpartition(".")
            said = f"No such column '{below}' on entity '{self.thing}'"
            if relation:
                said = f"SELECT {unknown[0]} FROM {self.thing} ERROR at Row:1:Column:8 Didn't understand relationship '{relation}' in field path."  # fmt: skip
            return Reply([{"errorCode": "INVALID_FIELD", "message": said}], 400)
        rows = sorted(self.leads.values(), key=lambda row: row["Id"])
        rows = [row for row in rows if everything or not row["IsDeleted"]]
        if ids := re.search(r"Id IN \((.*?)\)", soql):
            rows = [row for row in rows if f"'{row['Id']}'" in ids[1]]
        if since := re.search(r"SystemModstamp >= (\S+) AND SystemModstamp < (\S+)", soql):
            rows = [row for row in rows if since[1][:19] <= row["SystemModstamp"][:19] < since[2][:19]]  # fmt: skip
        if after := re.search(r"Id > '(\w+)'", soql):
            rows = [row for row in rows if row["Id"] > after[1]]
        if limit := re.search(r"LIMIT (\d+)", soql):
            rows = rows[: int(limit[1])]
        shown = [{"attributes": {"type": "Lead"}, **{n: row.get(n) for n in names if "." not in n},
                  **{(r := n.partition(".")[0]): row.get(r) for n in names if "." in n}} for row in rows]  # fmt: skip
        return self._part(shown)

    def _part(self, rows: list[dict[str, Any]]) -> Reply:
        """As many rows as it likes to give at once, and where the others are."""
        more = len(rows) > self.part
        body = {"totalSize": len(rows), "done": not more, "records": rows[: self.part]}
        if more and not self.lost:
            name = f"01g{len(rows):012d}AAA-{self.part}"
            self.rest[name] = rows[self.part :]
            body["nextRecordsUrl"] = f"{BASE}/query/{name}"
        return Reply(body)

    def _update(self, body: dict[str, Any]) -> Reply:
        self.batches.append(len(body["records"]))
        return Reply([self._one({**record}) for record in body["records"]])

    def _one(self, record: dict[str, Any]) -> dict[str, Any]:
        object_id = record.pop("id")
        record.pop("attributes")
        unknown = sorted(set(record) - set(self.fields)) + sorted(set(record) & self.closed)
        code, said = self.errors.get(object_id, ("", ""))
        if unknown:
            code, said = "INVALID_FIELD_FOR_INSERT_UPDATE", f"Unable to create/update fields: {unknown[0]}"  # fmt: skip
        elif object_id not in self.leads:
            code, said = "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"
        if code:
            return {"success": False, "errors": [{"statusCode": code, "message": said, "fields": []}]}  # fmt: skip
        self.leads[object_id] |= record
        return {"id": object_id, "success": True, "errors": []}
