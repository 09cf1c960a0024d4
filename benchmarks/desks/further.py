"""Programs and sets of all kinds, written down last: large service desks, bots of other makers, reviews, plugins of web pages."""

from __future__ import annotations

import json
from collections.abc import Sequence

from benchmarks.desks.made import Ticket
from benchmarks.desks.writing import (  # fmt: skip
    Desk,
    Files,
    Row,
    answered,
    cell,
    exported,
    filed,
    listed,
    table,
    written,
    zulu,
)

_BARE = ("subject", "date", "sender")


def _labels(tickets: Sequence[Ticket]) -> list[str]:
    return sorted({t.label for t in tickets})


def _of(tickets: Sequence[Ticket], label: str) -> list[Ticket]:
    return [t for t in tickets if t.label == label]


def _graph_ql(t: Ticket) -> Row:
    return {"node": {"number": t.n, "title": t.subject, "bodyText": t.text, "createdAt": zulu(t.at), "closedAt": zulu(t.closed), "author": {"login": "kim", "email": t.mail},
                     "labels": {"nodes": [{"name": t.label, "color": "f00"}]}, "comments": {"nodes": [{"bodyText": t.answer, "author": {"login": "ann"}}]}}, "cursor": "x"}  # fmt: skip


def _bugzilla(t: Ticket) -> Row:
    return {"id": t.n + 1, "summary": t.subject, "description": t.text, "product": "Shop", "component": t.label, "creator": t.mail, "assigned_to": t.agent_mail, "creation_time": zulu(t.at),
            "last_change_time": zulu(t.closed), "priority": "P3", "severity": "normal", "status": "RESOLVED", "resolution": "FIXED", "is_open": False, "cc": []}  # fmt: skip


def _zoho_german(t: Ticket) -> Row:
    return {"Ticket-ID": t.n + 1, "Abteilung": "Support", "Kontaktname": t.name, "E-Mail": t.mail, "Betreff": t.subject, "Beschreibung": t.text, "Status": "Geschlossen", "Ticketinhaber": t.agent,
            "Erstellungszeit": cell(t.at, "%d.%m.%Y %H:%M"), "Kategorie": t.label, "Lösung": t.answer, "Abschlusszeit": cell(t.closed, "%d.%m.%Y %H:%M")}  # fmt: skip


def _greyhound(t: Ticket) -> Row:
    return {"Datum": cell(t.at, "%d.%m.%Y"), "Uhrzeit": cell(t.at, "%H:%M:%S"), "Absender": f"{t.name} <{t.mail}>", "Empfänger": "help@shop.example", "Betreff": t.subject, "Text": t.text, "Gruppe": t.label}  # fmt: skip


def _sap(t: Ticket) -> Row:
    return {"__metadata": {"uri": "https://x/sap/c4c/odata/v1/c4codataapi/ServiceRequestCollection('1')", "type": "c4codata.ServiceRequest"}, "ObjectID": f"00163E{t.n:026X}", "ID": str(t.n + 100),
            "Subject": t.subject, "Description": t.text, "ServiceIssueCategoryID": f"C{len(t.label)}", "ServiceIssueCategoryText": t.label, "ServiceRequestLifeCycleStatusCode": "5",
            "CreationDateTime": f"/Date({int(t.at.timestamp() * 1000)})/", "LastChangeDateTime": f"/Date({int(t.closed.timestamp() * 1000)})/", "ReporterEmail": t.mail}  # fmt: skip


def _helix(t: Ticket) -> Row:
    return {"values": {"Incident Number": f"INC{t.n:012}", "Description": t.subject, "Detailed Decription": t.text, "Categorization Tier 1": t.label, "Submit Date": cell(t.at, "%Y-%m-%dT%H:%M:%S.000+0000"),
                       "Last Resolved Date": cell(t.closed, "%Y-%m-%dT%H:%M:%S.000+0000"), "Internet E-mail": t.mail, "Assignee": t.agent, "Resolution": t.answer, "Status": "Closed"},
            "_links": {"self": [{"href": "https://x"}]}}  # fmt: skip


