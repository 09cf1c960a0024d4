"""More answers of APIs: chats, trackers and desks that fewer firms have, and hubs that sheets and data sets are fetched from."""

from __future__ import annotations

from benchmarks.desks.made import Ticket
from benchmarks.desks.writing import Desk, Row, answered, cell, listed, zulu


def _support_bee(t: Ticket) -> Row:
    return {
        "id": t.n + 1, "subject": t.subject, "replies_count": 1, "comments_count": 0, "agent_replies_count": 1, "created_at": zulu(t.at), "last_activity_at": zulu(t.closed),
        "unanswered": False, "archived": True, "spam": False, "summary": t.line[:40], "source": {"email": "help@shop.example"}, "cc": [],
        "labels": [{"name": t.label, "ticket": t.n + 1, "color": "cf0303"}], "requester": {"id": t.n, "email": t.mail, "name": t.name, "agent": False, "picture": {"thumb20": "x"}},
        "content": {"text": t.text, "html": t.page, "attachments": []}, "current_assignee": {"user": {"email": t.agent_mail, "name": t.agent}},
    }  # fmt: skip


def _deskpro(t: Ticket) -> Row:
    return {
        "id": t.n + 1, "ref": f"ABCD-{t.n:04}", "auth": "x", "parent": None, "language": 1, "department": {"id": 1, "title": "Support"}, "category": {"id": 2, "title": t.label},
        "priority": None, "person": {"id": t.n, "primary_email": t.mail, "display_name": t.name, "is_agent": False}, "agent": {"id": 9, "primary_email": t.agent_mail, "display_name": t.agent},
        "status": "resolved", "date_created": cell(t.at, "%Y-%m-%dT%H:%M:%S+0000"), "date_resolved": cell(t.closed, "%Y-%m-%dT%H:%M:%S+0000"), "subject": t.subject,
        "original_subject": t.subject, "messages": [{"id": 1, "person": {"id": t.n, "is_agent": False}, "date_created": cell(t.at, "%Y-%m-%dT%H:%M:%S+0000"), "message": t.page},
                                                    {"id": 2, "person": {"id": 9, "is_agent": True}, "date_created": cell(t.closed, "%Y-%m-%dT%H:%M:%S+0000"), "message": t.answer}],
    }  # fmt: skip


def _teamwork(t: Ticket) -> Row:
    return {
        "id": t.n + 1, "subject": t.subject, "previewText": t.line[:30], "originalRecipient": "help@shop.example", "status": "solved", "type": t.label, "source": "Email (Manual)",
        "createdAt": zulu(t.at), "updatedAt": zulu(t.closed), "customer": {"id": t.n, "firstName": "Kim", "lastName": f"Lee{t.n}", "email": t.mail},
        "assignedTo": {"id": 9, "firstName": "Ann", "email": t.agent_mail}, "tags": [], "inboxName": "Support",
        "threads": [{"id": 2, "type": "message", "body": t.answer, "createdAt": zulu(t.closed), "createdBy": {"type": "user", "email": t.agent_mail}},
                    {"id": 1, "type": "message", "body": t.page, "createdAt": zulu(t.at), "createdBy": {"type": "customer", "email": t.mail}}],
    }  # fmt: skip


def _dixa(t: Ticket) -> Row:
    return {
        "id": t.n + 1, "channel": "Email", "createdAt": zulu(t.at), "closedAt": zulu(t.closed), "status": "Closed", "subject": t.subject, "requesterEmail": t.mail,
        "requesterName": t.name, "assigneeEmail": t.agent_mail, "tags": [t.label], "queueName": "Support", "language": "en",
        "messages": [{"id": "a", "authorId": f"c{t.n}", "createdAt": zulu(t.at), "attributes": {"direction": "Inbound", "emailContent": {"content": {"value": t.text}}},
                      "direction": "Inbound", "text": t.text},
                     {"id": "b", "authorId": "ann", "createdAt": zulu(t.closed), "direction": "Outbound", "text": t.answer}],
    }  # fmt: skip


def _live_chat(t: Ticket) -> Row:
    return {
        "id": f"PJ0MRSHTD{t.n}", "users": [{"id": f"c{t.n}", "name": t.name, "email": t.mail, "type": "customer"}, {"id": "ann", "name": t.agent, "email": t.agent_mail, "type": "agent"}],
        "thread": {"id": f"K600{t.n}", "created_at": zulu(t.at), "tags": [t.label.lower()],
                   "events": [{"id": "0", "created_at": zulu(t.at), "type": "message", "text": "Hello, how can we help?", "author_id": "ann", "author_type": "agent"},
                              {"id": "1", "created_at": zulu(t.at), "type": "message", "text": t.text, "author_id": f"c{t.n}", "author_type": "customer"},
                              {"id": "2", "created_at": zulu(t.closed), "type": "message", "text": t.answer, "author_id": "ann", "author_type": "agent"}]},
    }  # fmt: skip


