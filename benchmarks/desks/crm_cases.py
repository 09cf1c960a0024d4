"""Cases and tickets of CRMs: what they export, and what their APIs answer."""

from __future__ import annotations

from benchmarks.desks.made import Ticket
from benchmarks.desks.writing import Desk, Row, answered, cell, exported, zulu


def _salesforce(t: Ticket) -> Row:
    return {
        "Case ID": f"5003{t.n:011}", "Case Number": f"{t.n:08}", "Account Name": "Firm", "Contact Name": t.name, "Contact Email": t.mail, "Case Origin": "Email", "Type": "Question",
        "Case Reason": t.label, "Subject": t.subject, "Description": t.text, "Priority": ("Low", "Medium", "High", "High")[t.urgency - 1], "Status": "Closed",
        "Date/Time Opened": cell(t.at, "%d/%m/%Y %H:%M"), "Date/Time Closed": cell(t.closed, "%d/%m/%Y %H:%M"), "Case Owner": t.agent, "Case Owner Email": t.agent_mail,
        "Case Comments": t.answer,
    }  # fmt: skip


def _salesforce_answer(t: Ticket) -> Row:
    return {
        "attributes": {"type": "Case", "url": "/services/data/v60.0/sobjects/Case/5003"}, "Id": f"5003{t.n:014}", "CaseNumber": f"{t.n:08}", "SuppliedEmail": t.mail,
        "SuppliedName": t.name, "Type": None, "Reason": t.label, "Origin": "Email", "Subject": t.subject, "Description": t.text, "Priority": "Medium", "Status": "Closed", "IsClosed": True,
        "CreatedDate": cell(t.at, "%Y-%m-%dT%H:%M:%S.000+0000"), "ClosedDate": cell(t.closed, "%Y-%m-%dT%H:%M:%S.000+0000"), "OwnerId": "005", "LastModifiedDate": cell(t.closed,
        "%Y-%m-%dT%H:%M:%S.000+0000"), "SystemModstamp": cell(t.closed, "%Y-%m-%dT%H:%M:%S.000+0000"), "Owner": {"attributes": {"type": "Name"}, "Email": t.agent_mail},
    }  # fmt: skip


def _hubspot(t: Ticket) -> Row:
    return {
        "Ticket ID": t.n + 99, "Ticket name": t.subject, "Pipeline": "Support Pipeline", "Ticket status": "Closed", "Create date": cell(t.at, "%Y-%m-%d %H:%M"), "Priority": t.priority,
        "Ticket owner": t.agent, "Source": "Email", "Category": t.label, "Ticket description": t.text, "Last activity date": cell(t.closed, "%Y-%m-%d %H:%M"), "Resolution": t.answer,
    }  # fmt: skip


def _hubspot_answer(t: Ticket) -> Row:
    return {
        "id": str(t.n + 99),
        "properties": {"content": t.text, "createdate": zulu(t.at), "hs_lastmodifieddate": zulu(t.closed), "hs_object_id": str(t.n + 99), "hs_pipeline": "0", "hs_pipeline_stage": "4",
                       "hs_ticket_category": t.label.upper(), "hs_ticket_priority": t.priority.upper(), "subject": t.subject, "closed_date": zulu(t.closed)},
        "createdAt": zulu(t.at), "updatedAt": zulu(t.closed), "archived": False,
    }  # fmt: skip


def _dynamics(t: Ticket) -> Row:
    return {
        "@odata.etag": 'W/"1"', "incidentid": f"{t.n:08x}-0000-0000-0000-000000000000", "ticketnumber": f"CAS-{t.n:05}", "title": t.subject, "description": t.text,
        "emailaddress": t.mail, "createdon": zulu(t.at), "modifiedon": zulu(t.closed), "prioritycode": 2, "prioritycode@OData.Community.Display.V1.FormattedValue": "Normal",
        "casetypecode": len(t.label), "casetypecode@OData.Community.Display.V1.FormattedValue": t.label, "statecode": 1, "statuscode": 5, "caseorigincode": 2,
        "caseorigincode@OData.Community.Display.V1.FormattedValue": "Email", "_customerid_value": f"{t.n:08x}", "_ownerid_value": "o", "merged": False, "isescalated": False,
    }  # fmt: skip