def _oracle(t: Ticket) -> Row:
    return {"id": t.n + 1, "lookupName": f"250101-{t.n:06}", "createdTime": zulu(t.at), "updatedTime": zulu(t.closed), "subject": t.subject, "category": {"id": len(t.label), "lookupName": t.label},
            "primaryContact": {"id": t.n, "lookupName": t.name, "emails": [{"address": t.mail}]}, "assignedTo": {"account": {"lookupName": t.agent}},
            "threads": [{"id": 1, "text": t.text, "entryType": {"id": 3, "lookupName": "Customer"}, "createdTime": zulu(t.at)},
                        {"id": 2, "text": t.answer, "entryType": {"id": 2, "lookupName": "Staff Account"}, "createdTime": zulu(t.closed)}]}  # fmt: skip


def _email_messages(tickets: Sequence[Ticket]) -> bytes:
    """Salesforce's mails of cases, those that were sent among them."""
    rows: list[Row] = []
    for t in tickets:
        shared = {"ParentId": f"500{t.n:012}", "Parent.Reason": t.label}
        rows.append({**shared, "Incoming": "true", "FromAddress": t.mail, "ToAddress": "help@shop.example", "Subject": t.subject, "TextBody": t.text, "MessageDate": zulu(t.at)})  # fmt: skip
        rows.append({**shared, "Incoming": "false", "FromAddress": "help@shop.example", "ToAddress": t.mail, "Subject": f"Re: {t.subject}", "TextBody": t.answer, "MessageDate": zulu(t.closed)})  # fmt: skip
    return table(rows)


def _play_store(t: Ticket) -> Row:
    return {"Package Name": "x", "App Version Code": 5, "Reviewer Language": "en", "Device": "phone", "Review Submit Date and Time": zulu(t.at), "Star Rating": 1 + t.n % 5, "Review Title": t.subject,
            "Review Text": t.text, "Developer Reply Date and Time": zulu(t.closed), "Developer Reply Text": t.answer, "Topic": t.label}  # fmt: skip


def _watson(tickets: Sequence[Ticket]) -> bytes:
    intents = [{"intent": n, "examples": [{"text": t.line} for t in _of(tickets, n)], "description": ""} for n in _labels(tickets)]  # fmt: skip
    return json.dumps({"name": "Shop", "language": "en", "intents": intents, "entities": [], "dialog_nodes": [], "counterexamples": []}).encode()  # fmt: skip


def _lex(tickets: Sequence[Ticket]) -> Files:
    return {f"{n}/Intent.json": json.dumps({"name": n, "sampleUtterances": [{"utterance": t.line} for t in _of(tickets, n)], "slotPriorities": []}).encode() for n in _labels(tickets)}  # fmt: skip


def _cognigy(tickets: Sequence[Ticket]) -> bytes:
    return json.dumps([{"name": n, "sentences": [t.line for t in _of(tickets, n)]} for n in _labels(tickets)]).encode()  # fmt: skip


def _spacy(tickets: Sequence[Ticket]) -> bytes:
    names = _labels(tickets)
    return json.dumps([[t.line, {"cats": {n: float(n == t.label) for n in names}}] for t in tickets]).encode()  # fmt: skip


def _tweets(t: Ticket) -> Row:
    """As in Sentiment140, without a header: label, number, date, query, user, text."""
    return {"a": t.label, "b": 1_467_810_369 + t.n, "c": cell(t.at, "%a %b %d %H:%M:%S UTC %Y"), "d": "NO_QUERY", "e": f"kim{t.n}", "f": t.line}  # fmt: skip


def _list_items(t: Ticket) -> Row:
    return {"@odata.etag": '"x"', "id": str(t.n + 1), "createdDateTime": zulu(t.at), "lastModifiedDateTime": zulu(t.closed), "webUrl": "https://x", "contentType": {"id": "0x01", "name": "Item"},
            "fields": {"Title": t.subject, "Message": t.text, "Category": t.label, "Email": t.mail, "id": str(t.n + 1)}}  # fmt: skip


