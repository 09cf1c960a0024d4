"""What the APIs of boards, lists and notes answer."""

from __future__ import annotations

from datetime import datetime

from benchmarks.programs.made import SOURCES, Deal
from benchmarks.programs.writing import Program, Row, answered, day, iso, zulu


def _monday(d: Deal) -> Row:
    def column(name: str, title: str, text: str) -> Row:
        return {"id": name, "column": {"title": title}, "text": text}

    return {
        "id": str(d.n + 90_000), "name": f"Deal {d.n}", "created_at": zulu(d.created), "updated_at": zulu(d.updated),
        "group": {"id": "g", "title": d.said("Closed Won", "Lost", "Active Deals")},
        "column_values": [
            column("deal_stage", "Stage", d.said("Won", "Lost", "Discovery")), column("src", "Source", d.source),
            column("emp", "Employees", str(d.employees)), column("deal_value", "Deal Value", str(d.amount)),
            column("close", "Close Date", day(d.closed) or ""),
        ],
    }  # fmt: skip


def _notion(d: Deal) -> Row:
    closed = {"start": day(d.closed), "end": None, "time_zone": None} if d.closed else None
    tags = [
        {"id": tag, "name": tag, "color": "red"} for tag in d.draw.choice([["a"], ["a", "b"], []])
    ]
    return {
        "object": "page", "id": f"{d.n:08x}-0000-4000-8000-000000000000", "created_time": iso(d.created, "%Y-%m-%dT%H:%M:00.000Z"),
        "last_edited_time": iso(d.updated, "%Y-%m-%dT%H:%M:00.000Z"), "created_by": {"object": "user", "id": "u1"},
        "last_edited_by": {"object": "user", "id": "u1"}, "cover": None, "icon": None,
        "parent": {"type": "database_id", "database_id": "d1"}, "archived": False, "in_trash": False,
        "properties": {
            "Name": {"id": "title", "type": "title", "title": [{"type": "text", "plain_text": f"Deal {d.n}"}]},
            "Status": {"id": "a", "type": "status", "status": {"id": "s", "name": d.said("Won", "Lost", "Proposal"), "color": "green"}},
            "Source": {"id": "b", "type": "select", "select": {"id": "x", "name": d.source, "color": "red"}},
            "Employees": {"id": "c", "type": "number", "number": d.employees}, "Value": {"id": "d", "type": "number", "number": d.amount},
            "Close date": {"id": "e", "type": "date", "date": closed},
            "Tags": {"id": "f", "type": "multi_select", "multi_select": tags},
        },
        "url": "https://notion.so/x", "public_url": None,
    }  # fmt: skip


def _airtable(d: Deal) -> Row:
    told: dict[str, object] = {
        "Name": d.firm, "Status": d.said("Won", "Lost", "Open"), "Source": d.source, "Employees": d.employees, "Value": d.amount,
    }  # fmt: skip
    if d.closed:
        told["Closed"] = day(d.closed)  # empty fields are left out
    return {"id": f"rec{d.n:014x}", "createdTime": zulu(d.created), "fields": told}


def _microsoft_list(d: Deal) -> Row:
    by = {"user": {"email": "a@firm.example", "id": "u1", "displayName": d.owner}}
    return {
        "@odata.etag": '"e,1"', "createdDateTime": zulu(d.created), "eTag": '"e,1"', "id": str(d.n + 1),
        "lastModifiedDateTime": zulu(d.updated), "webUrl": f"https://x.sharepoint.com/Lists/Leads/{d.n}_.000", "createdBy": by,
        "lastModifiedBy": by, "parentReference": {"id": "p1", "siteId": "s1"}, "contentType": {"id": "0x01", "name": "Item"},
        "fields@odata.context": "https://graph.microsoft.com/v1.0/$metadata#x",
        "fields": {
            "@odata.etag": '"e,1"', "Title": d.firm, "Status": d.said("Won", "Lost", "Proposal"), "Source": d.source,
            "Employees": float(d.employees), "Amount": float(d.amount), "ClosedOn": zulu(d.closed), "id": str(d.n + 1),
            "ContentType": "Item", "Modified": zulu(d.updated), "Created": zulu(d.created), "AuthorLookupId": "7",
            "EditorLookupId": "7", "_UIVersionString": "1.0", "Attachments": False, "Edit": "", "LinkTitle": d.firm,
        },
    }  # fmt: skip


