"""What forms, adverts and calendars export, with a column beside it in which somebody noted what became of whom."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported

_SIZES = {3: "1-10", 8: "1-10", 20: "11-50", 50: "11-50", 150: "51-200"}


def _meta(d: Deal) -> Row:
    return {
        "id": f"l:{10**15 + 7 * d.n}", "created_time": cell(d.created, "%Y-%m-%dT%H:%M:%S+01:00"), "ad_id": f"ag:{len(d.owner)}",
        "ad_name": f"Ad {d.source}", "adset_id": "as:1", "adset_name": "Set 1", "campaign_id": "c:5",
        "campaign_name": f"Kampagne {d.source}", "form_id": "f:9", "form_name": "Formular", "is_organic": "false",
        "platform": d.draw.choice(("fb", "ig")), "wie_viele_mitarbeiter_haben_sie?": d.employees, "was_suchen_sie?": d.source,
        "full_name": f"Max M{d.n}", "email": d.mail, "phone_number": f"p:+4917012345{d.n:03d}",
        "lead_status": d.draw.choice(("CREATED", "complete")), "Ergebnis": d.said("Kunde", "kein Interesse", "", "offen"),
    }  # fmt: skip


def _linkedin(d: Deal) -> Row:
    return {
        "Created At": cell(d.created, "%m/%d/%Y %H:%M:%S"), "Form Name": "F", "Campaign Name": f"Camp {d.source}",
        "Campaign ID": "urn:li:sponsoredCampaign:1", "Lead type": "Sponsored", "Test Lead": "FALSE", "First name": "A",
        "Last name": f"B{d.n}", "Email": d.mail, "Company name": d.firm, "Job title": d.draw.choice(("CEO", "Head of IT", "Buyer")),
        "Seniority": d.draw.choice(("Senior", "Director", "Entry")), "Company size": _SIZES[d.employees],
        "Industry": "Machinery", "Outcome": d.said("Customer", "No interest", ""),
    }  # fmt: skip


def _typeform(d: Deal) -> Row:
    return {
        "#": f"{d.draw.getrandbits(100):025x}", "How many people work at your firm?": d.employees,
        "Where did you hear of us?": d.source, "Budget": d.amount, "Email": d.mail, "Response Type": "completed",
        "Start Date (UTC)": cell(d.created - timedelta(seconds=200)), "Stage Date (UTC)": "",
        "Submit Date (UTC)": cell(d.created), "Network ID": f"{d.draw.getrandbits(40):x}", "Tags": "", "Ending": "Thanks",
        "Won?": d.said("yes", "no", ""),
    }  # fmt: skip


def _calendly(d: Deal) -> Row:
    form = "%Y-%m-%d %I:%M %p"
    return {
        "Team": "Sales", "Start Date & Time": cell(d.created + timedelta(days=3), form), "Invitee Name": "Q W",
        "Invitee Email": d.mail, "Event Type Name": "Intro 30", "Event Created Date & Time": cell(d.created, form),
        "Canceled": "false", "Marked as No-Show": d.draw.choice(("Yes", "No")), "Question 1": "Employees",
        "Response 1": d.employees, "Question 2": "Source", "Response 2": d.source, "UTM Source": d.source.lower(),
        "Booked": d.said("Won", "Lost", ""),
    }  # fmt: skip


def _gravity(d: Deal) -> Row:
    return {
        "Entry Id": 300 + 2 * d.n, "Entry Date": cell(d.created), "Date Updated": cell(d.updated),
        "Source Url": "https://shop.example/?utm_source=" + d.source.lower().replace(" ", "+"), "User Agent": "Mozilla/5.0",
        "User IP": "1.2.3.4", "Your firm's size": d.employees, "Interest": d.source, "E-Mail": d.mail,
        "Created By (User Id)": "", "Transaction Id": "", "Payment Amount": "", "Payment Date": "", "Payment Status": "",
        "Post Id": "", "Verkauft": d.said("ja", "nein", ""),
    }  # fmt: skip


def _google_german(d: Deal) -> Row:
    return {
        "Zeitstempel": cell(d.created, "%d.%m.%Y %H:%M:%S"), "E-Mail-Adresse": d.mail, "Wie heißt Ihre Firma?": d.firm,
        "Wie viele Mitarbeiter haben Sie?": d.employees, "Wie haben Sie von uns erfahren?": d.source,
        "Wie hoch ist Ihr Budget (in Euro)?": d.amount, "Was dürfen wir für Sie tun?": d.draw.choice(("Angebot", "Rückruf")),
        "Auftrag?": d.said("ja", "nein", ""),
    }  # fmt: skip


def _google(d: Deal) -> Row:
    return {
        "Timestamp": cell(d.created, "%-m/%-d/%Y %-H:%M:%S"), "Email Address": d.mail, "Company": d.firm,
        "How many employees do you have?": d.employees, "How did you hear about us?": d.source,
        "What is your budget?": f"${d.amount:,}", "Became a customer?": d.said("Yes", "No", ""),
    }  # fmt: skip


def _microsoft_german(d: Deal) -> Row:
    return {
        "ID": d.n + 1, "Startzeit": cell(d.created - timedelta(minutes=4), "%d.%m.%Y %H:%M:%S"),
        "Fertigstellungszeit": cell(d.created, "%d.%m.%Y %H:%M:%S"), "E-Mail": "anonymous", "Name": "",
        "Wie viele Personen arbeiten bei Ihnen?": d.employees, "Woher kennen Sie uns?": d.source, "Budget in €": d.amount,
        "Status": d.said("Auftrag", "Absage", "in Klärung"),
    }  # fmt: skip


def _microsoft(d: Deal) -> Row:
    return {
        "Id": d.n + 1, "Start time": cell(d.created - timedelta(minutes=4), "%-m/%-d/%y %-H:%M:%S"),
        "Completion time": cell(d.created, "%-m/%-d/%y %-H:%M:%S"), "Email": "anonymous", "Name": "",
        "How many people work at your company?": d.employees, "How did you find us?": d.source, "Budget": d.amount,
        "Outcome": d.said("Won", "Lost", ""),
    }  # fmt: skip


def _jotform(d: Deal) -> Row:
    return {
        "Submission Date": cell(d.created, "%b %-d, %Y %-I:%M %p"), "First Name": "Kim", "Last Name": f"Lee{d.n}", "E-mail": d.mail,
        "Number of employees": d.employees, "How did you hear about us?": d.source, "Estimated budget": d.amount,
        "IP": f"10.1.{d.n // 200}.{d.n % 200}", "Submission ID": 5_700_000_000_000_000_000 + 991 * d.n,
        "Result": d.said("Sold", "Not sold", ""),
    }  # fmt: skip


def _wix(d: Deal) -> Row:
    return {
        "Submission time": cell(d.created, "%Y-%m-%dT%H:%M:%S.000Z"), "First name": "Kim", "Last name": f"Lee{d.n}",
        "Email": d.mail, "Company size": d.employees, "Where did you find us": d.source, "Budget": d.amount,
        "Status": d.said("Won", "Lost", "New", "In contact"),
    }  # fmt: skip


def _squarespace(d: Deal) -> Row:
    return {
        "Submitted On": cell(d.created, "%m/%d/%Y %H:%M:%S"), "Name": f"Kim Lee{d.n}", "Email": d.mail, "Company Size": d.employees,
        "How did you hear about us?": d.source, "Budget": f"${d.amount:,}.00", "Became client": d.said("yes", "no", ""),
    }  # fmt: skip


def _wpforms(d: Deal) -> Row:
    return {
        "Name": f"Kim Lee{d.n}", "E-Mail": d.mail, "Mitarbeiterzahl": d.employees, "Wie sind Sie auf uns aufmerksam geworden?": d.source,
        "Budget": d.amount, "Entry Date": cell(d.created, "%B %-d, %Y %-I:%M %p"), "Date GMT Updated": cell(d.updated), "Entry ID": 900 + d.n,
        "Viewed": "Viewed", "Starred": d.draw.choice(("", "Starred")), "IP-Adresse": "", "Ergebnis": d.said("gewonnen", "verloren", ""),
    }  # fmt: skip


def _elementor(d: Deal) -> Row:
    return {
        "Form Name (ID)": "Kontakt (a1b2)", "Submission ID": 70 + d.n, "Created At": cell(d.created), "User ID": "",
        "User Agent": "Mozilla/5.0", "User IP": "", "Referrer": "https://firma.example/kontakt", "Name": f"Kim Lee{d.n}", "Email": d.mail,
        "Mitarbeiter": d.employees, "Quelle": d.source, "Auftrag erteilt": d.said("Ja", "Nein", ""),
    }  # fmt: skip


def _flamingo(d: Deal) -> Row:
    return {
        "your-name": f"Kim Lee{d.n}", "your-email": d.mail, "your-subject": "Devis", "effectif": d.employees, "origine": d.source,
        "Date": cell(d.created, "%Y/%m/%d %H:%M:%S"), "Résultat": d.said("signé", "refusé", ""),
    }  # fmt: skip


def _hubspot_form(d: Deal) -> Row:
    return {
        "Conversion Date": cell(d.created, "%Y-%m-%d %H:%M"), "Conversion Page": "https://firm.example/offer", "Conversion Title": "Offer",
        "First Name": "Kim", "Last Name": f"Lee{d.n}", "Email": d.mail, "Number of Employees": d.employees, "Source": d.source,
        "Budget": d.amount, "Outcome": d.said("won", "lost", ""),
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    exported("Meta lead ads", _meta, delimiter="\t", encoding="utf-16", without=["amount"]),
    exported("LinkedIn lead forms", _linkedin, without=["amount", "employees"]),
    exported("Typeform responses", _typeform),
    exported("Calendly events", _calendly, without=["amount"]),
    exported("Gravity Forms entries", _gravity, without=["amount"]),
    exported("Google Forms responses in German", _google_german),
    exported("Google Forms responses", _google),
    exported("Microsoft Forms responses in German", _microsoft_german, delimiter=";", encoding="utf-8-sig"),
    exported("Microsoft Forms responses", _microsoft, encoding="utf-8-sig"),
    exported("Jotform submissions", _jotform, newest_first=True),
    exported("Wix form submissions", _wix, newest_first=True),
    exported("Squarespace form submissions", _squarespace),
    exported("WPForms entries", _wpforms, newest_first=True),
    exported("Elementor submissions", _elementor, newest_first=True, without=["amount"]),
    exported("Contact Form 7 messages in Flamingo", _flamingo, without=["amount"]),
    exported("HubSpot form submissions", _hubspot_form),
)  # fmt: skip
