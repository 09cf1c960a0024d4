"""What the APIs of help desks for everybody answer: tickets or conversations, in most with what was said to and fro."""

from __future__ import annotations

from benchmarks.desks.made import Ticket
from benchmarks.desks.writing import Desk, Row, answered, listed, zulu

_OF_LISTS = {"next_page": None, "previous_page": None}


def _zendesk(t: Ticket) -> Row:
    return {
        "url": f"https://x.zendesk.com/api/v2/tickets/{t.n}.json", "id": t.n + 10, "external_id": None,
        "via": {"channel": "email", "source": {"from": {"address": t.mail, "name": t.name}, "to": {"address": "help@shop.example", "name": "Shop"}, "rel": None}},
        "created_at": zulu(t.at), "updated_at": zulu(t.closed), "type": "question", "subject": t.subject, "raw_subject": t.subject, "description": t.text,
        "priority": t.priority.lower(), "status": "closed", "recipient": "help@shop.example", "requester_id": t.n + 900, "submitter_id": t.n + 900, "assignee_id": 5,
        "organization_id": None, "group_id": 3, "collaborator_ids": [], "follower_ids": [], "has_incidents": False, "is_public": True, "due_at": None,
        "tags": [t.label.lower()], "custom_fields": [{"id": 360001, "value": t.label.lower()}, {"id": 360002, "value": None}],
        "fields": [{"id": 360001, "value": t.label.lower()}, {"id": 360002, "value": None}],
        "satisfaction_rating": {"score": "unoffered"}, "ticket_form_id": 1, "brand_id": 2, "from_messaging_channel": False,
    }  # fmt: skip


def _zendesk_with_comments(t: Ticket) -> Row:
    def comment(number: int, author: int, text: str) -> Row:
        return {"id": number, "type": "Comment", "author_id": author, "body": text, "html_body": f"<p>{text}</p>", "plain_body": text, "public": True,
                "created_at": zulu(t.at if number == 1 else t.closed), "attachments": []}  # fmt: skip

    return {**_zendesk(t), "comments": [comment(1, t.n + 900, t.text), comment(2, 5, t.answer)]}


def _freshdesk(t: Ticket) -> Row:
    return {
        "cc_emails": [], "fwd_emails": [], "fr_escalated": False, "spam": False, "email_config_id": 1, "group_id": 2, "priority": t.urgency, "requester_id": t.n + 70,
        "responder_id": 3, "source": 1, "company_id": None, "status": 5, "subject": t.subject, "to_emails": ["help@shop.example"], "id": t.n + 1, "type": t.label,
        "due_by": zulu(t.closed), "is_escalated": False, "description": f"<div>{t.page}</div>", "description_text": t.text, "custom_fields": {"cf_category": None},
        "created_at": zulu(t.at), "updated_at": zulu(t.closed), "tags": [], "requester": {"id": t.n + 70, "name": t.name, "email": t.mail, "mobile": None},
        "conversations": [{"body": f"<div>{t.answer}</div>", "body_text": t.answer, "id": t.n, "incoming": False, "private": False, "user_id": 3, "created_at": zulu(t.closed)}],
    }  # fmt: skip


def _freshservice(t: Ticket) -> Row:
    return {
        "subject": t.subject, "group_id": 2, "department_id": 6, "category": t.label, "sub_category": None, "item_category": None, "requester_id": t.n + 70, "responder_id": 3,
        "due_by": zulu(t.closed), "fr_escalated": False, "deleted": False, "spam": False, "is_escalated": False, "priority": t.urgency, "status": 5, "source": 1,
        "created_at": zulu(t.at), "updated_at": zulu(t.closed), "requested_for_id": t.n + 70, "to_emails": None, "id": t.n + 1, "type": "Incident",
        "description": t.page, "description_text": t.text, "custom_fields": {"auto_checkbox": False}, "workspace_id": 2,
    }  # fmt: skip


