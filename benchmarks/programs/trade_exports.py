"""What programs of trades, shops and newsletters export: quotes, estimates, contacts."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported

_US = "%m/%d/%Y"


def _service_titan(d: Deal) -> Row:
    won, lost = (d.closed if d.outcome == one else None for one in ("won", "lost"))
    return {
        "Estimate ID": 120_000 + 17 * d.n, "Job Number": 90_000 + d.n, "Customer Name": f"Kim Lee{d.n}", "Estimate Name": "AC", "Estimate Status": d.said("Sold", "Dismissed", "Open"),
        "Creation Date": cell(d.created, _US), "Sold On": cell(won, _US), "Dismissed On": cell(lost, _US), "Subtotal": f"${d.amount:,}.00",
        "Sold By": d.said(d.owner, "", ""), "Technician": d.owner, "Campaign": d.source, "Employees": d.employees,
    }  # fmt: skip


def _jobber(d: Deal) -> Row:
    won, lost = (d.closed if d.outcome == one else None for one in ("won", "lost"))
    form = "%b %d, %Y"
    return {
        "Quote #": d.n + 1, "Client name": f"Kim Lee{d.n}", "Client email": d.mail, "Title": "Offer",
        "Status": d.said(d.draw.choice(("Approved", "Converted")), "Archived", "Awaiting response", "Draft"), "Drafted date": cell(d.created, form),
        "Sent date": cell(d.created, form), "Approved date": cell(won, form), "Converted date": cell(won, form), "Archived date": cell(lost, form),
        "Subtotal ($)": f"{d.amount}.00", "Total ($)": f"{d.amount * 1.1:.2f}", "Lead source": d.source, "Salesperson": d.owner, "Employees": d.employees,
    }  # fmt: skip


def _housecall(d: Deal) -> Row:
    return {
        "Estimate #": 2_000 + d.n, "Customer": f"Kim Lee{d.n}", "Created date": cell(d.created, _US), "Outcome": d.said("Won", "Lost", "Open"), "Amount": f"${d.amount:,}.00",
        "Lead source": d.source, "Estimated by": d.owner, "Employees": d.employees,
    }  # fmt: skip


def _woo(d: Deal) -> Row:
    return {
        "Quote": f"#{4_000 + d.n}", "Date": cell(d.created, "%Y-%m-%d %H:%M:%S"), "Status": d.said("Accepted", "Rejected", "Pending", "New"), "Billing Company": d.firm,
        "Billing Email": d.mail, "Total": f"{d.amount}.00", "Source": d.source, "Company size": d.employees,
    }  # fmt: skip


def _stripe(d: Deal) -> Row:
    return {
        "id": f"qt_{d.n * 7919:024x}", "Number": f"QT-{d.n:05d}", "Created (UTC)": cell(d.created, "%Y-%m-%d %H:%M"), "Status": d.said("accepted", "canceled", "open", "draft"),
        "Amount Total": f"{d.amount}.00", "Currency": "eur", "Customer Email": d.mail, "Expires At (UTC)": cell(d.planned, "%Y-%m-%d %H:%M"),
        "source (metadata)": d.source, "employees (metadata)": d.employees,
    }  # fmt: skip


def _mailchimp(d: Deal) -> Row:
    return {
        "Email Address": d.mail, "First Name": "Kim", "Last Name": f"Lee{d.n}", "Company": d.firm, "Employees": d.employees, "How found": d.source,
        "CRM outcome": d.said("Won", "Lost", ""), "MEMBER_RATING": d.draw.randrange(1, 6), "OPTIN_TIME": cell(d.created), "OPTIN_IP": "", "CONFIRM_TIME": cell(d.created),
        "CONFIRM_IP": "", "LATITUDE": "", "LONGITUDE": "", "TIMEZONE": "", "CC": "de", "REGION": "", "LAST_CHANGED": cell(d.updated), "LEID": 77_000 + 3 * d.n,
        "EUID": f"{d.n * 7919:010x}", "NOTES": "", "TAGS": "",
    }  # fmt: skip


def _brevo(d: Deal) -> Row:
    return {
        "CONTACT ID": 30 + d.n, "EMAIL": d.mail, "LASTNAME": f"Lee{d.n}", "FIRSTNAME": "Kim", "SMS": "", "ADDED_TIME": cell(d.created, "%d-%m-%Y %H:%M:%S"),
        "MODIFIED_TIME": cell(d.updated, "%d-%m-%Y %H:%M:%S"), "MITARBEITER": d.employees, "QUELLE": d.source, "STATUS": d.said("Kunde", "Absage", "Interessent"),
    }  # fmt: skip


def _follow_up_boss(d: Deal) -> Row:
    return {
        "Deal ID": 10 + d.n, "Deal Name": f"{d.n} Main St", "Pipeline": "Buyers", "Stage": d.said("Closed Won", "Closed Lost", "Offer", "Pending"), "Price": f"${d.amount:,}",
        "Created At": cell(d.created, "%Y-%m-%d %H:%M:%S"), "Projected Close Date": cell(d.planned, "%Y-%m-%d"), "Close Date": cell(d.closed, "%Y-%m-%d"),
        "Lead Source": d.source, "Agent": d.owner, "Employees": d.employees,
    }  # fmt: skip


def _attio(d: Deal) -> Row:
    return {
        "Record ID": f"{d.n * 7919:08x}-1111-4a4a-9b9b-{d.n:012x}", "Deal name": f"Deal {d.n}", "Deal stage": d.said("Won 🎉", "Lost", "Lead", "In Progress"), "Deal owner": d.owner,
        "Deal value": d.amount, "Associated company": d.firm, "Created at": cell(d.created, "%Y-%m-%dT%H:%M:%S.000000000Z"), "Source": d.source, "Employees": d.employees,
    }  # fmt: skip


def _zoho(d: Deal) -> Row:
    return {
        "Record Id": f"zcrm_4876876000000{600_000 + 7 * d.n}", "Deal Owner.id": f"zcrm_{len(d.owner)}", "Deal Owner": d.owner, "Amount": d.amount, "Deal Name": f"Deal {d.n}",
        "Closing Date": cell(d.planned, "%Y-%m-%d"), "Account Name": d.firm, "Stage": d.said("Closed Won", d.draw.choice(("Closed Lost", "Closed Lost to Competition")), "Qualification", "Proposal/Price Quote"),
        "Type": "New Business", "Probability (%)": d.said(100, 0, 40), "Expected Revenue": d.said(d.amount, 0, d.amount * 0.4), "Lead Source": d.source,
        "Created Time": cell(d.created), "Modified Time": cell(d.updated), "Last Activity Time": cell(d.updated), "Reason For Loss": d.said("", "Price", ""), "Employees": d.employees,
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    exported("ServiceTitan estimates", _service_titan),
    exported("Jobber quotes", _jobber, newest_first=True),
    exported("Housecall Pro estimates", _housecall),
    exported("WooCommerce quotes", _woo, newest_first=True),
    exported("Stripe quotes", _stripe, newest_first=True),
    exported("Mailchimp contacts with an outcome", _mailchimp, without=["amount"]),
    exported("Brevo contacts with an outcome", _brevo, delimiter=";", without=["amount"]),
    exported("Follow Up Boss deals", _follow_up_boss),
    exported("Attio export", _attio),
    exported("Zoho CRM deals export", _zoho),
)  # fmt: skip
