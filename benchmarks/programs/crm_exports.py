"""What CRMs export as a table, in English."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported, money

_US_DAY, _US_TIME = "%m/%d/%Y", "%m/%d/%Y %I:%M:%S %p"


def _sell(d: Deal) -> Row:
    form = "%Y-%m-%d %H:%M"
    return {
        "Deal ID": 8_000 + 3 * d.n, "Deal Name": f"Deal {d.n}", "Deal Value": d.amount, "Deal Currency": "EUR",
        "Stage": d.said("Won", d.draw.choice(("Lost", "Unqualified")), "Incoming", "Qualified", "Quote"), "Owner": d.owner,
        "Source": d.source, "Estimated Close Date": "", "Added On": cell(d.created, form),
        "Last Stage Change": cell(d.closed or d.created + timedelta(minutes=50), form), "Loss Reason": d.said("", "Price", ""),
        "Hot": d.draw.choice(("true", "false")), "Tags": "", "Company": d.firm, "Primary Contact": "X Y",
        "Employees": d.employees,
    }  # fmt: skip


def _copper(d: Deal) -> Row:
    return {
        "Opportunity ID": 5_000 + 2 * d.n, "Name": f"Opp {d.n}", "Pipeline": "Sales",
        "Stage": d.draw.choice(("Qualified", "Proposal")), "Status": d.said("Won", d.draw.choice(("Lost", "Abandoned")), "Open"),
        "Priority": "None", "Value": d.amount, "Close Date": cell(d.planned, _US_DAY), "Win Probability": d.said(100, 0, 40),
        "Loss Reason": d.said("", "Price", ""), "Owner": d.owner, "Source": d.source, "Company": d.firm, "Primary Contact": "X",
        "Created At": cell(d.created, _US_DAY), "Updated At": cell(d.updated, _US_DAY),
        "Last Stage At": cell(d.closed or d.created, _US_DAY), "Inactive Days": d.draw.randrange(90),
        "Interaction Count": d.draw.randrange(12), "Tags": "", "Employees": d.employees,
    }  # fmt: skip


def _insightly(d: Deal) -> Row:
    return {
        "OpportunityID": 900 + 5 * d.n, "OpportunityName": f"Opp {d.n}",
        "OpportunityState": d.said("WON", d.draw.choice(("LOST", "ABANDONED")), "OPEN", "SUSPENDED"),
        "OpportunityValue": d.amount, "BidCurrency": "EUR", "Probability": d.said(100, 0, 50),
        "ForecastCloseDate": cell(d.created + timedelta(days=90), _US_DAY), "ActualCloseDate": cell(d.closed, _US_DAY),
        "Category": "Consulting", "Pipeline": "Sales", "CurrentStage": d.said("Closed", "Closed", "Proposal"),
        "ResponsibleUser": d.owner, "DateCreated": cell(d.created, _US_TIME), "DateUpdated": cell(d.updated, _US_TIME),
        "LeadSource": d.source, "Employees": d.employees,
    }  # fmt: skip


def _vtiger(d: Deal) -> Row:
    return {
        "Opportunity Number": f"POT{d.n + 1}", "Opportunity Name": f"O {d.n}", "Organization Name": d.firm,
        "Amount": f"{d.amount}.00", "Expected Close Date": cell(d.planned, "%d-%m-%Y"), "Type": "New Business",
        "Lead Source": d.source, "Sales Stage": d.said("Closed Won", "Closed Lost", "Prospecting", "Qualification"),
        "Assigned To": d.owner, "Probability": d.said("100.000", "0.000", "40.000"),
        "Created Time": cell(d.created, "%d-%m-%Y %H:%M"), "Modified Time": cell(d.updated, "%d-%m-%Y %H:%M"),
        "Employees": d.employees,
    }  # fmt: skip


def _nutshell(d: Deal) -> Row:
    return {
        "Lead ID": f"Lead-{1_000 + d.n}", "Lead name": f"L {d.n}",
        "Status": d.said("Won", d.draw.choice(("Lost", "Cancelled")), "Open", "Pending"), "Value": f"€{d.amount:,}",
        "Created": cell(d.created, "%b %d, %Y"), "Closed": cell(d.closed, "%b %d, %Y"), "Confidence": d.said("100%", "0%", "50%"),
        "Sources": d.source, "Assignee": d.owner, "Products": "Press", "Employees": d.employees,
    }  # fmt: skip


def _active_campaign(d: Deal) -> Row:
    return {
        "Deal ID": 40 + 3 * d.n, "Deal Title": f"D {d.n}", "Deal Value": f"{d.amount}.00", "Deal Currency": "EUR",
        "Deal Pipeline": "Sales", "Deal Stage": d.draw.choice(("To Contact", "In Contact", "Follow Up")),
        "Deal Status": d.said("Won", "Lost", "Open"), "Deal Owner": d.owner, "Deal Created Date": cell(d.created),
        "Deal Last Updated": cell(d.updated), "Deal Forecasted Close Date": "", "Deal Win Probability": d.said("100", "0", "60"),
        "Contact Email": d.mail, "Account": d.firm, "Source": d.source, "Employees": d.employees,
    }  # fmt: skip


def _bitrix(d: Deal) -> Row:
    return {
        "ID": 100 + d.n, "Pipeline": "General", "Stage": d.said("Deal won", "Deal lost", "In progress"),
        "Deal Name": f"Deal #{d.n}", "Type": "Sale", "Source": d.source, "Responsible": d.owner, "Created": cell(d.created),
        "Modified": cell(d.updated), "Start date": cell(d.created, "%Y-%m-%d"), "End date": cell(d.planned, "%Y-%m-%d"),
        "Closed deal": "yes" if d.closed else "no", "Amount": d.amount, "Currency": "EUR", "Employees": d.employees,
    }  # fmt: skip


def _salesforce(d: Deal) -> Row:
    return {
        "Opportunity Owner": d.owner, "Account Name": d.firm, "Opportunity Name": f"{d.firm} - offer",
        "Stage": d.said("Closed Won", "Closed Lost", "Prospecting", "Negotiation/Review"), "Fiscal Period": f"Q{(d.planned.month + 2) // 3}-{d.planned.year}",
        "Amount": d.amount, "Expected Revenue": d.said(d.amount, 0, d.amount // 2), "Probability (%)": d.said(100, 0, 50),
        "Age": ((d.closed or d.updated) - d.created).days, "Close Date": cell(d.planned, "%-m/%-d/%Y"),
        "Created Date": cell(d.created, "%-m/%-d/%Y"), "Next Step": "", "Lead Source": d.source, "Type": "New Business",
        "Employees": d.employees,
    }  # fmt: skip


def _dynamics(d: Deal) -> Row:
    return {
        "(Do Not Modify) Lead": f"{d.n:08x}-3a5b-ef11-a4e5-000d3a{d.n:06x}",
        "(Do Not Modify) Row Checksum": f"{d.draw.getrandbits(200):050x}==",
        "(Do Not Modify) Modified On": cell(d.updated, "%-m/%-d/%Y %-I:%M:%S %p"), "Name": f"Kim Lee{d.n}", "Topic": "Offer",
        "Status Reason": d.said("Qualified", d.draw.choice(("Lost", "No Longer Interested", "Canceled")), "New", "Contacted"),
        "Created On": cell(d.created, "%-m/%-d/%Y %-I:%M:%S %p"), "Status": d.said("Qualified", "Disqualified", "Open"),
        "Lead Source": d.source, "Budget Amount": money(d.amount, ","), "No. of Employees": f"{d.employees:,}",
        "Owner": d.owner, "Email": d.mail,
    }  # fmt: skip


def _dynamics_opportunity(d: Deal) -> Row:
    return {
        "(Do Not Modify) Opportunity": f"{d.n:08x}-77aa-ee11-be37-000d3a{d.n:06x}",
        "(Do Not Modify) Row Checksum": f"{d.draw.getrandbits(200):050x}==",
        "(Do Not Modify) Modified On": cell(d.updated, "%d/%m/%Y %H:%M"), "Topic": "Offer", "Potential Customer": d.firm,
        "Est. Close Date": cell(d.planned, "%d/%m/%Y"), "Est. Revenue": f"£{money(d.amount, ',')}", "Contact": f"Kim Lee{d.n}",
        "Probability": d.said("100", "0", "50"), "Rating": d.draw.choice(("Hot", "Warm", "Cold")),
        "Status": d.said("Won", "Lost", "Open"), "Status Reason": d.said("Won", d.draw.choice(("Out-Sold", "Canceled")), "In Progress", "On Hold"),
        "Actual Close Date": cell(d.closed, "%d/%m/%Y"), "Actual Revenue": d.said(f"£{money(d.amount, ',')}", "£0.00", ""),
        "Created On": cell(d.created, "%d/%m/%Y %H:%M"), "Source": d.source, "Employees": d.employees,
    }  # fmt: skip


def _hubspot(d: Deal) -> Row:
    form = "%Y-%m-%d %H:%M"
    return {
        "Record ID": 17_000_000_000 + 37 * d.n, "Deal Name": f"{d.firm} - offer", "Deal Stage": d.said("Closed Won", "Closed Lost", "Appointment Scheduled", "Contract Sent"),
        "Close Date": cell(d.planned, form), "Deal owner": d.owner, "Amount": d.amount, "Pipeline": "Sales Pipeline", "Create Date": cell(d.created, form),
        "Last Activity Date": cell(d.updated, form), "Closed Lost Reason": d.said("", "Price", ""), "Deal probability": d.said("1", "0", "0.4"),
        "Weighted amount": d.said(d.amount, 0, d.amount * 0.4), "Number of Sales Activities": d.draw.randrange(9), "Is Deal Closed?": "true" if d.closed else "false",
        "Original Traffic Source": d.source, "Number of Employees": d.employees,
    }  # fmt: skip


def _pipedrive(d: Deal) -> Row:
    won, lost = (d.closed if d.outcome == one else None for one in ("won", "lost"))
    return {
        "Deal - ID": 40 + d.n, "Deal - Title": f"{d.firm} deal", "Deal - Organization": d.firm, "Deal - Contact person": f"Kim Lee{d.n}", "Deal - Value": d.amount,
        "Deal - Currency of Value": "EUR", "Deal - Stage": d.draw.choice(("Qualified", "Proposal Made", "Negotiations Started")), "Deal - Status": d.said("Won", "Lost", "Open"),
        "Deal - Owner": d.owner, "Deal - Probability": "", "Deal - Deal created": cell(d.created), "Deal - Update time": cell(d.updated),
        "Deal - Last stage change": cell(d.closed or d.created), "Deal - Won time": cell(won), "Deal - Lost time": cell(lost), "Deal - Deal closed on": cell(d.closed),
        "Deal - Lost reason": d.said("", "Price", ""), "Deal - Done activities": d.draw.randrange(9), "Deal - Source": d.source, "Deal - Employees": d.employees,
    }  # fmt: skip


_FOOTER = '\r\n\r\n"Opportunities by stage"\r\n"Copyright (c) 2000-2025 salesforce.com, inc. All rights reserved."\r\n"Confidential Information - Do Not Distribute"\r\n"Generated By:  Ann Lee  6/2/2025 9:14 AM"\r\n"Firm Ltd"\r\n'
PROGRAMS: tuple[Program, ...] = (
    exported("Zendesk Sell export", _sell),
    exported("Copper export", _copper),
    exported("Insightly export", _insightly),
    exported("Vtiger export", _vtiger),
    exported("Nutshell export", _nutshell),
    exported("ActiveCampaign export", _active_campaign),
    exported("Bitrix24 export", _bitrix, delimiter=";"),
    exported("Salesforce report", _salesforce, encoding="cp1252", around=("", _FOOTER)),
    exported("Dynamics 365 leads export", _dynamics, encoding="utf-8-sig"),
    exported("HubSpot deals export", _hubspot),
    exported("Pipedrive deals export", _pipedrive),
    exported("Dynamics 365 opportunities export", _dynamics_opportunity, encoding="utf-8-sig"),
)  # fmt: skip