def _zoho_desk(t: Ticket) -> Row:
    return {
        "id": f"4500000{t.n:06}", "ticketNumber": str(t.n + 101), "layoutId": "45", "email": t.mail, "phone": None, "subject": t.subject, "description": t.page,
        "status": "Closed", "statusType": "Closed", "createdTime": zulu(t.at), "category": t.label, "language": "English", "subCategory": None, "priority": None,
        "channel": "Email", "dueDate": None, "responseDueDate": None, "commentCount": "1", "threadCount": "2", "closedTime": zulu(t.closed), "departmentId": "4501",
        "contactId": f"46{t.n:06}", "assigneeId": "47", "webUrl": "https://desk.zoho.com/x", "modifiedTime": zulu(t.closed), "isSpam": False, "cf": {"cf_region": None},
        "contact": {"firstName": "Kim", "lastName": f"Lee{t.n}", "email": t.mail, "id": f"46{t.n:06}"}, "assignee": {"firstName": "Ann", "email": t.agent_mail},
    }  # fmt: skip


def _help_scout(t: Ticket) -> Row:
    asked = {"id": 1, "type": "customer", "status": "active", "body": t.page, "source": {"type": "email", "via": "customer"}, "createdAt": zulu(t.at),
             "createdBy": {"id": 4, "type": "customer", "email": t.mail}}  # fmt: skip
    answer = {"id": 2, "type": "message", "status": "closed", "body": t.answer, "createdAt": zulu(t.closed), "createdBy": {"id": 2, "type": "user", "email": t.agent_mail}}  # fmt: skip
    return {
        "id": t.n + 5, "number": t.n, "threads": 2, "type": "email", "folderId": 9, "status": "closed", "state": "published", "subject": t.subject, "preview": t.text[:40],
        "mailboxId": 3, "assignee": {"id": 2, "first": "Ann", "email": t.agent_mail}, "createdBy": {"id": 4, "type": "customer", "email": t.mail}, "createdAt": zulu(t.at),
        "closedAt": zulu(t.closed), "tags": [{"id": 9, "color": "#fff", "tag": t.label.lower()}], "cc": [], "primaryCustomer": {"id": 4, "email": t.mail}, "customFields": [],
        "_embedded": {"threads": [answer, asked]},
    }  # fmt: skip


def _intercom(t: Ticket) -> Row:
    part = {"type": "conversation_part", "id": "9", "part_type": "comment", "body": f"<p>{t.answer}</p>", "created_at": int(t.closed.timestamp()),
            "author": {"type": "admin", "id": "7", "name": t.agent, "email": t.agent_mail}}  # fmt: skip
    return {
        "type": "conversation", "id": str(t.n + 100), "created_at": int(t.at.timestamp()), "updated_at": int(t.closed.timestamp()), "waiting_since": None,
        "source": {"type": "email", "id": "3", "delivered_as": "customer_initiated", "subject": f"<p>{t.subject}</p>", "body": t.page,
                   "author": {"type": "user", "id": "1", "name": t.name, "email": t.mail}, "attachments": [], "url": None},
        "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": "1"}]}, "open": False, "state": "closed", "read": True,
        "tags": {"type": "tag.list", "tags": [{"type": "tag", "id": "1", "name": t.label}]}, "priority": "not_priority", "custom_attributes": {"Language": "English"},
        "statistics": {"type": "conversation_statistics", "time_to_assignment": 9}, "title": None,
        "conversation_parts": {"type": "conversation_part.list", "conversation_parts": [part], "total_count": 1},
    }  # fmt: skip


def _front(t: Ticket) -> Row:
    return {
        "_links": {"self": "https://api2.frontapp.com/conversations/cnv_1", "related": {"messages": "https://api2.frontapp.com/x"}}, "id": f"cnv_{t.n}", "subject": t.subject,
        "status": "archived", "assignee": {"id": "tea_1", "email": t.agent_mail, "username": "ann", "first_name": "Ann", "last_name": "Otto"},
        "recipient": {"_links": {"related": {"contact": "x"}}, "handle": t.mail, "name": t.name, "role": "from"},
        "tags": [{"_links": {"self": "x"}, "id": "tag_1", "name": t.label, "highlight": "red", "is_private": False}],
        "last_message": {"_links": {"self": "x"}, "id": f"msg_{t.n}", "type": "email", "is_inbound": True, "created_at": t.at.timestamp(), "blurb": t.text[:30], "body": t.page,
                         "text": t.text, "subject": t.subject, "author": None, "recipients": [{"handle": t.mail, "role": "from"}, {"handle": "help@shop.example", "role": "to"}]},
        "created_at": t.at.timestamp(), "is_private": False, "scheduled_reminders": [], "metadata": {},
    }  # fmt: skip