def _odoo(t: Ticket) -> Row:
    return {
        "id": t.n + 1, "name": t.subject, "description": t.page, "team_id": [1, "Customer Care"], "user_id": [2, t.agent], "partner_id": [t.n + 9, t.name], "partner_email": t.mail,
        "ticket_type_id": [len(t.label), t.label], "tag_ids": [], "stage_id": [4, "Solved"], "priority": str(t.urgency - 1), "create_date": cell(t.at), "write_date": cell(t.closed),
        "close_date": cell(t.closed), "kanban_state": "normal", "active": True, "email_cc": False,
    }  # fmt: skip


def _odoo_export(t: Ticket) -> Row:
    return {
        "Subject": t.subject, "Helpdesk Team": "Customer Care", "Assigned to": t.agent, "Customer": t.name, "Customer Email": t.mail, "Type": t.label, "Stage": "Solved",
        "Created on": cell(t.at), "Last Updated on": cell(t.closed), "Close date": cell(t.closed), "Description": t.page, "Priority": "Medium priority",
    }  # fmt: skip


def _zoho_crm(t: Ticket) -> Row:
    return {
        "Case_Number": str(t.n), "Subject": t.subject, "Description": t.text, "Case_Reason": t.label, "Type": "Problem", "Status": "Closed", "Priority": t.priority, "Email": t.mail,
        "Owner": {"name": t.agent, "id": "1", "email": t.agent_mail}, "Created_Time": cell(t.at, "%Y-%m-%dT%H:%M:%S+00:00"), "Modified_Time": cell(t.closed, "%Y-%m-%dT%H:%M:%S+00:00"),
        "Solution": t.answer, "id": f"4876{t.n:06}", "$approved": True, "Case_Origin": "Email", "Reported_By": t.name,
    }  # fmt: skip


def _consumer_complaint(t: Ticket) -> Row:
    """The CFPB's own columns."""
    return {
        "Date received": cell(t.at, "%m/%d/%y"), "Product": t.label, "Sub-product": "General", "Issue": "Problem", "Sub-issue": "", "Consumer complaint narrative": t.line,
        "Company public response": "", "Company": "BANK", "State": "CA", "ZIP code": "940XX", "Tags": "", "Consumer consent provided?": "Consent provided", "Submitted via": "Web",
        "Date sent to company": cell(t.closed, "%m/%d/%y"), "Company response to consumer": "Closed with explanation", "Timely response?": "Yes", "Consumer disputed?": "N/A", "Complaint ID": 2_000_000 + t.n,
    }  # fmt: skip


PROGRAMS: tuple[Desk, ...] = (
    exported("Salesforce cases", _salesforce),
    answered("Salesforce cases by query", _salesforce_answer, lambda rows: {"totalSize": len(rows), "done": True, "records": rows}),
    exported("HubSpot tickets", _hubspot, without=["sender"]),
    answered("HubSpot tickets by API", _hubspot_answer, lambda rows: {"results": rows, "paging": {"next": {"after": "100", "link": "x"}}}, without=["sender"]),
    answered("Dynamics 365 cases", _dynamics, lambda rows: {"@odata.context": "https://x.crm.dynamics.com/api/data/v9.2/$metadata#incidents", "value": rows}),
    answered("Odoo tickets", _odoo),
    exported("Odoo export", _odoo_export),
    answered("Zoho CRM cases", _zoho_crm, lambda rows: {"data": rows, "info": {"per_page": 200, "count": len(rows), "page": 1, "more_records": False}}),
    exported("CFPB complaints", _consumer_complaint, without=["subject", "sender"]),
)  # fmt: skip
