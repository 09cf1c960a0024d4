"""What APIs answer of leads that are won by becoming a contact or a customer, and of their projects and offers."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, answered, day, iso, zulu


def _hubspot_contact(d: Deal) -> Row:
    won = d.outcome == "won"
    return {
        "id": str(50_000 + d.n), "archived": False, "createdAt": zulu(d.created), "updatedAt": zulu(d.updated),
        "properties": {
            "createdate": zulu(d.created), "email": d.mail, "firstname": "Kim", "lastname": "Roe", "hs_object_id": str(50_000 + d.n),
            "lastmodifieddate": zulu(d.updated), "lifecyclestage": "customer" if won else "lead", "company": d.firm,
            "hs_lead_status": d.said("CONNECTED", "UNQUALIFIED", "NEW", "ATTEMPTED_TO_CONTACT"),
            "hs_lifecyclestage_customer_date": zulu(d.closed) if won else None, "lead_source": d.source,
            "numemployees": str(d.employees),
        },
    }  # fmt: skip


def _zoho_lead(d: Deal) -> Row:
    won = d.outcome == "won"
    return {
        "id": str(6_000_000_000 + d.n), "Company": d.firm, "Last_Name": "Roe", "Email": d.mail, "Lead_Source": d.source,
        "Lead_Status": d.said("Contacted", "Junk Lead", "Not Contacted", "Attempted to Contact"), "No_of_Employees": d.employees,
        "Annual_Revenue": d.amount, "$converted": won, "Converted__s": won, "Converted_Date_Time": iso(d.closed) if won else None,
        "Created_Time": iso(d.created), "Modified_Time": iso(d.updated),
        "Owner": {"name": d.owner, "id": "1", "email": "a@firm.example"},
        "Tag": [], "Email_Opt_Out": False,
    }  # fmt: skip


def _sell_lead(d: Deal) -> Row:
    lead = {
        "id": 3 * d.n + 9, "creator_id": 1, "owner_id": len(d.owner), "first_name": "Kim", "last_name": "Roe",
        "organization_name": d.firm, "status": d.said("Won", "Unqualified", "New", "Working"), "source_id": None, "title": None,
        "email": d.mail, "tags": [], "created_at": zulu(d.created), "updated_at": zulu(d.updated),
        "custom_fields": {"Source": d.source, "Employees": d.employees, "Budget": d.amount},
    }  # fmt: skip
    return {"data": lead, "meta": {"type": "lead", "version": 2}}


def _erpnext_lead(d: Deal) -> Row:
    at = "%Y-%m-%d %H:%M:%S.000000"
    return {
        "name": f"CRM-LEAD-2024-{d.n:05d}", "creation": iso(d.created, at), "modified": iso(d.updated, at),
        "owner": "a@firm.example",
        "docstatus": 0, "lead_name": "Kim Roe", "company_name": d.firm, "email_id": d.mail, "lead_owner": d.owner,
        "status": d.said("Converted", "Lost Quotation", "Open", "Lead", "Replied"),
        "source": d.source, "custom_employees": d.employees, "annual_revenue": float(d.amount), "unsubscribed": 0,
        "blog_subscriber": 0,
    }  # fmt: skip


def _moco(d: Deal) -> Row:
    return {
        "id": d.n + 40, "name": f"Deal {d.n}", "status": d.said("won", d.draw.choice(["lost", "dropped"]), "pending", "potential"),
        "reminder_date": day(d.planned), "closed_on": day(d.closed), "money": float(d.amount), "currency": "EUR", "info": "",
        "custom_properties": {"Employees": str(d.employees), "Source": d.source},
        "user": {"id": len(d.owner), "firstname": d.owner.split()[0]},
        "company": {"id": d.n, "name": d.firm}, "person": {"id": d.n, "name": "Kim Roe"},
        "category": {"id": d.said(9, 1, 1, 2), "name": "Leads", "probability": d.said(100, 25, 25, 50)},
        "created_at": zulu(d.created), "updated_at": zulu(d.updated),
    }  # fmt: skip


def _bigin(d: Deal) -> Row:
    return {
        "id": str(7_000_000_000 + d.n), "Deal_Name": f"Deal {d.n}",
        "Stage": d.said("Closed Won", "Closed Lost", "Qualification", "Proposal"),
        "Sub_Pipeline": "Sales", "Pipeline": {"name": "Sales", "id": "1"}, "Amount": d.amount, "Closing_Date": day(d.planned),
        "Created_Time": iso(d.created), "Modified_Time": iso(d.updated), "Lead_Source": d.source, "Contact_Name": None,
        "Account_Name": {"name": d.firm, "id": str(d.n)}, "Owner": {"name": d.owner, "id": "1"}, "Employees": d.employees,
        "Tag": [],
    }  # fmt: skip


def _productive(d: Deal) -> Row:
    told = {
        "name": f"Deal {d.n}", "date": day(d.created), "created_at": iso(d.created), "closed_at": iso(d.closed), "budget": False,
        "revenue": str(d.amount * 100), "probability": d.said(100, 0, 40), "currency": "EUR", "last_activity_at": iso(d.updated),
        "lost_comment": d.said(None, "too dear", None), "sales_status_id": d.said(2, 3, 1),
        "status_name": d.said("Won", "Lost", "Proposal"),
        "custom_fields": {"4711": d.source, "4712": d.employees},
    }  # fmt: skip
    return {
        "id": str(d.n + 5),
        "type": "deals",
        "attributes": told,
        "relationships": {"company": {"data": {"type": "companies", "id": str(d.n)}}},
    }


def _close_lead(d: Deal) -> Row:
    return {
        "id": f"lead_{d.n:06d}", "display_name": d.firm, "status_id": d.said("s1", "s2", "s3"), "url": None, "description": "",
        "status_label": d.said("Customer", "Not Interested", "Potential", "Contacted"), "date_created": iso(d.created),
        "date_updated": iso(d.updated), "created_by": "u1", "contacts": [{"id": f"c{d.n}", "name": "Kim Roe", "emails": []}],
        "opportunities": [], "tasks": [], "addresses": [], "custom": {"Source": d.source, "Employees": d.employees, "Budget": d.amount},
    }  # fmt: skip


def _zendesk_ticket(d: Deal) -> Row:
    said = {
        360_001: d.said("won", "lost", "offered"),
        360_002: d.source,
        360_003: str(d.employees),
        360_004: str(d.amount),
    }
    return {
        "id": d.n + 10, "url": "https://x.zendesk.com/api/v2/tickets/10.json", "external_id": None, "via": {"channel": "email"},
        "created_at": zulu(d.created), "updated_at": zulu(d.updated), "type": "question", "subject": f"Offer for {d.firm}",
        "priority": "normal", "status": d.said("closed", "closed", "open", "pending"), "requester_id": d.n,
        "assignee_id": len(d.owner),
        "tags": [], "custom_fields": [{"id": number, "value": word} for number, word in said.items()], "has_incidents": False,
    }  # fmt: skip


def _jira(d: Deal) -> Row:
    at = "%Y-%m-%dT%H:%M:%S.000+0000"
    stage = d.said("Won", "Lost", "Offer")
    return {
        "expand": "x", "id": str(10_000 + d.n), "self": "https://x.atlassian.net/rest/api/3/issue/1", "key": f"LEAD-{d.n + 1}",
        "fields": {
            "summary": d.firm, "status": {"self": "x", "name": stage, "id": d.said("3", "4", "1"),
                                          "statusCategory": {"id": d.said(3, 3, 2), "key": d.said("done", "done", "indeterminate")}},
            "issuetype": {"id": "1", "name": "Lead", "subtask": False}, "created": iso(d.created, at), "updated": iso(d.updated, at),
            "resolutiondate": iso(d.closed, at), "resolution": d.said({"name": "Done"}, {"name": "Done"}, None),
            "assignee": {"accountId": "a1", "displayName": d.owner}, "customfield_10031": {"id": "5", "value": d.source},
            "customfield_10032": float(d.employees), "customfield_10033": float(d.amount), "labels": [],
        },
    }  # fmt: skip


def _pipefy(d: Deal) -> Row:
    phase = d.said("Won", "Lost", "Proposal", "New")
    return {"node": {
        "id": str(300_000 + d.n), "title": d.firm, "createdAt": zulu(d.created), "updated_at": zulu(d.updated),
        "done": d.outcome != "open",
        "finished_at": zulu(d.closed), "current_phase": {"id": f"p-{phase}", "name": phase}, "assignees": [{"name": d.owner}],
        "fields": [{"name": "Source", "value": d.source}, {"name": "Employees", "value": str(d.employees)}, {"name": "Value", "value": str(d.amount)}],
    }}  # fmt: skip


def _trello(d: Deal) -> Row:
    stage = d.said("Won", "Lost", "Offer", "New")
    return {
        "id": f"{int(d.created.timestamp()):08x}{d.n:016x}", "name": d.firm, "desc": "", "closed": False, "idBoard": "b1",
        "idList": f"l-{stage}",
        "list": {"id": f"l-{stage}", "name": stage}, "dateLastActivity": zulu(d.updated), "due": None, "dueComplete": False,
        "idMembers": [],
        "labels": [{"id": f"k{d.source}", "idBoard": "b1", "name": d.source, "color": "red", "uses": 5}], "pos": 65_535 + d.n,
        "shortLink": f"x{d.n}",
        "customFieldItems": [{"id": f"i{d.n}", "value": {"number": str(d.employees)}, "idCustomField": "f1", "idModel": "x", "modelType": "card"}],
        "badges": {"votes": 0, "comments": d.draw.randrange(5), "attachments": 0},
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    answered(
        "HubSpot contacts",
        _hubspot_contact,
        lambda rows: {"results": rows, "paging": {"next": {"after": "1"}}},
        without=["amount"],
    ),
    answered(
        "Zoho leads",
        _zoho_lead,
        lambda rows: {"data": rows, "info": {"count": len(rows), "more_records": False}},
    ),
    answered(
        "Zendesk Sell leads",
        _sell_lead,
        lambda rows: {"items": rows, "meta": {"type": "collection", "count": len(rows)}},
    ),
    answered("ERPNext leads", _erpnext_lead, lambda rows: {"data": rows}),
    answered("MOCO deals", _moco),
    answered(
        "Bigin pipelines",
        _bigin,
        lambda rows: {"data": rows, "info": {"count": len(rows), "more_records": False}},
    ),
    answered(
        "Productive deals",
        _productive,
        lambda rows: {"data": rows, "meta": {"current_page": 1}, "links": {}},
    ),
    answered(
        "Close leads",
        _close_lead,
        lambda rows: {"has_more": False, "total_results": len(rows), "data": rows},
    ),
    answered(
        "Zendesk tickets",
        _zendesk_ticket,
        lambda rows: {
            "tickets": rows,
            "next_page": None,
            "previous_page": None,
            "count": len(rows),
        },
    ),
    answered(
        "Jira issues",
        _jira,
        lambda rows: {
            "expand": "names",
            "startAt": 0,
            "maxResults": 600,
            "total": len(rows),
            "issues": rows,
        },
    ),
    answered(
        "Pipefy cards",
        _pipefy,
        lambda rows: {"data": {"allCards": {"edges": rows, "pageInfo": {"hasNextPage": False}}}},
    ),
    answered("Trello cards", _trello, without=["amount", "decided"]),
)