def _clickup(d: Deal) -> Row:
    def field(name: str, kind: str, config: Row, value: object) -> Row:
        return {"id": f"f-{name}", "name": name, "type": kind, "type_config": config, "date_created": "1700000000000",
                "hide_from_guests": False, "value": value, "required": False}  # fmt: skip

    def at(moment: datetime | None) -> str | None:
        return str(int(moment.timestamp() * 1000)) if moment else None

    options = [
        {"id": f"o{n}", "name": name, "color": None, "orderindex": n}
        for n, name in enumerate(SOURCES)
    ]
    return {
        "id": f"9hz{d.n}", "custom_id": None, "name": d.firm, "text_content": "", "description": "",
        "status": {"id": d.said("s3", "s4", "s1"), "status": d.said("won", "lost", "proposal"), "color": "#fff",
                   "orderindex": d.said(3, 4, 1), "type": d.said("done", "closed", "open")},
        "orderindex": f"{d.n}.000", "date_created": at(d.created), "date_updated": at(d.updated), "date_closed": at(d.closed),
        "date_done": at(d.closed), "archived": False, "creator": {"id": 1, "username": d.owner, "email": "a@firm.example"},
        "assignees": [{"id": 1, "username": d.owner, "email": "a@firm.example"}], "watchers": [], "checklists": [], "tags": [],
        "parent": None, "priority": None, "due_date": None, "start_date": None, "points": None, "time_estimate": None,
        "custom_fields": [
            field("Source", "drop_down", {"options": options}, SOURCES.index(d.source)),
            field("Employees", "number", {}, str(d.employees)), field("Value", "currency", {"currency_type": "EUR"}, str(d.amount)),
        ],
        "list": {"id": "1", "name": "Leads", "access": True}, "space": {"id": "7"}, "url": f"https://app.clickup.com/t/9hz{d.n}",
    }  # fmt: skip


def _asana(d: Deal) -> Row:
    def chosen(gid: str, name: str, words: list[str], word: str) -> Row:
        options = [
            {"gid": f"{gid}{n}", "name": one, "color": "red", "enabled": True}
            for n, one in enumerate(words)
        ]
        return {"gid": gid, "enabled": True, "name": name, "type": "enum", "resource_subtype": "enum", "enum_options": options,
                "enum_value": options[words.index(word)], "display_value": word}  # fmt: skip

    def number(gid: str, name: str, value: int) -> Row:
        return {"gid": gid, "enabled": True, "name": name, "type": "number", "resource_subtype": "number", "precision": 0,
                "number_value": value, "display_value": str(value)}  # fmt: skip

    return {
        "gid": str(1_200_000 + d.n), "assignee": {"gid": str(len(d.owner)), "name": d.owner}, "completed": d.outcome != "open",
        "completed_at": zulu(d.closed), "created_at": zulu(d.created), "due_on": None, "modified_at": zulu(d.updated),
        "name": d.firm, "notes": "", "num_likes": 0, "tags": [], "resource_type": "task", "resource_subtype": "default_task",
        "memberships": [{"project": {"gid": "1", "name": "Leads"}, "section": {"gid": "2", "name": d.said("Won", "Lost", "Offer")}}],
        "custom_fields": [chosen("71", "Stage", ["Won", "Lost", "Offer"], d.said("Won", "Lost", "Offer")),
                          chosen("72", "Source", list(SOURCES), d.source), number("73", "Employees", d.employees),
                          number("74", "Value", d.amount)],
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    answered("monday items", _monday,
             lambda rows: {"data": {"boards": [{"items_page": {"cursor": None, "items": rows}}]}}),
    answered("Notion pages", _notion, lambda rows: {
        "object": "list", "results": rows, "next_cursor": None, "has_more": False, "type": "page_or_database",
        "page_or_database": {}, "request_id": "r",
    }),
    answered("Airtable records", _airtable, lambda rows: {"records": rows, "offset": "itr/rec"}),
    answered("Microsoft Lists items", _microsoft_list,
             lambda rows: {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#x", "value": rows}),
    answered("ClickUp tasks", _clickup, lambda rows: {"tasks": rows, "last_page": True}),
    answered("Asana tasks", _asana, lambda rows: {"data": rows, "next_page": None}),
)  # fmt: skip
