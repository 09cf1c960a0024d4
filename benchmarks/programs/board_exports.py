"""What boards, databases without code and spreadsheets hold."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported


def _notion(d: Deal) -> Row:
    return {
        "Name": f"Deal {d.n}", "Status": d.said("Won", "Lost", "Negotiation", "Proposal"),
        "Created": cell(d.created, "%B %d, %Y %I:%M %p"), "Source": d.source, "Employees": d.employees,
        "Value": f"€{d.amount:,}.00", "Close date": cell(d.closed, "%B %d, %Y"), "Owner": d.owner,
        "Tags": d.draw.choice(("a, b", "b", "a")),
    }  # fmt: skip


def _airtable(d: Deal) -> Row:
    form = "%-m/%-d/%Y %I:%M%p"
    return {
        "Name": f"Deal {d.n}", "Status": d.said("✅ Won", "❌ Lost", "⏳ Open"), "Value": f"€{d.amount:,}.00",
        "Created": cell(d.created, form).lower(), "Last Modified": cell(d.updated, form).lower(), "Source": d.source,
        "Employees": d.employees, "Closed on": cell(d.closed, "%-m/%-d/%Y"), "Attachments": "",
    }  # fmt: skip


def _by_hand(d: Deal) -> Row:
    return {
        "Nr.": d.n + 1, "Anfrage vom": cell(d.created, "%-d.%-m.%y"), "Firma": d.firm, "woher": d.source, "MA": d.employees,
        "Angebotssumme": f"{d.amount:,}".replace(",", ".") + ",- €", "Status": d.said("Auftrag", "Absage", "offen"),
        "Bemerkung": d.draw.choice(("", "nochmal anrufen", "")), "": "",
    }  # fmt: skip


def _list_of_offers(d: Deal) -> Row:
    return {
        "Belegnr.": f"AN{24_000 + d.n}", "Belegdatum": cell(d.created, "%d.%m.%Y"), "Kundennr.": 10_000 + d.n, "Name": d.firm, "Straße": f"Hauptstraße {d.n % 40 + 1}", "Ort": "Köln",
        "Nettobetrag": f"{d.amount},00", "Herkunft": d.source, "Mitarbeiterzahl": d.employees, "Sachbearbeiter": d.owner,
        "Status": d.said("beauftragt", "abgelehnt", "offen"),
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    exported("Notion export", _notion, encoding="utf-8-sig"),
    exported("Airtable export", _airtable),
    exported("Spreadsheet kept by hand in German", _by_hand, delimiter=";", encoding="cp1252",
             around=("", ";;;;;;;;\r\n;;;;;;;;\r\n;;;;Summe;1.234.567,- €;;;\r\n")),
    exported("List of offers as DATEV writes it", _list_of_offers, delimiter=";", encoding="latin-1"),
)  # fmt: skip