def _flamingo(t: Ticket) -> Row:
    return {"subject": t.subject, "from": f"{t.name} <{t.mail}>", "your-topic": t.label, "your-message": t.text, "serial_number": t.n, "remote_ip": "192.0.2.1", "date": cell(t.at, "%Y-%m-%d"), "time": cell(t.at, "%H:%M:%S")}  # fmt: skip


def _argilla(t: Ticket) -> Row:
    return {"text": t.line, "inputs": {"text": t.line}, "prediction": None, "annotation": t.label, "annotation_agent": "ann", "multi_label": False, "explanation": None, "id": f"a{t.n}",
            "metadata": {}, "status": "Validated", "event_timestamp": None, "metrics": {}}  # fmt: skip


def _classes_of_a_hub(t: Ticket) -> Row:
    return {"sentence": t.line, "label": [t.label.lower()], "idx": t.n}


def _shared_inbox(t: Ticket) -> Row:
    return {"conversation": {"id": t.n, "subject": t.subject, "created": int(t.at.timestamp())}, "customer": {"name": t.name, "emailAddress": t.mail}, "assignee": {"emailAddress": t.agent_mail},
            "categories": [t.label], "firstMessage": {"text": t.text, "html": t.page}, "lastMessage": {"text": t.answer}}  # fmt: skip


def _complaints(t: Ticket) -> Row:
    return {"complaint_no": t.n, "reported_on": cell(t.at, "%d-%b-%Y"), "complainant": t.name, "complainant_email": t.mail, "nature_of_complaint": t.label, "details_of_complaint": t.text,
            "action_taken": t.answer, "closed_on": cell(t.closed, "%d-%b-%Y")}  # fmt: skip


PROGRAMS: tuple[Desk, ...] = (
    answered("GitHub issues by GraphQL", _graph_ql, lambda rows: {"data": {"repository": {"issues": {"totalCount": len(rows), "edges": rows, "pageInfo": {"hasNextPage": False}}}}}),
    answered("Bugzilla bugs", _bugzilla, lambda rows: {"bugs": rows}),
    exported("Zoho Desk export in German", _zoho_german, delimiter=";", encoding="utf-8-sig", language="de"),
    exported("List of mails in German", _greyhound, delimiter=";", encoding="cp1252", language="de"),
    answered("SAP service requests", _sap, lambda rows: {"d": {"results": rows}}),
    answered("BMC Helix incidents", _helix, lambda rows: {"entries": rows, "_links": {"self": [{"href": "https://x"}]}}, without=["subject"]),
    answered("Oracle incidents", _oracle, lambda rows: {"items": rows, "hasMore": False, "limit": 100, "offset": 0, "links": [{"rel": "self", "href": "https://x"}]}),
    written("Salesforce mails of cases", ".csv", _email_messages),
    exported("Reviews of an app", _play_store, encoding="utf-16", without=["sender"]),
    written("Watson skill", ".json", _watson, without=_BARE),
    filed("Lex bot", _lex, without=_BARE),
    written("Cognigy intents", ".json", _cognigy, without=_BARE),
    written("spaCy's categories", ".json", _spacy, without=_BARE),
    exported("Tweets without a header", _tweets, header=False, without=["subject", "sender"]),
    answered("SharePoint items by Graph", _list_items, lambda rows: {"@odata.context": "x", "value": rows}),
    exported("Flamingo messages", _flamingo),
    listed("Argilla records", _argilla, without=_BARE),
    listed("Sentences with a list of one label", _classes_of_a_hub, without=_BARE),
    answered("Shared inbox", _shared_inbox, lambda rows: {"success": True, "payload": rows}),
    exported("Complaints of a register", _complaints, without=["subject"]),
)  # fmt: skip
