"""What more CRMs and boards export, in English."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported

_ISO, _US = "%Y-%m-%d", "%m/%d/%Y"


def _salesforce_leads(d: Deal) -> Row:
    return {
        "Lead ID": f"00Q5g00000{d.n:05d}", "Lead Owner": d.owner, "First Name": "Kim", "Last Name": f"Lee{d.n}", "Company / Account": d.firm, "Email": d.mail,
        "Lead Status": d.said("Closed - Converted", "Closed - Not Converted", "Open - Not Contacted", "Working - Contacted"), "Converted": d.said("1", "0", "0"),
        "Converted Date": cell(d.closed if d.outcome == "won" else None, "%-m/%-d/%Y"), "Create Date": cell(d.created, "%-m/%-d/%Y"), "Last Activity": cell(d.updated, "%-m/%-d/%Y"),
        "Lead Source": d.source, "Rating": "", "No. of Employees": d.employees,
    }  # fmt: skip


def _zoho_leads(d: Deal) -> Row:
    return {
        "Record Id": f"zcrm_4876876000000{600_000 + 7 * d.n}", "Lead Owner": d.owner, "Company": d.firm, "Lead Name": f"Kim Lee{d.n}", "Email": d.mail, "Lead Source": d.source,
        "Lead Status": d.said("Contacted", d.draw.choice(("Lost Lead", "Junk Lead", "Not Qualified")), "Attempted to Contact", "Contact in Future"),
        "Is Converted": d.said("true", "false", "false"), "Created Time": cell(d.created), "Modified Time": cell(d.updated), "Last Activity Time": cell(d.updated),
        "No. of Employees": d.employees, "Email Opt Out": "false",
    }  # fmt: skip


def _capsule(d: Deal) -> Row:
    return {
        "Opportunity": f"Offer {d.n}", "Contact": d.firm, "Milestone": d.said("Won", "Lost", "New", "Bid"), "Value": d.amount, "Currency": "EUR", "Probability": d.said(100, 0, 40),
        "Expected Close": cell(d.planned, _ISO), "Owner": d.owner, "Created": cell(d.created, _ISO), "Closed": cell(d.closed, _ISO), "Lost Reason": d.said("", "Price", ""),
        "Source": d.source, "Employees": d.employees,
    }  # fmt: skip


def _close(d: Deal) -> Row:
    return {
        "id": f"oppo_{d.n * 7919:011x}", "lead_id": f"lead_{d.n:05d}", "lead_name": d.firm, "status_label": d.said("Won", "Lost", "Active"), "status_type": d.said("won", "lost", "active"),
        "pipeline_name": "Sales", "user_name": d.owner, "value": d.amount * 100, "value_period": "one_time", "confidence": d.said(100, 0, 50),
        "date_created": cell(d.created, "%Y-%m-%dT%H:%M:%S.000000+00:00"), "date_updated": cell(d.updated, "%Y-%m-%dT%H:%M:%S.000000+00:00"),
        "date_won": cell(d.closed if d.outcome == "won" else None, _ISO), "custom.Source": d.source, "custom.Employees": d.employees,
    }  # fmt: skip


def _kommo(d: Deal) -> Row:
    form = "%d.%m.%Y %H:%M:%S"
    return {
        "ID": 19_000 + d.n, "Lead title": f"Lead {d.n}", "Company": d.firm, "Main contact": f"Kim Lee{d.n}", "Responsible user": d.owner,
        "Lead stage": d.said("Closed - won", "Closed - lost", "Initial contact", "Negotiation"), "Pipeline": "Pipeline", "Sale, €": d.amount, "Created at": cell(d.created, form),
        "Created by": "Robot", "Last modified": cell(d.updated, form), "Modified by": "Anna", "Tags": "", "Closed at": cell(d.closed, form) or "not closed", "Next task": "no tasks",
        "Source": d.source, "Employees": d.employees,
    }  # fmt: skip


def _sugar(d: Deal) -> Row:
    return {
        "ID": f"{d.n * 7919:08x}-9a9a-4a4a-8b8b-{d.n:012x}", "Opportunity Name": f"Offer {d.n}", "Account Name": d.firm, "Likely": f"{d.amount}.00",
        "Expected Close Date": cell(d.planned, _US), "Sales Stage": d.said("Closed Won", "Closed Lost", "Prospecting", "Proposal/Price Quote"), "Probability (%)": d.said(100, 0, 10),
        "Lead Source": d.source, "Assigned User Name": d.owner, "Date Created": cell(d.created, "%m/%d/%Y %I:%M%p").lower(), "Date Modified": cell(d.updated, "%m/%d/%Y %I:%M%p").lower(),
        "Deleted": "0", "Employees": d.employees,
    }  # fmt: skip


def _one_page(d: Deal) -> Row:
    return {
        "Deal ID": f"{d.n * 7919:024x}", "Name": f"Deal {d.n}", "Organization": d.firm, "Owner": d.owner, "Status": d.said("Won", "Lost", "Pending"), "Stage": d.said("100%", "0%", "25%", "50%"),
        "Amount": f"{d.amount}.00", "Date": cell(d.created, _ISO), "Expected close date": cell(d.planned, _ISO), "Close date": cell(d.closed, _ISO), "Lead source": d.source,
        "Employees": d.employees,
    }  # fmt: skip


def _agile(d: Deal) -> Row:
    return {
        "Id": 5_629_499_534_213_120 + 64 * d.n, "Deal Name": f"Deal {d.n}", "Value": f"{d.amount}.0", "Probability": d.said(100, 0, 30), "Track": "Default",
        "Milestone": d.said("Won", "Lost", "New", "Proposal"), "Created Date": cell(d.created, "%m/%d/%Y"), "Close Date": cell(d.planned, _US), "Loss Reason": d.said("", "Price", ""),
        "Deal Source": d.source, "Owner": d.owner, "Employees": d.employees,
    }  # fmt: skip


def _keap(d: Deal) -> Row:
    return {
        "Id": 300 + 2 * d.n, "Opportunity Title": f"Deal {d.n}", "Contact": f"Kim Lee{d.n}", "Stage": d.said("Won", "Lost", "New Opportunity", "Engaging"),
        "Projected Revenue": f"${d.amount:,}.00", "Date Created": cell(d.created, "%-m/%-d/%Y %-I:%M %p"), "Last Updated": cell(d.updated, "%-m/%-d/%Y %-I:%M %p"), "User": d.owner,
        "Lead Source": d.source, "Employees": d.employees,
    }  # fmt: skip


def _lead_squared(d: Deal) -> Row:
    return {
        "ProspectID": f"{d.n * 7919:08x}-3333-4a4a-8b8b-{d.n:012x}", "First Name": "Kim", "Last Name": f"Lee{d.n}", "Email": d.mail, "Phone Number": f"+91-98765{d.n:05d}",
        "Lead Stage": d.said("Customer", "Disqualified", "Prospect", "Opportunity"), "Lead Source": d.source, "Owner": d.owner, "Budget": f"₹{d.amount:,}", "Company Size": d.employees,
        "Created On": cell(d.created, "%d-%m-%Y %I:%M:%S %p"), "Modified On": cell(d.updated, "%d-%m-%Y %I:%M:%S %p"),
    }  # fmt: skip


def _streak(d: Deal) -> Row:
    return {
        "Name": f"Deal {d.n}", "Stage": d.said("Closed - Won", "Closed - Lost", "Lead", "Pitched"), "Deal Size": f"${d.amount:,}", "Source": d.source, "Employees": d.employees,
        "Assigned To": d.owner, "Date Created": cell(d.created, "%b %-d, %Y, %-I:%M %p"), "Date Last Updated": cell(d.updated, "%b %-d, %Y, %-I:%M %p"), "Notes": "",
    }  # fmt: skip


def _click_up(d: Deal) -> Row:
    return {
        "Task ID": f"86{d.n * 7919:07x}", "Task Custom ID": "", "Task Name": d.firm, "Status": d.said("closed won", "closed lost", "new lead", "proposal"),
        "Date Created": int(d.created.timestamp() * 1_000), "Date Created Text": cell(d.created, "%-m/%-d/%Y, %-I:%M:%S %p GMT+0"), "Due Date": "null", "Start Date": "null",
        "Assignees": f"[{d.owner}]", "Tags": "[]", "Priority": "null", "List Name": "Sales", "Folder Name": "CRM", "Space Name": "Firm", "Time Estimated": "null",
        "Deal Value (currency)": d.amount, "Source (drop down)": d.source, "Employees (number)": d.employees,
    }  # fmt: skip


def _asana(d: Deal) -> Row:
    return {
        "Task ID": 1_206_000_000_000_000 + 17 * d.n, "Created At": cell(d.created, _ISO), "Completed At": cell(d.closed, _ISO), "Last Modified": cell(d.updated, _ISO), "Name": d.firm,
        "Section/Column": d.said("Won", "Lost", "New", "Offer"), "Assignee": d.owner, "Assignee Email": "", "Start Date": "", "Due Date": "", "Tags": "", "Notes": "", "Projects": "Sales",
        "Parent task": "", "Source": d.source, "Employees": d.employees, "Deal size": d.amount,
    }  # fmt: skip


def _smartsheet(d: Deal) -> Row:
    return {
        "Primary Column": d.firm, "Status": d.said("Won", "Lost", "In Progress", "Not Started"), "Created": cell(d.created, "%m/%d/%y %-I:%M %p"),
        "Modified": cell(d.updated, "%m/%d/%y %-I:%M %p"), "Assigned To": d.owner, "Source": d.source, "Employees": d.employees, "Value": f"${d.amount:,}.00",
    }  # fmt: skip


def _crm_of_wix(d: Deal) -> Row:
    took = (d.closed or d.created + timedelta(days=20)) - d.created
    return {
        "Lead": d.firm, "Stage": d.said("6. Won", "7. Lost", "1. New", "3. Offer"), "Owner": d.owner, "Amount": f"{d.amount / 1000:.2f}K".replace(".00K", "K"), "Entered": cell(d.created, _ISO),
        "Days in pipeline": took.days, "Channel": d.source, "Headcount": d.employees,
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    exported("Salesforce leads report", _salesforce_leads, encoding="cp1252", without=["amount"]),
    exported("Zoho CRM leads export", _zoho_leads, without=["amount"]),
    exported("Capsule export", _capsule),
    exported("Close export", _close),
    exported("Kommo export", _kommo, delimiter=";", encoding="utf-8-sig"),
    exported("SugarCRM export", _sugar),
    exported("OnePageCRM export", _one_page),
    exported("Agile CRM export", _agile),
    exported("Keap export", _keap),
    exported("LeadSquared export", _lead_squared),
    exported("Streak export", _streak),
    exported("ClickUp export", _click_up),
    exported("Asana export", _asana),
    exported("Smartsheet export", _smartsheet),
    exported("Pipeline with numbered stages", _crm_of_wix),
)  # fmt: skip