def _gorgias(t: Ticket) -> Row:
    def message(number: int, agent: bool, text: str) -> Row:
        return {"id": number, "from_agent": agent, "channel": "email", "via": "email", "body_text": text, "body_html": f"<p>{text}</p>", "stripped_text": text,
                "created_datetime": zulu(t.closed if agent else t.at), "sender": {"id": 8 if agent else 1, "email": t.agent_mail if agent else t.mail}}  # fmt: skip

    return {
        "id": t.n, "channel": "email", "via": "email", "status": "closed", "subject": t.subject, "created_datetime": zulu(t.at), "closed_datetime": zulu(t.closed),
        "customer": {"id": 1, "email": t.mail, "name": t.name}, "assignee_user": {"id": 8, "email": t.agent_mail, "name": t.agent}, "language": "en", "spam": False,
        "tags": [{"id": 1, "name": t.label, "uri": "/api/tags/1", "decoration": {"color": "#f00"}}], "messages": [message(2, False, t.text), message(3, True, t.answer)],
        "excerpt": t.text[:30], "messages_count": 2, "priority": "normal",
    }  # fmt: skip


def _zammad(t: Ticket) -> Row:
    asked = {"id": 1, "type": "email", "sender": "Customer", "from": f"{t.name} <{t.mail}>", "to": "help@shop.example", "subject": t.subject, "body": t.page, "internal": False,
             "content_type": "text/html", "created_at": zulu(t.at)}  # fmt: skip
    answer = {"id": 2, "type": "email", "sender": "Agent", "from": "Shop <help@shop.example>", "to": t.mail, "subject": t.subject, "body": t.answer, "internal": False,
              "content_type": "text/plain", "created_at": zulu(t.closed)}  # fmt: skip
    return {
        "id": t.n, "group": "Users", "priority": "2 normal", "state": "closed", "number": f"31{t.n:03}", "title": t.subject, "owner": t.agent_mail, "customer": t.mail, "note": None,
        "created_at": zulu(t.at), "updated_at": zulu(t.closed), "close_at": zulu(t.closed), "articles": [asked, answer], "tags": [t.label.lower()],
        "created_by": t.mail, "updated_by": t.agent_mail,
    }  # fmt: skip


def _kayako(t: Ticket) -> Row:
    return {
        "id": t.n + 1, "uuid": f"{t.n:032x}", "legacy_id": None, "subject": t.subject, "portal": "API", "source_channel": None, "requester": {"id": t.n, "full_name": t.name,
        "resource_type": "user_minimal"}, "creator": {"id": t.n, "full_name": t.name}, "assigned_agent": {"id": 2, "full_name": t.agent}, "status": {"id": 4, "label": "Closed",
        "type": "CLOSED"}, "priority": {"id": 2, "label": t.priority, "level": t.urgency}, "type": {"id": 1, "label": t.label, "type": "QUESTION"}, "tags": [],
        "original_channel": "MAIL", "state": "ACTIVE", "created_at": zulu(t.at), "updated_at": zulu(t.closed), "last_message_preview": t.answer[:40], "post_count": 2,
        "posts": [{"id": 1, "subject": t.subject, "contents": t.text, "creator": {"id": t.n, "full_name": t.name, "role": "customer"}, "is_requester": True, "created_at": zulu(t.at)},
                  {"id": 2, "subject": t.subject, "contents": t.answer, "creator": {"id": 2, "full_name": t.agent, "role": "agent"}, "is_requester": False, "created_at": zulu(t.closed)}],
        "resource_type": "case",
    }  # fmt: skip


def _live_agent(t: Ticket) -> Row:
    return {
        "id": f"x{t.n:07}", "owner_contactid": f"c{t.n}", "owner_email": t.mail, "owner_name": t.name, "departmentid": "default", "agentid": "a1", "status": "R",
        "tags": [t.label], "code": f"ABC-{t.n:05}", "channel_type": "E", "date_created": t.at.strftime("%Y-%m-%d %H:%M:%S"), "date_changed": t.closed.strftime("%Y-%m-%d %H:%M:%S"),
        "date_resolved": t.closed.strftime("%Y-%m-%d %H:%M:%S"), "last_activity": t.closed.strftime("%Y-%m-%d %H:%M:%S"), "public_access_urlcode": "x", "subject": t.subject,
        "preview": t.line[:30], "custom_fields": [], "messages": [{"id": 1, "type": "M", "message": t.text, "userid": f"c{t.n}", "datecreated": t.at.strftime("%Y-%m-%d %H:%M:%S")}],
    }  # fmt: skip


