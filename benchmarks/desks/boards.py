"""Boards and trackers of software that small firms answer their customers with."""

from __future__ import annotations

import json
from collections.abc import Sequence

from benchmarks.desks.made import Ticket
from benchmarks.desks.writing import Desk, Row, answered, cell, exported, written, zulu


def _trello(tickets: Sequence[Ticket]) -> bytes:
    """A board: its cards are its tickets; lists, labels and actions stand beside them."""
    labels = sorted({t.label for t in tickets})
    cards = [{
        "id": f"{int(t.at.timestamp()):x}{t.n:016x}", "name": t.subject, "desc": t.text, "closed": True, "dateLastActivity": zulu(t.closed), "idBoard": "b", "idList": "l1",
        "idLabels": [f"lab{labels.index(t.label)}"], "labels": [{"id": f"lab{labels.index(t.label)}", "idBoard": "b", "name": t.label, "color": "green"}], "idMembers": [], "due": None,
        "shortUrl": "https://trello.com/c/x", "url": "https://trello.com/c/x", "pos": t.n, "badges": {"votes": 0, "comments": 1}, "idShort": t.n, "attachments": [],
    } for t in tickets]  # fmt: skip
    actions = [{"id": f"a{t.n}", "idMemberCreator": "m", "type": "commentCard", "date": zulu(t.closed), "data": {"text": t.answer, "card": {"id": "c", "name": t.subject}},
                "memberCreator": {"id": "m", "fullName": t.agent}} for t in tickets]  # fmt: skip
    board = {
        "id": "b", "name": "Support", "desc": "", "closed": False, "url": "https://trello.com/b/x", "prefs": {"permissionLevel": "private"}, "labelNames": {"green": ""}, "limits": {},
        "actions": actions, "cards": cards, "labels": [{"id": f"lab{n}", "idBoard": "b", "name": name, "color": "green"} for n, name in enumerate(labels)],
        "lists": [{"id": "l1", "name": "Done", "closed": False, "idBoard": "b", "pos": 1}], "members": [{"id": "m", "fullName": "Ann Otto", "username": "ann"}], "checklists": [],
    }  # fmt: skip
    return json.dumps(board).encode()


def _trello_export(t: Ticket) -> Row:
    return {
        "Card ID": f"{t.n:024x}", "Card Name": t.subject, "Card URL": "https://trello.com/c/x", "Card Description": t.text, "Labels": f"{t.label} (green)", "Members": "ann",
        "Due Date": "", "Attachment Count": 0, "Last Activity Date": zulu(t.closed), "List ID": "l1", "List Name": "Done", "Board ID": "b", "Board Name": "Support", "Archived": "false",
    }  # fmt: skip


def _asana(t: Ticket) -> Row:
    return {
        "gid": f"120{t.n:06}", "name": t.subject, "notes": t.text, "completed": True, "completed_at": zulu(t.closed), "created_at": zulu(t.at), "modified_at": zulu(t.closed),
        "assignee": {"gid": "1", "name": t.agent, "resource_type": "user"}, "resource_type": "task", "tags": [{"gid": "9", "name": t.label, "resource_type": "tag"}],
        "memberships": [{"project": {"gid": "p", "name": "Support"}, "section": {"gid": "s", "name": "Done"}}], "num_likes": 0, "custom_fields": [],
    }  # fmt: skip


def _asana_export(t: Ticket) -> Row:
    return {
        "Task ID": f"120{t.n:06}", "Created At": cell(t.at, "%Y-%m-%d"), "Completed At": cell(t.closed, "%Y-%m-%d"), "Last Modified": cell(t.closed, "%Y-%m-%d"), "Name": t.subject,
        "Section/Column": "Done", "Assignee": t.agent, "Assignee Email": t.agent_mail, "Start Date": "", "Due Date": "", "Tags": t.label, "Notes": t.text, "Projects": "Support",
        "Parent task": "",
    }  # fmt: skip


def _notion(t: Ticket) -> Row:
    def rich(text: str) -> list[Row]:
        return [{"type": "text", "text": {"content": text, "link": None}, "annotations": {"bold": False}, "plain_text": text, "href": None}]  # fmt: skip

    return {
        "object": "page", "id": f"{t.n:032x}", "created_time": zulu(t.at), "last_edited_time": zulu(t.closed), "archived": False, "icon": None, "url": "https://notion.so/x",
        "parent": {"type": "database_id", "database_id": "d"},
        "properties": {
            "Subject": {"id": "title", "type": "title", "title": rich(t.subject)}, "Message": {"id": "a", "type": "rich_text", "rich_text": rich(t.text)},
            "Category": {"id": "b", "type": "select", "select": {"id": "c", "name": t.label, "color": "red"}}, "Email": {"id": "d", "type": "email", "email": t.mail},
            "Received": {"id": "e", "type": "date", "date": {"start": cell(t.at, "%Y-%m-%d"), "end": None, "time_zone": None}},
        },
    }  # fmt: skip


