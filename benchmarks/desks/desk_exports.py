"""What help desks export as a table, in English."""

from __future__ import annotations

from benchmarks.desks.made import Ticket
from benchmarks.desks.writing import Desk, Row, cell, exported

_MINUTE = "%Y-%m-%d %H:%M"


def _freshdesk(t: Ticket) -> Row:
    return {
        "Ticket ID": t.n + 1, "Subject": t.subject, "Description": t.text, "Status": "Closed", "Priority": t.priority, "Source": "Email", "Type": t.label, "Agent": t.agent,
        "Group": "Support", "Created time": cell(t.at), "Due by Time": cell(t.closed), "Resolved time": cell(t.closed), "Closed time": "", "Last update time": cell(t.closed),
        "Initial response time": "", "Time tracked": "00:00", "First response time (in hrs)": "01:20:00", "Resolution time (in hrs)": "05:10:00", "Agent interactions": 1,
        "Customer interactions": 1, "Resolution status": "Within SLA", "First response status": "Within SLA", "Tags": "", "Survey results": "", "Association type": "",
        "Internal Group": "", "Every response status": "", "Full name": t.name, "Title": "", "Email": t.mail, "Work phone": "", "Company Name": "Firm", "Contact ID": 80 + t.n,
    }  # fmt: skip


def _zendesk_view(t: Ticket) -> Row:
    """Of the customer's words a view has the subject alone."""
    return {
        "ID": t.n + 10, "Subject": t.line, "Requester": t.name, "Requester email": t.mail, "Requested": cell(t.at, _MINUTE), "Type": "Question", "Topic": t.label,
        "Priority": t.priority, "Status": "Closed", "Assignee": t.agent, "Group": "Support", "Updated": cell(t.closed, _MINUTE), "Satisfaction": "Unoffered",
    }  # fmt: skip


def _zendesk_explore(t: Ticket) -> Row:
    return {
        "Ticket ID": t.n + 10, "Ticket subject": t.subject, "Ticket description": t.text, "Ticket created - Date": cell(t.at, "%Y-%m-%d"), "Ticket solved - Date": cell(t.closed, "%Y-%m-%d"),
        "Ticket status": "Closed", "Ticket channel": "Email", "Ticket group": "Support", "Ticket tags": t.label.lower(), "Assignee name": t.agent, "Assignee email": t.agent_mail,
        "Requester name": t.name, "Requester email": t.mail, "Replies": 1,
    }  # fmt: skip


def _zoho(t: Ticket) -> Row:
    return {
        "Ticket Id": f"4500000{t.n:06}", "Ticket Reference Id": t.n, "Department": "Support", "Contact Name": t.name, "Email": t.mail, "Subject": t.subject, "Description": t.page,
        "Status": "Closed", "Ticket Owner": t.agent, "Created By": "zoho", "Created Time": cell(t.at, "%d %b %Y %I:%M %p"), "Priority": "None", "Channel": "Email", "Category": t.label,
        "Sub Category": "", "Classification": "None", "Resolution": t.answer, "Ticket Closed Time": cell(t.closed, "%d %b %Y %I:%M %p"), "Is Overdue": "false", "Is Escalated": "false",
    }  # fmt: skip


def _front_asked(t: Ticket) -> Row:
    return _front(t, "Inbound", t.text)


def _front(t: Ticket, direction: str, text: str) -> Row:
    inbound = direction == "Inbound"
    return {
        "Message ID": f"msg_{t.n}{direction}", "Conversation ID": f"cnv_{t.n}", "Segment": 1, "Direction": direction, "Status": "Archived", "Inbox": "Support",
        "Message date (UTC)": cell(t.at if inbound else t.closed), "Reply date": "", "Reaction time": "", "Resolution time": "", "Response time": "", "Assignee": t.agent,
        "Author": "" if inbound else t.agent_mail, "Contact name": t.name, "Contact handle": t.mail, "To": "help@shop.example" if inbound else t.mail, "Cc": "", "Bcc": "",
        "Extract": text, "Subject": t.subject, "Tags": t.label, "Account name": "",
    }  # fmt: skip


def _help_scout(t: Ticket) -> Row:
    return {
        "Number": t.n + 1, "Customer Name": t.name, "Customer Email": t.mail, "Subject": t.subject, "Body": t.text, "Status": "Closed", "Assigned To": t.agent, "Tags": t.label.lower(),
        "Created At": cell(t.at), "Closed At": cell(t.closed), "First Response Time": 90, "Happiness": "", "Mailbox": "Support",
    }  # fmt: skip