def _freshchat(t: Ticket) -> Row:
    return {
        "conversation_id": f"f{t.n}", "channel_id": "c", "status": "resolved", "created_time": zulu(t.at), "updated_time": zulu(t.closed), "assigned_group_id": "g",
        "properties": {"priority": "Low", "cf_topic": t.label},
        "messages": [{"id": "1", "actor_type": "user", "message_type": "normal", "created_time": zulu(t.at), "message_parts": [{"text": {"content": t.text}}]},
                     {"id": "2", "actor_type": "agent", "message_type": "normal", "created_time": zulu(t.closed), "message_parts": [{"text": {"content": t.answer}}]}],
    }  # fmt: skip


def _redmine(t: Ticket) -> Row:
    return {
        "id": t.n + 1, "project": {"id": 1, "name": "Support"}, "tracker": {"id": 3, "name": "Support"}, "status": {"id": 5, "name": "Closed", "is_closed": True},
        "priority": {"id": 2, "name": "Normal"}, "author": {"id": 4, "name": t.name}, "assigned_to": {"id": 9, "name": t.agent}, "category": {"id": 7, "name": t.label},
        "subject": t.subject, "description": t.text, "start_date": cell(t.at, "%Y-%m-%d"), "due_date": None, "done_ratio": 100, "is_private": False, "estimated_hours": None,
        "custom_fields": [{"id": 1, "name": "Owner email", "value": t.agent_mail}], "created_on": zulu(t.at), "updated_on": zulu(t.closed), "closed_on": zulu(t.closed),
    }  # fmt: skip


def _you_track(t: Ticket) -> Row:
    return {
        "$type": "Issue", "id": f"2-{t.n}", "idReadable": f"SUP-{t.n}", "summary": t.subject, "description": t.text, "created": int(t.at.timestamp() * 1000),
        "updated": int(t.closed.timestamp() * 1000), "resolved": int(t.closed.timestamp() * 1000), "reporter": {"$type": "User", "login": "kim", "email": t.mail, "fullName": t.name},
        "tags": [], "customFields": [{"$type": "SingleEnumIssueCustomField", "name": "Priority", "value": {"$type": "EnumBundleElement", "name": "Normal"}},
                                     {"$type": "SingleEnumIssueCustomField", "name": "Category", "value": {"$type": "EnumBundleElement", "name": t.label}},
                                     {"$type": "StateIssueCustomField", "name": "State", "value": {"$type": "StateBundleElement", "name": "Done"}}],
    }  # fmt: skip


def _linear(t: Ticket) -> Row:
    return {
        "id": f"{t.n:08x}", "identifier": f"SUP-{t.n}", "title": t.subject, "description": t.text, "priorityLabel": "Medium", "createdAt": zulu(t.at), "completedAt": zulu(t.closed),
        "state": {"name": "Done", "type": "completed"}, "labels": {"nodes": [{"id": "l", "name": t.label, "color": "#f00"}]}, "assignee": {"name": t.agent, "email": t.agent_mail},
        "creator": {"name": t.name, "email": t.mail}, "team": {"name": "Support"},
    }  # fmt: skip


def _click_up(t: Ticket) -> Row:
    return {
        "id": f"9h{t.n}", "custom_id": None, "name": t.subject, "text_content": t.text, "description": t.text, "status": {"status": "complete", "color": "#008844", "type": "closed"},
        "date_created": str(int(t.at.timestamp() * 1000)), "date_updated": str(int(t.closed.timestamp() * 1000)), "date_closed": str(int(t.closed.timestamp() * 1000)),
        "creator": {"id": 1, "username": "Form", "email": "form@shop.example"}, "assignees": [{"id": 9, "username": "ann", "email": t.agent_mail}],
        "tags": [{"name": t.label.lower(), "tag_fg": "#fff", "tag_bg": "#000"}], "priority": None, "custom_fields": [{"id": "x", "name": "Customer email", "type": "email", "value": t.mail}],
    }  # fmt: skip


def _airtable(t: Ticket) -> Row:
    return {"id": f"rec{t.n:014}", "createdTime": zulu(t.at), "fields": {"Subject": t.subject, "Message": t.text, "Category": t.label, "Email": t.mail, "Agent": {"id": "usr", "email": t.agent_mail, "name": t.agent}, "Status": "Done"}}  # fmt: skip


