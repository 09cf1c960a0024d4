"""Answers to contact forms: the questions are the names of the columns."""

from __future__ import annotations

from benchmarks.desks.made import Ticket
from benchmarks.desks.writing import Desk, Row, answered, cell, exported, zulu


def _microsoft(t: Ticket) -> Row:
    return {
        "ID": t.n + 1, "Start time": cell(t.at, "%m/%d/%y %H:%M:%S"), "Completion time": cell(t.at, "%m/%d/%y %H:%M:%S"), "Email": "anonymous", "Name": "",
        "What is it about?": t.label, "How can we help you?": t.text,
    }  # fmt: skip


def _google(t: Ticket) -> Row:
    return {
        "Timestamp": cell(t.at, "%m/%d/%Y %-H:%M:%S"), "Email Address": t.mail, "Your name": t.name, "What is your request about?": t.label, "Please describe your problem": t.text,
    }  # fmt: skip


def _google_german(t: Ticket) -> Row:
    return {
        "Zeitstempel": cell(t.at, "%d.%m.%Y %H:%M:%S"), "E-Mail-Adresse": t.mail, "Ihr Name": t.name, "Worum geht es?": t.label, "Wie können wir helfen?": t.text,
    }  # fmt: skip


def _jotform(t: Ticket) -> Row:
    return {
        "Submission Date": cell(t.at, "%b %-d, %Y"), "Name": t.name, "E-mail": t.mail, "Department": t.label, "Your message": t.text, "Submission IP": "192.0.2.1",
        "Submission URL": "https://form.example", "Submission ID": f"5{t.n:018}",
    }  # fmt: skip


def _jotform_answer(t: Ticket) -> Row:
    return {
        "id": f"5{t.n:018}", "form_id": "2", "ip": "192.0.2.1", "created_at": cell(t.at), "status": "ACTIVE", "new": "0", "flag": "0", "updated_at": None,
        "answers": {"3": {"name": "email", "order": "1", "text": "E-mail", "type": "control_email", "answer": t.mail},
                    "4": {"name": "department", "order": "2", "text": "Department", "type": "control_dropdown", "answer": t.label},
                    "5": {"name": "message", "order": "3", "text": "Your message", "type": "control_textarea", "answer": t.text},
                    "6": {"name": "submit", "order": "4", "text": "Submit", "type": "control_button"}},
    }  # fmt: skip


def _typeform(t: Ticket) -> Row:
    return {
        "#": f"{t.n:032x}", "What is your request about?": t.label, "Tell us what happened": t.text, "Your email": t.mail, "Response Type": "completed", "Start Date (UTC)": cell(t.at),
        "Stage Date (UTC)": "", "Submit Date (UTC)": cell(t.at), "Network ID": f"n{t.n}", "Tags": "", "Ending": "x",
    }  # fmt: skip


def _typeform_answer(t: Ticket) -> Row:
    def answer(ref: str, kind: str, value: object) -> Row:
        return {
            "field": {"id": ref, "type": "x", "ref": ref},
            "type": kind,
            "text" if kind == "text" else kind: value,
        }

    return {
        "landing_id": f"l{t.n}", "token": f"t{t.n}", "response_id": f"t{t.n}", "landed_at": zulu(t.at), "submitted_at": zulu(t.at), "metadata": {"user_agent": "x", "platform": "other"},
        "hidden": {}, "answers": [answer("topic", "choice", {"id": "c", "ref": "r", "label": t.label}), answer("message", "text", t.text), answer("email", "email", t.mail)],
    }  # fmt: skip


def _contact_form(t: Ticket) -> Row:
    """As a plugin of a web page writes it."""
    return {"your-name": t.name, "your-email": t.mail, "your-subject": t.label, "your-message": t.text, "submitted_from": "/contact", "submit_time": cell(t.at), "remote_ip": "192.0.2.1"}  # fmt: skip


def _gravity(t: Ticket) -> Row:
    return {
        "Name (First)": "Kim", "Name (Last)": f"Lee{t.n}", "Email": t.mail, "Reason for contact": t.label, "Message": t.text, "Created By (User Id)": "", "Entry Id": t.n + 1,
        "Entry Date": cell(t.at), "Date Updated": cell(t.closed), "Source Url": "https://shop.example/contact", "Transaction Id": "", "Payment Amount": "", "Payment Date": "",
        "Payment Status": "", "Post Id": "", "User Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "User IP": "192.0.2.1",
    }  # fmt: skip


PROGRAMS: tuple[Desk, ...] = (
    exported("Microsoft Forms answers", _microsoft, encoding="utf-8-sig", without=["subject", "sender"]),
    exported("Google Forms answers", _google, without=["subject"]),
    exported("Google Forms answers in German", _google_german, without=["subject"], language="de"),
    exported("Jotform submissions", _jotform, without=["subject"]),
    answered("Jotform submissions by API", _jotform_answer, lambda rows: {"responseCode": 200, "message": "success", "content": rows, "resultSet": {"offset": 0, "limit": 20}}, without=["subject"]),
    exported("Typeform responses", _typeform, without=["subject"]),
    answered("Typeform responses by API", _typeform_answer, lambda rows: {"total_items": len(rows), "page_count": 1, "items": rows}, without=["subject"]),
    exported("Contact form of a web page", _contact_form, without=["subject"]),
    exported("Gravity Forms entries", _gravity, without=["subject"]),
)  # fmt: skip