def _intercom(t: Ticket) -> Row:
    return {
        "Conversation ID": 10_000 + t.n, "Conversation created at (UTC)": cell(t.at), "Conversation first closed at (UTC)": cell(t.closed), "User name": t.name, "User email": t.mail,
        "Channel": "Email", "Conversation tags": t.label, "Teammate assigned": t.agent, "First user message": t.text, "Last teammate reply": t.answer, "Conversation state": "closed",
    }  # fmt: skip


def _gorgias(t: Ticket) -> Row:
    return {
        "Ticket id": t.n, "Ticket subject": t.subject, "Created date": cell(t.at), "Closed date": cell(t.closed), "Channel": "email", "Tags": t.label, "Assignee name": t.agent,
        "Assignee email": t.agent_mail, "Customer email": t.mail, "Customer name": t.name, "Customer message": t.text, "Agent message": t.answer, "Survey score": "",
    }  # fmt: skip


def _live_agent(t: Ticket) -> Row:
    return {
        "Ticket code": f"ABC-{t.n:05}", "Status": "Resolved", "Subject": t.subject, "Preview": t.text, "Department": "General", "Agent": t.agent, "Requester": f"{t.name} <{t.mail}>",
        "Tags": t.label, "Date created": cell(t.at), "Date resolved": cell(t.closed), "Date changed": cell(t.closed), "Source": "E-mail",
    }  # fmt: skip


def _happy_fox(t: Ticket) -> Row:
    return {
        "Ticket ID": f"#HF{t.n:08}", "Subject": t.subject, "Message": t.text, "Category": t.label, "Status": "Closed", "Priority": t.priority, "Assignee": t.agent, "Contact Name": t.name,
        "Contact Email": t.mail, "Created": cell(t.at, "%m/%d/%Y %I:%M %p"), "Last Modified": cell(t.closed, "%m/%d/%Y %I:%M %p"), "Time Spent": "0:10", "Last Reply": t.answer,
    }  # fmt: skip


def _hiver(t: Ticket) -> Row:
    return {
        "Conversation ID": t.n + 1, "Shared Mailbox": "help@shop.example", "Subject": t.subject, "From": t.mail, "Body": t.text, "Assignee": t.agent_mail, "Status": "Closed",
        "Tags": t.label, "Created At": cell(t.at, "%d/%m/%Y %H:%M"), "Closed At": cell(t.closed, "%d/%m/%Y %H:%M"), "First Response Time": "01:10:00",
    }  # fmt: skip


def _tidio(t: Ticket) -> Row:
    return {
        "ticket_id": t.n + 1, "created_at": cell(t.at), "contact_name": t.name, "contact_email": t.mail, "subject": t.subject, "first_message": t.text, "department": t.label,
        "operator": t.agent, "operator_email": t.agent_mail, "status": "solved", "last_message": t.answer, "solved_at": cell(t.closed),
    }  # fmt: skip


def _groove(t: Ticket) -> Row:
    return {
        "Number": t.n + 1, "State": "closed", "Title": t.subject, "Customer": t.mail, "Assignee": t.agent_mail, "Labels": t.label, "Created": cell(t.at), "Updated": cell(t.closed),
        "First message": t.text, "Last reply": t.answer, "Replies": 1,
    }  # fmt: skip


def _crisp(t: Ticket) -> Row:
    return {
        "session_id": f"session_{t.n}", "nickname": t.name, "email": t.mail, "subject": t.subject, "segments": t.label.lower(), "created_at": int(t.at.timestamp() * 1000),
        "updated_at": int(t.closed.timestamp() * 1000), "message": t.text, "state": "resolved",
    }  # fmt: skip


PROGRAMS: tuple[Desk, ...] = (
    exported("Freshdesk export", _freshdesk),
    exported("Zendesk view", _zendesk_view, without=["text", "subject"]),
    exported("Zendesk Explore", _zendesk_explore),
    exported("Zoho Desk export", _zoho),
    exported("Front export", _front_asked),
    exported("Help Scout export", _help_scout),
    exported("Intercom export", _intercom, without=["subject"]),
    exported("Gorgias export", _gorgias),
    exported("LiveAgent export", _live_agent),
    exported("HappyFox export", _happy_fox),
    exported("Hiver export", _hiver),
    exported("Tidio export", _tidio),
    exported("Groove export", _groove),
    exported("Crisp export", _crisp),
)  # fmt: skip