def _happy_fox(t: Ticket) -> Row:
    def update(number: int, kind: str, text: str) -> Row:
        return {"update_id": number, "timestamp": (t.at if kind == "user" else t.closed).strftime("%Y-%m-%d %H:%M:%S"), "by": {"type": kind, "id": number},
                "message": {"subject": t.subject, "text": text, "html": f"<p>{text}</p>", "attachments": []}}  # fmt: skip

    return {
        "id": t.n + 1, "display_id": f"#HF{t.n:08}", "subject": t.subject, "first_message": t.text, "text": t.text, "html": t.page, "source": "Email",
        "created_at": t.at.strftime("%Y-%m-%d %H:%M:%S"), "last_updated_at": t.closed.strftime("%Y-%m-%d %H:%M:%S"), "user": {"id": t.n, "name": t.name, "email": t.mail},
        "assigned_to": {"id": 2, "name": t.agent, "email": t.agent_mail}, "status": {"id": 4, "name": "Closed", "behavior": "completed"}, "priority": {"id": 1, "name": t.priority},
        "category": {"id": len(t.label), "name": t.label, "prefix": "HF"}, "tags": "", "custom_fields": [], "updates": [update(1, "user", t.text), update(2, "staff", t.answer)],
    }  # fmt: skip


def _crisp(t: Ticket) -> Row:
    return {
        "session_id": f"session_{t.n}", "website_id": "w", "availability": "offline", "state": "resolved", "created_at": int(t.at.timestamp() * 1000),
        "updated_at": int(t.closed.timestamp() * 1000), "last_message": t.answer,
        "meta": {"nickname": t.name, "email": t.mail, "subject": t.subject, "segments": [t.label.lower()], "device": {"locales": ["en"]}, "data": {}},
        "messages": [{"type": "text", "from": "user", "origin": "email", "content": t.text, "timestamp": int(t.at.timestamp() * 1000), "fingerprint": 1},
                     {"type": "text", "from": "operator", "origin": "chat", "content": t.answer, "timestamp": int(t.closed.timestamp() * 1000), "fingerprint": 2}],
    }  # fmt: skip


def _chatwoot(t: Ticket) -> Row:
    return {
        "meta": {"sender": {"id": t.n, "name": t.name, "email": t.mail, "phone_number": None, "thumbnail": ""}, "channel": "Channel::Email",
                 "assignee": {"id": 1, "name": t.agent, "email": t.agent_mail}, "hmac_verified": False},
        "id": t.n + 1, "account_id": 1, "inbox_id": 2, "labels": [t.label.lower()], "status": "resolved", "created_at": int(t.at.timestamp()), "timestamp": int(t.closed.timestamp()),
        "additional_attributes": {"mail_subject": t.subject}, "custom_attributes": {}, "unread_count": 0,
        "messages": [{"id": 11, "content": t.text, "message_type": 0, "created_at": int(t.at.timestamp()), "private": False, "sender": {"type": "contact", "name": t.name}},
                     {"id": 12, "content": t.answer, "message_type": 1, "created_at": int(t.closed.timestamp()), "private": False, "sender": {"type": "user", "name": t.agent}}],
    }  # fmt: skip


def _re_amaze(t: Ticket) -> Row:
    return {
        "subject": t.subject, "slug": f"question-{t.n}", "tag_list": [t.label.lower()], "status": 2, "origin": 1, "created_at": zulu(t.at), "assignee": {"name": t.agent,
        "email": t.agent_mail}, "author": {"id": t.n, "name": t.name, "email": t.mail, "customer?": True}, "message": {"body": t.text, "visibility": 0, "created_at": zulu(t.at)},
        "last_customer_message": {"body": t.text, "created_at": zulu(t.at)}, "category": {"name": "Support", "slug": "support", "email": "help@shop.example"},
    }  # fmt: skip


def _richpanel(t: Ticket) -> Row:
    return {
        "id": f"rp{t.n}", "conversation_no": t.n + 1, "subject": t.subject, "status": "CLOSED", "priority": t.priority.upper(), "organization_id": "o", "assignee_id": "a",
        "created_at": zulu(t.at), "updated_at": zulu(t.closed), "first_message_body": t.text, "via": {"channel": "email", "source": {"from": {"address": t.mail, "name": t.name},
        "to": {"address": "help@shop.example"}}}, "tags": [t.label],
        "comments": [{"id": "1", "sender_type": "customer", "plain_body": t.text, "body": t.page, "created_at": zulu(t.at)},
                     {"id": "2", "sender_type": "operator", "plain_body": t.answer, "body": t.answer, "created_at": zulu(t.closed)}],
    }  # fmt: skip


