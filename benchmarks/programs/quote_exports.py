"""What programs for quotes and invoices export."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported, money

_DAY, _ISO = "%d.%m.%Y", "%Y-%m-%d"


def _billomat(d: Deal) -> Row:
    return {
        "Angebotsnummer": f"ANG{d.n + 1}", "Datum": cell(d.created, _DAY), "Kunde": d.firm, "Titel": "Angebot",
        "Status": d.said(d.draw.choice(("gewonnen", "abgerechnet")), "verloren", "offen", "Entwurf"), "Netto": f"{d.amount},00", "Währung": "EUR",
        "Herkunft": d.source, "Mitarbeiterzahl": d.employees,
    }  # fmt: skip


def _dolibarr(d: Deal) -> Row:
    return {
        "Réf.": f"PR24{d.n:04d}", "Tiers": d.firm, "Date de proposition": cell(d.created, "%d/%m/%Y"), "Date de fin de validité": cell(d.planned, "%d/%m/%Y"),
        "Montant HT": money(d.amount, " ", ","), "Auteur": d.owner,
        "État": d.said(d.draw.choice(("Signée (à facturer)", "Facturée")), "Non signée (fermée)", "Validée (proposition ouverte)", "Brouillon (à valider)"),
        "Origine": d.source, "Effectif": d.employees,
    }  # fmt: skip


def _dolibarr_english(d: Deal) -> Row:
    return {
        "Ref.": f"PR24{d.n:04d}", "Third party": d.firm, "Proposal date": cell(d.created, "%m/%d/%Y"), "Amount (excl. tax)": f"{d.amount:,}.00", "Author": d.owner,
        "Status": d.said(d.draw.choice(("Signed (needs billing)", "Billed")), "Not signed (closed)", "Validated (proposal is opened)", "Draft (needs to be validated)"),
        "Source": d.source, "Workforce": d.employees,
    }  # fmt: skip


def _odoo_orders(d: Deal) -> Row:
    return {
        "Order Reference": f"S{d.n:05d}", "Creation Date": cell(d.created), "Customer": d.firm, "Salesperson": d.owner, "Total": f"{d.amount}.0",
        "Status": d.said("Sales Order", "Cancelled", "Quotation", "Quotation Sent"), "Source": d.source, "Employees": d.employees,
    }  # fmt: skip


def _odoo_orders_german(d: Deal) -> Row:
    return {
        "Auftragsreferenz": f"S{d.n:05d}", "Erstellt am": cell(d.created), "Kunde": d.firm, "Vertriebsmitarbeiter": d.owner, "Gesamt": f"{d.amount}.0",
        "Status": d.said("Verkaufsauftrag", "Abgebrochen", "Angebot", "Angebot gesendet"), "Quelle": d.source, "Mitarbeiter": d.employees,
    }  # fmt: skip


def _erpnext(d: Deal) -> Row:
    return {
        "ID": f"SAL-QTN-2024-{d.n:05d}", "Quotation To": "Customer", "Party": d.firm, "Date": cell(d.created, _ISO), "Valid Till": cell(d.planned, _ISO),
        "Status": d.said(d.draw.choice(("Ordered", "Partially Ordered")), d.draw.choice(("Lost", "Cancelled")), "Open", "Draft", "Replied"),
        "Grand Total (Company Currency)": f"{d.amount}.0", "Source": d.source, "No of Employees": d.employees,
    }  # fmt: skip


def _xero(d: Deal) -> Row:
    return {
        "Quote Number": f"QU-{d.n:04d}", "Contact Name": d.firm, "Quote Date": cell(d.created, "%d/%m/%Y"), "Expiry Date": cell(d.planned, "%d/%m/%Y"), "Title": "Offer",
        "Status": d.said(d.draw.choice(("Accepted", "Invoiced")), "Declined", "Sent", "Draft"), "Subtotal": f"{d.amount}.00", "Reference": "",
        "Source": d.source, "Employees": d.employees,
    }  # fmt: skip


def _zoho_books(d: Deal) -> Row:
    return {
        "Estimate Date": cell(d.created, _ISO), "Estimate ID": 4_876_000_000_000 + 7 * d.n, "Estimate Number": f"EST-{d.n:06d}",
        "Estimate Status": d.said(d.draw.choice(("Accepted", "Invoiced")), "Declined", "Sent", "Draft"), "Customer Name": d.firm, "Expiry Date": cell(d.planned, _ISO),
        "SubTotal": f"{d.amount}.00", "Sales person": d.owner, "Lead source": d.source, "Employees": d.employees,
    }  # fmt: skip


def _proposify(d: Deal) -> Row:
    return {
        "Proposal": f"Offer {d.n}", "Company": d.firm, "Owner": d.owner, "Stage": d.said("Won", "Lost", "Sent", "Draft"), "Value": f"€{d.amount:,}.00",
        "Created": cell(d.created, "%b %-d, %Y"), "Views": d.draw.randrange(12), "Source": d.source, "Employees": d.employees,
    }  # fmt: skip


def _plancraft(d: Deal) -> Row:
    return {
        "Nr.": f"AN-{d.n + 1}", "Erstellt am": cell(d.created, _DAY), "Kunde": d.firm, "Projekt": "Bad", "Status": d.said("Angenommen", "Abgelehnt", "Versendet", "Entwurf"),
        "Betrag netto": f"{money(d.amount, '.', ',')} €", "Quelle": d.source, "Mitarbeiter": d.employees,
    }  # fmt: skip


def _orderable(d: Deal) -> Row:
    return {
        "Offertnummer": 1_000 + d.n, "Offertdatum": cell(d.created, _ISO), "Kund": d.firm, "Status": d.said("Accepterad", "Avböjd", "Skickad", "Utkast"), "Belopp": money(d.amount, " ", ","),
        "Källa": d.source, "Antal anställda": d.employees,
    }  # fmt: skip


def _dutch(d: Deal) -> Row:
    return {
        "Offertenummer": f"OF{24_000 + d.n}", "Offertedatum": cell(d.created, "%d-%m-%Y"), "Relatie": d.firm, "Status": d.said("Geaccepteerd", "Afgewezen", "Verzonden", "Concept"),
        "Bedrag excl. btw": f"€ {money(d.amount, '.', ',')}", "Herkomst": d.source, "Aantal medewerkers": d.employees,
    }  # fmt: skip


def _polish(d: Deal) -> Row:
    return {
        "Numer oferty": f"OF/{d.n + 1}/2024", "Data wystawienia": cell(d.created, _ISO), "Kontrahent": d.firm, "Status": d.said("Zaakceptowana", "Odrzucona", "Wysłana", "Robocza"),
        "Wartość netto": f"{money(d.amount, ' ', ',')} zł", "Źródło": d.source, "Liczba pracowników": d.employees,
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    exported("Billomat offers in German", _billomat, delimiter=";", newest_first=True),
    exported("Dolibarr proposals in French", _dolibarr, delimiter=";"),
    exported("Dolibarr proposals", _dolibarr_english),
    exported("Odoo quotations", _odoo_orders, newest_first=True),
    exported("Odoo quotations in German", _odoo_orders_german, newest_first=True),
    exported("ERPNext quotations", _erpnext, newest_first=True),
    exported("Xero quotes", _xero),
    exported("Zoho Books estimates", _zoho_books),
    exported("Proposify proposals", _proposify),
    exported("plancraft offers in German", _plancraft, delimiter=";", around=("sep=;\r\n", "")),
    exported("Fortnox offers in Swedish", _orderable, delimiter=";", encoding="cp1252"),
    exported("Moneybird quotes in Dutch", _dutch, delimiter=";"),
    exported("Fakturownia offers in Polish", _polish, delimiter=";", encoding="cp1250"),
)  # fmt: skip