def _sheet(rows: list[Row]) -> object:
    values = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    return {"range": "Tickets!A1:E200", "majorDimension": "ROWS", "values": values}


def _sheet_row(t: Ticket) -> Row:
    return {"Received": cell(t.at), "Email": t.mail, "Subject": t.subject, "Message": t.text, "Category": t.label}  # fmt: skip


def _hugging_face(rows: list[Row]) -> object:
    features = [{"feature_idx": n, "name": name, "type": {"dtype": "string", "_type": "Value"}} for n, name in enumerate(("text", "label"))]  # fmt: skip
    return {
        "features": features,
        "rows": [{"row_idx": n, "row": row, "truncated_cells": []} for n, row in enumerate(rows)],
        "num_rows_total": len(rows),
        "partial": False,
    }


def _supabase(t: Ticket) -> Row:
    return {"id": t.n + 1, "created_at": cell(t.at, "%Y-%m-%dT%H:%M:%S.123456+00:00"), "from_email": t.mail, "from_name": t.name, "subject": t.subject, "body_plain": t.text,
            "body_html": t.page, "predicted": None, "category": t.label, "answered_by": t.agent_mail, "answer_body": t.answer}  # fmt: skip


def _mongo(t: Ticket) -> Row:
    return {"_id": {"$oid": f"{t.n:024x}"}, "subject": t.subject, "message": t.text, "category": t.label, "customer": {"name": t.name, "email": t.mail},
            "createdAt": {"$date": cell(t.at, "%Y-%m-%dT%H:%M:%S.000Z")}, "closedAt": {"$date": cell(t.closed, "%Y-%m-%dT%H:%M:%S.000Z")}}  # fmt: skip


def _mailgun(t: Ticket) -> Row:
    return {"recipient": "help@shop.example", "sender": t.mail, "from": f"{t.name} <{t.mail}>", "subject": t.subject, "body-plain": t.text, "stripped-text": t.text,
            "stripped-signature": "", "body-html": t.page, "timestamp": str(int(t.at.timestamp())), "X-Category": t.label, "message-headers": "[]"}  # fmt: skip


def _gladly(t: Ticket) -> Row:
    return {"id": f"g{t.n}", "customerId": f"c{t.n}", "conversationId": f"k{t.n}", "timestamp": zulu(t.at), "initiator": {"id": f"c{t.n}", "type": "CUSTOMER"},
            "content": {"type": "EMAIL", "from": t.mail, "to": ["help@shop.example"], "subject": t.subject, "content": t.text}, "topic": t.label}  # fmt: skip


PROGRAMS: tuple[Desk, ...] = (
    answered("SupportBee tickets", _support_bee, lambda rows: {"total": len(rows), "current_page": 1, "per_page": 15, "total_pages": 1, "tickets": rows}),
    answered("Deskpro tickets", _deskpro, lambda rows: {"data": rows, "meta": {"pagination": {"total": len(rows), "count": 10}}, "linked": {}}),
    answered("Teamwork Desk tickets", _teamwork, lambda rows: {"count": len(rows), "maxPages": 1, "tickets": rows}),
    listed("Dixa conversations", _dixa),
    answered("LiveChat archives", _live_chat, lambda rows: {"chats": rows, "found_chats": len(rows), "next_page_id": "x"}, without=["subject"]),
    answered("Freshchat conversations", _freshchat, lambda rows: {"conversations": rows}, without=["subject", "sender"]),
    answered("Redmine issues", _redmine, lambda rows: {"issues": rows, "total_count": len(rows), "offset": 0, "limit": 100}, without=["sender"]),
    answered("YouTrack issues", _you_track),
    answered("Linear issues", _linear, lambda rows: {"data": {"issues": {"nodes": rows, "pageInfo": {"hasNextPage": False}}}}),
    answered("ClickUp tasks", _click_up, lambda rows: {"tasks": rows, "last_page": True}),
    answered("Airtable records", _airtable, lambda rows: {"records": rows, "offset": "x"}),
    answered("Google Sheets values", _sheet_row, _sheet),
    answered("Hugging Face rows", lambda t: {"text": t.line, "label": t.label}, _hugging_face, without=["subject", "date", "sender"]),
    answered("Rows of a database", _supabase),
    listed("MongoDB export", _mongo),
    answered("Mailgun messages", _mailgun),
    listed("Gladly conversation items", _gladly),
)  # fmt: skip