def _groove(t: Ticket) -> Row:
    return {
        "number": t.n + 1, "app_url": "https://x.groovehq.com/x", "created_at": zulu(t.at), "updated_at": zulu(t.closed), "title": t.subject, "state": "closed", "type": "Email",
        "assigned_group": None, "system_updated_at": zulu(t.closed), "message_count": 2, "tags": [t.label.lower()], "priority": None, "resolution_time": 90, "summary": t.line[:40],
        "messages": [{"agent_response": True, "body": t.answer, "plain_text_body": t.answer, "created_at": zulu(t.closed), "links": {"author": {"href": "https://api/agents/ann"}}},
                     {"agent_response": False, "body": t.page, "plain_text_body": t.text, "created_at": zulu(t.at), "links": {"author": {"href": "https://api/customers/kim"}}}],
        "links": {"customer": {"id": str(t.n), "href": f"https://api.groovehq.com/v1/customers/{t.mail}"}, "assignee": {"href": "x"}},
    }  # fmt: skip


def _missive(t: Ticket) -> Row:
    return {
        "id": f"m{t.n}", "created_at": int(t.at.timestamp()), "subject": t.subject, "latest_message_subject": t.subject, "messages_count": 2, "web_url": "https://x",
        "authors": [{"name": t.name, "address": t.mail}], "assignees": [{"id": "u", "name": t.agent, "email": t.agent_mail}], "shared_labels": [{"id": "l", "name": t.label}],
        "messages": [{"id": "a", "subject": t.subject, "preview": t.line[:20], "type": "email", "delivered_at": int(t.at.timestamp()), "body": t.page,
                      "from_field": {"name": t.name, "address": t.mail}, "to_fields": [{"address": "help@shop.example"}]}],
    }  # fmt: skip


def _drift(t: Ticket) -> Row:
    return {
        "id": t.n + 1, "status": "closed", "contactId": t.n, "inboxId": 1, "createdAt": int(t.at.timestamp() * 1000), "updatedAt": int(t.closed.timestamp() * 1000),
        "conversationTags": [{"color": "F00", "name": t.label}], "participants": [1, 2],
        "messages": [{"id": "1", "type": "chat", "body": t.text, "author": {"id": t.n, "type": "contact", "bot": False}, "createdAt": int(t.at.timestamp() * 1000)},
                     {"id": "2", "type": "chat", "body": "Hi! A person will be with you soon.", "author": {"id": 9, "type": "user", "bot": True}, "createdAt": int(t.at.timestamp() * 1000) - 5_000}],
    }  # fmt: skip


def _tidio(t: Ticket) -> Row:
    return {
        "id": t.n + 1, "subject": t.subject, "status": "solved", "priority": t.priority.lower(), "assigned_department": t.label, "contact_id": f"c{t.n}", "assignee_id": "a",
        "created_at": zulu(t.at), "updated_at": zulu(t.closed), "custom_fields": [], "contact_email": t.mail,
        "messages": [{"id": 1, "content": t.text, "author_type": "contact", "type": "public", "created_at": zulu(t.at)},
                     {"id": 2, "content": t.answer, "author_type": "operator", "type": "public", "created_at": zulu(t.closed)}],
    }  # fmt: skip


def _kustomer(t: Ticket) -> Row:
    return {
        "type": "conversation", "id": f"k{t.n}",
        "attributes": {"name": t.subject, "channels": ["email"], "status": "done", "preview": t.text, "createdAt": zulu(t.at), "updatedAt": zulu(t.closed), "tags": [t.label.lower()],
                       "priority": t.urgency, "doneCount": 1, "direction": "in"},
        "relationships": {"customer": {"data": {"type": "customer", "id": f"c{t.n}"}}}, "links": {"self": f"/v1/conversations/k{t.n}"},
    }  # fmt: skip