def _notion_export(t: Ticket) -> Row:
    return {"Subject": t.subject, "Category": t.label, "Email": t.mail, "Message": t.text, "Received": cell(t.at, "%B %-d, %Y"), "Status": "Done"}  # fmt: skip


def _monday(t: Ticket) -> Row:
    def column(identity: str, title: str, text: str) -> Row:
        return {
            "id": identity,
            "column": {"title": title},
            "text": text,
            "value": json.dumps({"text": text}),
        }

    return {
        "id": str(t.n + 1), "name": t.subject, "created_at": zulu(t.at), "updated_at": zulu(t.closed), "group": {"id": "g", "title": "Done"},
        "column_values": [column("status", "Category", t.label), column("long_text", "Message", t.text), column("email", "Email", t.mail), column("person", "Agent", t.agent)],
    }  # fmt: skip


def _github(t: Ticket) -> Row:
    return {
        "url": "https://api.github.com/x", "id": t.n + 1, "node_id": "I_x", "number": t.n + 1, "title": t.subject,
        "user": {"login": f"kim{t.n}", "id": t.n, "type": "User", "site_admin": False},
        "labels": [{"id": 1, "node_id": "x", "url": "x", "name": t.label.lower(), "color": "d73a4a", "default": True, "description": "Something to look into"}], "state": "closed",
        "locked": False, "assignee": {"login": "ann", "id": 1}, "assignees": [{"login": "ann", "id": 1}], "milestone": None, "comments": 1, "created_at": zulu(t.at),
        "updated_at": zulu(t.closed), "closed_at": zulu(t.closed), "author_association": "NONE", "body": t.text, "reactions": {"total_count": 0, "+1": 0}, "state_reason": "completed",
    }  # fmt: skip


def _gitlab(t: Ticket) -> Row:
    return {
        "id": t.n + 1, "iid": t.n + 1, "project_id": 3, "title": t.subject, "description": t.text, "state": "closed", "created_at": zulu(t.at), "updated_at": zulu(t.closed),
        "closed_at": zulu(t.closed), "labels": [t.label.lower()], "milestone": None, "assignees": [{"id": 1, "username": "ann", "name": t.agent}], "type": "ISSUE", "severity": "UNKNOWN",
        "author": {"id": 99, "username": "support-bot", "name": "Support Bot", "state": "active"}, "service_desk_reply_to": t.mail, "user_notes_count": 1, "issue_type": "issue",
        "time_stats": {"time_estimate": 0}, "references": {"short": f"#{t.n}"}, "confidential": True,
    }  # fmt: skip


def _gitlab_export(t: Ticket) -> Row:
    return {
        "Title": t.subject, "Description": t.text, "Issue ID": t.n + 1, "URL": "https://gitlab.com/x", "State": "Closed", "Author": t.name, "Author Username": f"kim{t.n}",
        "Assignee": t.agent, "Assignee Username": "ann", "Confidential": "Yes", "Locked": "No", "Due Date": "", "Created At (UTC)": cell(t.at), "Updated At (UTC)": cell(t.closed),
        "Closed At (UTC)": cell(t.closed), "Milestone": "", "Weight": "", "Labels": t.label, "Time Estimate": 0, "Time Spent": 0,
    }  # fmt: skip


PROGRAMS: tuple[Desk, ...] = (
    written("Trello board", ".json", _trello, without=["sender", "date"]),
    exported("Trello export", _trello_export, without=["sender", "date"]),
    answered("Asana tasks", _asana, lambda rows: {"data": rows}, without=["sender"]),
    exported("Asana export", _asana_export, without=["sender"]),
    answered("Notion pages", _notion, lambda rows: {"object": "list", "results": rows, "next_cursor": None, "has_more": False, "type": "page_or_database"}),
    exported("Notion export", _notion_export, encoding="utf-8-sig"),
    answered("Monday items", _monday, lambda rows: {"data": {"boards": [{"items_page": {"cursor": None, "items": rows}}]}, "account_id": 1}),
    answered("GitHub issues", _github, without=["sender"]),
    answered("GitLab issues", _gitlab),
    exported("GitLab export", _gitlab_export, without=["sender"]),
)  # fmt: skip
