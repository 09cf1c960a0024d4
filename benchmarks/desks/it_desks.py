"""Desks of IT departments and the trackers that they use: what they export, and what their APIs answer."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.desks.made import Ticket
from benchmarks.desks.writing import Desk, Row, answered, cell, exported, repeated, zulu

_MINUTE = "%Y-%m-%d %H:%M"


def _otrs(t: Ticket) -> Row:
    return {
        "Ticket#": f"2025{t.n:06}", "Age": "3 d 2 h", "Created": cell(t.at), "Closed": cell(t.closed), "FirstLock": "", "FirstResponse": cell(t.closed), "State": "closed successful",
        "Priority": f"{t.urgency} normal", "Queue": f"Service::{t.label}", "Lock": "unlock", "Owner": "ann", "UserFirstname": "Ann", "UserLastname": "Otto", "CustomerID": t.mail,
        "CustomerName": t.name, "From": f"{t.name} <{t.mail}>", "Subject": t.subject, "AccountedTime": 0, "ArticleTree": t.text,
    }  # fmt: skip


def _otrs_german(t: Ticket) -> Row:
    return {
        "Ticketnummer": f"2025{t.n:06}", "Alter": "3 Tage", "Erstellt": cell(t.at), "Geschlossen": cell(t.closed), "Erste Lösungszeit": "", "Status": "erfolgreich geschlossen",
        "Priorität": f"{t.urgency} normal", "Queue": f"Service::{t.label}", "Sperre": "frei", "Besitzer": "ann", "Kundennummer": t.n, "Kundenname": t.name,
        "Von": f"{t.name} <{t.mail}>", "Betreff": t.subject, "Artikel-Baum": t.text,
    }  # fmt: skip


def _znuny(t: Ticket) -> Row:
    asked = {"ArticleID": 2 * t.n, "SenderType": "customer", "From": f"{t.name} <{t.mail}>", "To": "help@shop.example", "Subject": t.subject, "Body": t.text,
             "CreateTime": cell(t.at), "ContentType": "text/plain; charset=utf-8", "IsVisibleForCustomer": 1}  # fmt: skip
    answer = {**asked, "ArticleID": 2 * t.n + 1, "SenderType": "agent", "From": f"Shop <{t.agent_mail}>", "To": t.mail, "Body": t.answer, "CreateTime": cell(t.closed)}  # fmt: skip
    return {
        "TicketID": str(t.n + 1), "TicketNumber": f"2025{t.n:06}", "Title": t.subject, "Queue": t.label, "QueueID": "5", "State": "closed successful", "StateType": "closed", "Lock": "unlock",
        "Priority": "3 normal", "PriorityID": "3", "Owner": "ann", "OwnerID": "2", "Responsible": "root", "CustomerID": t.mail, "CustomerUserID": t.mail, "Created": cell(t.at),
        "Changed": cell(t.closed), "Age": 90_000, "Type": "Unclassified", "Article": [asked, answer], "DynamicField": [{"Name": "Region", "Value": ""}],
    }  # fmt: skip


def _os_ticket(t: Ticket) -> Row:
    return {
        "Ticket Number": f"{100_000 + t.n}", "Date Created": cell(t.at), "Subject": t.subject, "From": t.name, "From Email": t.mail, "Priority": t.priority, "Department": "Support",
        "Help Topic": t.label, "Source": "Email", "Current Status": "Closed", "Last Updated": cell(t.closed), "SLA Due Date": cell(t.closed), "Due Date": "", "Closed Date": cell(t.closed),
        "Overdue": "No", "Merged": "No", "Linked": "No", "Answered": "Yes", "Agent Assigned": t.agent, "Team Assigned": "", "Thread Count": 2, "Reopen Count": 0, "Attachment Count": 0,
        "Task Count": 0, "Issue Details": t.text,
    }  # fmt: skip


def _glpi(t: Ticket) -> Row:
    return {
        "ID": t.n + 1, "Title": t.subject, "Entity": "Root entity", "Status": "Closed", "Last update": cell(t.closed, _MINUTE), "Opening date": cell(t.at, _MINUTE), "Priority": "Medium",
        "Requester - Requester": t.name, "Assigned to - Technician": t.agent, "Category": f"Shop > {t.label}", "Time to resolve": "", "Description": f"<p>{t.page}</p>", "": "",
    }  # fmt: skip


def _glpi_french(t: Ticket) -> Row:
    return {
        "ID": t.n + 1, "Titre": t.subject, "Entité": "Entité racine", "Statut": "Clos", "Dernière modification": cell(t.closed, "%d-%m-%Y %H:%M"),
        "Date d'ouverture": cell(t.at, "%d-%m-%Y %H:%M"), "Priorité": "Moyenne", "Demandeur - Demandeur": t.name, "Attribué à - Technicien": t.agent, "Catégorie": t.label,
        "TTR": "", "Description": t.text,
    }  # fmt: skip


def _itop(t: Ticket) -> Row:
    return {
        "Ref": f"R-{t.n:06}", "Title": t.subject, "Description": t.page, "Organization->Name": "Firm", "Caller->Full name": t.name, "Caller->Email": t.mail,
        "Start date": cell(t.at), "Last update": cell(t.closed), "Close date": cell(t.closed), "Agent->Full name": t.agent, "Agent->Email": t.agent_mail, "Status": "Closed", "Impact": "A person",
        "Urgency": "medium", "Service->Name": "Shop", "Service subcategory->Name": t.label, "Public log": t.answer, "Solution": t.answer,
    }  # fmt: skip


def _request_tracker(t: Ticket) -> Row:
    form = "%a %b %d %H:%M:%S %Y"
    return {
        "id": t.n + 1, "Subject": t.subject, "Status": "resolved", "QueueName": t.label, "Owner": "ann", "Priority": 0, "Requestors": t.mail, "Cc": "", "AdminCc": "", "Created": cell(t.at, form),
        "Told": cell(t.closed, form), "LastUpdated": cell(t.closed, form), "TimeLeft": 0, "Resolved": cell(t.closed, form), "Content": t.line,
    }  # fmt: skip


def _jira(t: Ticket) -> Row:
    """Of a cloud, where texts are documents of nodes."""
    nodes = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}]}
        for line in t.text.splitlines()
    ]
    comment = {"id": "1", "author": {"displayName": t.agent, "emailAddress": t.agent_mail, "accountType": "atlassian"}, "created": zulu(t.closed),
               "body": {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": t.answer}]}]}}  # fmt: skip
    return {
        "expand": "renderedFields", "id": f"10{t.n:03}", "self": "https://x.atlassian.net/rest/api/3/issue/1", "key": f"HELP-{t.n}",
        "fields": {
            "summary": t.subject, "issuetype": {"self": "x", "id": "1", "name": "Service Request", "subtask": False}, "project": {"id": "1", "key": "HELP", "name": "Help"},
            "description": {"type": "doc", "version": 1, "content": nodes}, "status": {"name": "Done", "statusCategory": {"id": 3, "key": "done"}},
            "priority": {"self": "x", "name": "Medium", "id": "3"}, "labels": [], "components": [{"self": "x", "id": "9", "name": t.label}],
            "reporter": {"accountId": f"qm:{t.n}", "emailAddress": t.mail, "displayName": t.name, "active": True, "accountType": "customer"},
            "creator": {"accountId": "a", "emailAddress": t.agent_mail, "displayName": t.agent}, "assignee": {"accountId": "a", "emailAddress": t.agent_mail, "displayName": t.agent},
            "created": cell(t.at, "%Y-%m-%dT%H:%M:%S.000+0000"), "updated": cell(t.closed, "%Y-%m-%dT%H:%M:%S.000+0000"), "resolutiondate": cell(t.closed, "%Y-%m-%dT%H:%M:%S.000+0000"),
            "comment": {"comments": [comment], "maxResults": 1, "total": 1, "startAt": 0}, "customfield_10010": None,
        },
    }  # fmt: skip


def _jira_server(t: Ticket) -> Row:
    return {
        "id": f"10{t.n:03}", "key": f"HELP-{t.n}",
        "fields": {"summary": t.subject, "description": t.text, "issuetype": {"name": "Question"}, "labels": [t.label], "created": cell(t.at, "%Y-%m-%dT%H:%M:%S.000+0000"),
                   "updated": cell(t.closed, "%Y-%m-%dT%H:%M:%S.000+0000"), "reporter": {"name": "kim", "emailAddress": t.mail, "displayName": t.name},
                   "assignee": {"name": "ann", "emailAddress": t.agent_mail}},
    }  # fmt: skip


_JIRA = (
    "Summary", "Issue key", "Issue id", "Issue Type", "Status", "Project key", "Priority", "Resolution", "Assignee", "Reporter", "Creator", "Created", "Updated", "Last Viewed", "Resolved",
    "Labels", "Labels", "Description", "Custom field (Request participants)", "Comment", "Comment",
)  # fmt: skip


def _jira_cells(t: Ticket) -> Sequence[object]:
    form = "%d/%b/%y %I:%M %p"
    return [
        t.subject, f"HELP-{t.n}", f"10{t.n:03}", "Service Request", "Done", "HELP", "Medium", "Done", "ann", t.mail, "ann", cell(t.at, form), cell(t.closed, form), cell(t.closed, form),
        cell(t.closed, form), t.label, "", t.text, "", f"{cell(t.closed, form)};ann;{t.answer}", "",
    ]  # fmt: skip


def _service_now(t: Ticket) -> Row:
    return {
        "number": f"CS{t.n:07}", "short_description": t.subject, "description": t.text, "caller_id": t.name, "priority": f"{t.urgency} - Moderate", "state": "Closed", "category": t.label,
        "subcategory": "", "assignment_group": "Service Desk", "assigned_to": t.agent, "opened_at": cell(t.at), "sys_updated_on": cell(t.closed), "closed_at": cell(t.closed),
        "close_notes": t.answer, "sys_updated_by": "ann", "comments_and_work_notes": f"{cell(t.closed)} - {t.agent} (Additional comments)\n{t.answer}",
    }  # fmt: skip


def _service_now_answer(t: Ticket) -> Row:
    return {
        "parent": "", "made_sla": "true", "number": f"INC{t.n:07}", "short_description": t.subject, "description": t.text, "category": t.label, "contact_type": "email", "priority": "3",
        "urgency": "2", "impact": "2", "state": "7", "opened_at": cell(t.at), "sys_created_on": cell(t.at), "sys_updated_on": cell(t.closed), "closed_at": cell(t.closed), "close_notes": t.answer,
        "caller_id": {"link": "https://x.service-now.com/api/now/table/sys_user/1", "value": f"{t.n:032x}"}, "assignment_group": {"link": "x", "value": "g"}, "sys_id": f"{t.n:032x}",
    }  # fmt: skip


def _topdesk(t: Ticket) -> Row:
    return {
        "id": f"{t.n:032x}", "status": "secondLine", "number": f"I 2501 {t.n:03}", "request": t.text,
        "caller": {"id": f"{t.n:032x}", "dynamicName": t.name, "email": t.mail, "branch": {"id": "b", "name": "Head office"}}, "briefDescription": t.subject,
        "category": {"id": "c", "name": "Shop"}, "subcategory": {"id": t.label, "name": t.label}, "callType": {"id": "t", "name": "Incident"}, "entryType": {"id": "e", "name": "E-mail"},
        "callDate": cell(t.at, "%Y-%m-%dT%H:%M:%S.000+0000"), "creationDate": cell(t.at, "%Y-%m-%dT%H:%M:%S.000+0000"), "targetDate": cell(t.closed, "%Y-%m-%dT%H:%M:%S.000+0000"),
        "closedDate": cell(t.closed, "%Y-%m-%dT%H:%M:%S.000+0000"), "operator": {"id": "o", "name": t.agent}, "closed": True, "majorCall": False,
    }  # fmt: skip


def _manage_engine(t: Ticket) -> Row:
    return {
        "id": str(t.n + 1), "subject": t.subject, "description": t.page, "short_description": t.line[:40], "category": {"id": "1", "name": t.label}, "subcategory": None,
        "requester": {"id": str(t.n), "name": t.name, "email_id": t.mail, "is_vipuser": False}, "technician": {"id": "9", "name": t.agent, "email_id": t.agent_mail},
        "created_time": {"display_value": cell(t.at, "%b %d, %Y %I:%M %p"), "value": str(int(t.at.timestamp() * 1000))},
        "completed_time": {"display_value": cell(t.closed, "%b %d, %Y %I:%M %p"), "value": str(int(t.closed.timestamp() * 1000))},
        "due_by_time": None, "status": {"id": "3", "name": "Closed", "color": "#006600"}, "priority": {"id": "2", "name": "Medium", "color": "#fff"}, "group": {"id": "1", "name": "Help"},
    }  # fmt: skip


def _sys_aid(t: Ticket) -> Row:
    return {
        "#": t.n + 1, "Category": "Shop", "Sub-Category": t.label, "Title": t.subject, "Description": t.text, "Status": "Closed", "Request user": t.name, "Request user email": t.mail,
        "Process manager": t.agent, "Request time": cell(t.at, "%d-%m-%Y %H:%M:%S"), "Close time": cell(t.closed, "%d-%m-%Y %H:%M:%S"), "Modify time": cell(t.closed, "%d-%m-%Y %H:%M:%S"),
        "Priority": t.priority, "Solution": t.answer,
    }  # fmt: skip


def _spiceworks(t: Ticket) -> Row:
    def comment(number: int, kind: str, text: str) -> Row:
        return {"id": number, "body": text, "created_at": zulu(t.at if number == 1 else t.closed), "creator_type": kind, "is_public": True}  # fmt: skip

    return {
        "ticket_number": t.n + 1, "organization_name": "Shop", "summary": t.subject, "description": t.text, "priority": "Med", "status": "Closed", "category": t.label, "due_at": None,
        "created_at": zulu(t.at), "updated_at": zulu(t.closed), "closed_at": zulu(t.closed), "creator": {"email": t.mail, "name": t.name}, "assignee": {"email": t.agent_mail, "name": t.agent},
        "comments": [comment(2, "Technician", t.answer)], "custom_values": [],
    }  # fmt: skip


PROGRAMS: tuple[Desk, ...] = (
    exported("OTRS export", _otrs, delimiter=";"),
    exported("OTRS export in German", _otrs_german, delimiter=";", encoding="utf-8-sig"),
    answered("Znuny tickets", _znuny, lambda rows: {"Ticket": rows}),
    exported("osTicket export", _os_ticket),
    exported("GLPI export", _glpi, delimiter=";", without=["sender"]),
    exported("GLPI export in French", _glpi_french, delimiter=";", without=["sender"]),
    exported("iTop export", _itop, encoding="utf-8-sig"),
    exported("Request Tracker results", _request_tracker, delimiter="\t", suffix=".tsv"),
    answered("Jira issues", _jira, lambda rows: {"expand": "schema,names", "startAt": 0, "maxResults": 100, "total": len(rows), "issues": rows}),
    answered("Jira issues of a server", _jira_server, lambda rows: {"startAt": 0, "maxResults": 50, "total": len(rows), "issues": rows}),
    repeated("Jira export", _JIRA, _jira_cells),
    exported("ServiceNow export", _service_now, encoding="cp1252", without=["sender"]),
    answered("ServiceNow incidents", _service_now_answer, lambda rows: {"result": rows}, without=["sender"]),
    answered("TOPdesk incidents", _topdesk),
    answered("ManageEngine requests", _manage_engine, lambda rows: {"response_status": [{"status_code": 2000, "status": "success"}], "list_info": {"row_count": len(rows)}, "requests": rows}),
    exported("SysAid export", _sys_aid),
    answered("Spiceworks export", _spiceworks, lambda rows: {"tickets": rows, "users": [{"email": "ann@shop.example", "role": "admin"}]}),
)  # fmt: skip