def _trengo(t: Ticket) -> Row:
    return {
        "id": t.n + 1, "status": "CLOSED", "subject": t.subject, "closed_at": zulu(t.closed), "created_at": zulu(t.at), "updated_at": zulu(t.closed), "team_id": 3,
        "labels": [{"id": len(t.label), "name": t.label, "color": "#f00", "slug": t.label.lower()}], "contact": {"id": t.n, "name": t.name, "email": t.mail, "phone": t.mail},
        "channel": {"id": 1, "name": "email", "title": "Mail"}, "agent": {"id": 2, "name": t.agent, "email": t.agent_mail},
        "messages": [{"id": 1, "type": "INBOUND", "message": t.text, "created_at": zulu(t.at)}, {"id": 2, "type": "OUTBOUND", "message": t.answer, "created_at": zulu(t.closed)}],
    }  # fmt: skip


PROGRAMS: tuple[Desk, ...] = (
    answered("Zendesk tickets", _zendesk, lambda rows: {"tickets": rows, **_OF_LISTS, "count": len(rows)}),
    answered("Zendesk incremental export", _zendesk, lambda rows: {"users": [{"id": 5, "name": "Ann Otto", "email": "ann@shop.example", "role": "agent"}], "tickets": rows, "groups": [],
                                                                   "end_of_stream": True, "end_time": 1_736_000_000, "next_page": "x", "count": len(rows)}),
    listed("Zendesk data export", _zendesk),
    listed("Zendesk tickets with comments", _zendesk_with_comments),
    answered("Freshdesk tickets", _freshdesk),
    answered("Freshdesk account export", lambda t: {"helpdesk_ticket": _freshdesk(t)}),
    answered("Freshservice tickets", _freshservice, lambda rows: {"tickets": rows}, without=["sender"]),
    answered("Zoho Desk tickets", _zoho_desk, lambda rows: {"data": rows, "count": len(rows)}),
    answered("Help Scout conversations", _help_scout, lambda rows: {"_embedded": {"conversations": rows}, "page": {"size": 25, "totalElements": len(rows), "number": 1}}),
    answered("Intercom conversations", _intercom, lambda rows: {"type": "conversation.list", "pages": {"type": "pages", "page": 1}, "total_count": len(rows), "conversations": rows}),
    answered("Front conversations", _front, lambda rows: {"_pagination": {"next": None}, "_links": {"self": "x"}, "_results": rows}),
    answered("Gorgias tickets", _gorgias, lambda rows: {"data": rows, "object": "list", "uri": "/api/tickets", "meta": {"next_cursor": None, "prev_cursor": None}}),
    answered("Zammad tickets with articles", _zammad),
    answered("Kayako cases", _kayako, lambda rows: {"status": 200, "data": rows, "resource": "case", "offset": 0, "limit": 100, "total_count": len(rows)}, without=["sender"]),
    answered("LiveAgent tickets", _live_agent),
    answered("HappyFox tickets", _happy_fox, lambda rows: {"page_info": {"count": len(rows), "last_index": len(rows), "page_count": 1}, "data": rows}),
    answered("Crisp conversations", _crisp, lambda rows: {"error": False, "reason": "listed", "data": rows}),
    answered("Chatwoot conversations", _chatwoot, lambda rows: {"data": {"meta": {"mine_count": 0, "all_count": len(rows)}, "payload": rows}}),
    answered("Re:amaze conversations", _re_amaze, lambda rows: {"page_size": 30, "page_count": 1, "total_count": len(rows), "conversations": rows}),
    answered("Richpanel conversations", _richpanel, lambda rows: {"ticket": rows, "count": len(rows)}),
    answered("Groove tickets", _groove, lambda rows: {"tickets": rows, "meta": {"pagination": {"current_page": 1, "total_pages": 1}}}, without=["sender"]),
    answered("Missive conversations", _missive, lambda rows: {"conversations": rows}),
    answered("Drift conversations", _drift, lambda rows: {"data": rows, "pagination": {"more": False}}, without=["subject", "sender"]),
    answered("Tidio tickets", _tidio, lambda rows: {"tickets": rows, "meta": {"cursor": None, "limit": 100}}),
    answered("Kustomer conversations", _kustomer, lambda rows: {"meta": {"page": 1, "pageSize": 100}, "links": {"self": "x"}, "data": rows}, without=["sender"]),
    answered("Trengo tickets", _trengo, lambda rows: {"data": rows, "links": {"first": "x", "next": None}, "meta": {"current_page": 1, "per_page": 25}}),
)  # fmt: skip
