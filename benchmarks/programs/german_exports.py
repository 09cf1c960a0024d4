"""What CRMs and offices' programs export as a table, in German."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported, money

_DAY, _TIME = "%d.%m.%Y", "%d.%m.%Y %H:%M"


def _euros(amount: int) -> str:
    return money(amount, ".", ",")


def _teamleader(d: Deal) -> Row:
    return {
        "Titel": f"Deal {d.n}", "Kunde": d.firm, "Betrag": f"{d.amount},00", "Währung": "EUR",
        "Phase": d.said("Angenommen", "Abgelehnt", "Neu", "Angebot gesendet"), "Verantwortlicher": d.owner, "Quelle": d.source,
        "Erstellt am": cell(d.created, _DAY), "Voraussichtlicher Abschluss": "", "Abgeschlossen am": cell(d.closed, _DAY),
        "Ablehnungsgrund": d.said("", "Preis", ""), "Mitarbeiter": d.employees,
    }  # fmt: skip


def _salesforce(d: Deal) -> Row:
    return {
        "Opportunity-Inhaber": d.owner, "Accountname": d.firm, "Opportunity-Name": f"{d.firm} - Angebot",
        "Phase": d.said("Geschlossen und gewonnen", "Geschlossen und verloren", "Interessentenermittlung", "Verhandlung"),
        "Geschäftszeitraum": f"Q{(d.planned.month + 2) // 3}-{d.planned.year}", "Betrag": _euros(d.amount),
        "Erwarteter Umsatz": d.said(_euros(d.amount), "0,00", _euros(d.amount // 2)), "Wahrscheinlichkeit (%)": d.said(100, 0, 50),
        "Alter": ((d.closed or d.updated) - d.created).days, "Schlusstermin": cell(d.planned, _DAY), "Erstelldatum": cell(d.created, _DAY),
        "Nächster Schritt": "", "Lead-Quelle": d.source, "Typ": "Neukunde", "Mitarbeiter": d.employees,
    }  # fmt: skip


def _hubspot(d: Deal) -> Row:
    form = "%Y-%m-%d %H:%M"
    return {
        "Datensatz-ID": 17_000_000_000 + 37 * d.n, "Deal-Name": f"{d.firm} - Angebot",
        "Deal-Phase": d.said("Abgeschlossen und gewonnen", "Abgeschlossen und verloren", "Termin geplant", "Vertrag gesendet"),
        "Abschlussdatum": cell(d.planned, form), "Zuständiger Mitarbeiter für Deal": d.owner, "Betrag": d.amount, "Pipeline": "Vertriebspipeline",
        "Erstellungsdatum": cell(d.created, form), "Datum der letzten Aktivität": cell(d.updated, form), "Grund für Verlust": d.said("", "Preis", ""),
        "Deal-Wahrscheinlichkeit": d.said("1", "0", "0.4"), "Gewichteter Betrag": d.said(d.amount, 0, d.amount * 0.4),
        "Tage bis zum Abschluss": (d.planned - d.created).days, "Ursprüngliche Quelle": d.source, "Anzahl der Mitarbeiter": d.employees,
    }  # fmt: skip


def _pipedrive(d: Deal) -> Row:
    won, lost = (d.closed if d.outcome == one else None for one in ("won", "lost"))
    return {
        "Deal - ID": 40 + d.n, "Deal - Titel": f"{d.firm} Deal", "Deal - Organisation": d.firm, "Deal - Kontaktperson": f"Kim Lee{d.n}",
        "Deal - Wert": d.amount, "Deal - Währung von Wert": "EUR", "Deal - Phase": d.draw.choice(("Qualifiziert", "Angebot", "Verhandlung")),
        "Deal - Status": d.said("Gewonnen", "Verloren", "Offen"), "Deal - Besitzer": d.owner, "Deal - Wahrscheinlichkeit": "",
        "Deal - Deal erstellt": cell(d.created), "Deal - Aktualisierungszeit": cell(d.updated), "Deal - Letzte Phasenänderung": cell(d.closed or d.created),
        "Deal - Gewonnen am": cell(won), "Deal - Verloren am": cell(lost), "Deal - Deal geschlossen am": cell(d.closed),
        "Deal - Grund für Verlust": d.said("", "Preis", ""), "Deal - Erledigte Aktivitäten": d.draw.randrange(9), "Deal - Quelle": d.source,
        "Deal - Mitarbeiter": d.employees,
    }  # fmt: skip


def _odoo(d: Deal) -> Row:
    return {
        "Externe ID": f"__export__.crm_lead_{d.n}_{d.n * 7919:08x}", "Opportunity": f"{d.firm} Angebot", "Kontaktname": f"Kim Lee{d.n}",
        "E-Mail": d.mail, "Vertriebsmitarbeiter": d.owner, "Verkaufsteam": "Verkauf", "Erwarteter Umsatz": f"{d.amount}.0",
        "Wahrscheinlichkeit": d.said("100.0", "0.0", "37.5"), "Phase": d.said("Gewonnen", d.draw.choice(("Neu", "Angebot")), "Neu", "Angebot"),
        "Aktiv": d.said("True", "False", "True"), "Verlustgrund": d.said("", "Zu teuer", ""), "Erstellt am": cell(d.created),
        "Abschlussdatum": cell(d.closed), "Zuletzt aktualisiert am": cell(d.updated), "Quelle": d.source, "Mitarbeiter": d.employees,
    }  # fmt: skip


def _central_station(d: Deal) -> Row:
    return {
        "ID": 5_000 + 3 * d.n, "Name": f"Angebot {d.firm}", "Firma": d.firm, "Status": d.said("gewonnen", "verloren", "offen"), "Wert": _euros(d.amount),
        "Zieldatum": cell(d.planned, _DAY), "Verantwortlich": d.owner, "Angelegt am": cell(d.created, _TIME), "Zuletzt geändert am": cell(d.updated, _TIME),
        "Quelle": d.source, "Mitarbeiterzahl": d.employees,
    }  # fmt: skip


def _weclapp(d: Deal) -> Row:
    return {
        "Verkaufschancennummer": f"VC{1_000 + d.n}", "Bezeichnung": f"Angebot {d.n}", "Kunde": d.firm,
        "Verkaufsphase": d.said("Gewonnen", "Verloren", "Qualifizierung", "Angebot"), "Wahrscheinlichkeit": d.said("100 %", "0 %", "50 %"),
        "Umsatzpotential": _euros(d.amount), "Erwartetes Abschlussdatum": cell(d.planned, _DAY), "Gewinn-/Verlustgrund": d.said("Preis", "Preis", ""),
        "Leadquelle": d.source, "Verantwortlicher": d.owner, "Erstellt am": cell(d.created, _TIME), "Zuletzt bearbeitet am": cell(d.updated, _TIME),
        "Mitarbeiteranzahl": d.employees,
    }  # fmt: skip


def _cas(d: Deal) -> Row:
    return {
        "Stichwort": f"Angebot {d.firm}", "Verkaufsphase": d.draw.choice(("Angebot", "Verhandlung")), "Status": d.said("Auftrag erhalten", "Auftrag verloren", "In Bearbeitung"),
        "Volumen (€)": _euros(d.amount), "Chance (%)": d.said(100, 0, 50), "Anlagedatum": cell(d.created, _TIME), "Änderungsdatum": cell(d.updated, _TIME),
        "Ende": cell(d.planned, _DAY), "Verantwortlicher": d.owner, "Herkunft": d.source, "Anzahl Mitarbeiter": d.employees,
    }  # fmt: skip


def _super_office(d: Deal) -> Row:
    return {
        "Verkauf": f"V{d.n}", "Firma": d.firm, "Status": d.said("Verkauft", "Verloren", "Offen"), "Verkaufsdatum": cell(d.planned, _DAY),
        "Betrag": _euros(d.amount), "Wahrscheinlichkeit": d.said("100%", "0%", "40%"), "Phase": d.draw.choice(("Bedarf", "Angebot")),
        "Registriert am": cell(d.created, _DAY), "Aktualisiert am": cell(d.updated, _DAY), "Besitzer": d.owner, "Quelle": d.source, "Mitarbeiter": d.employees,
    }  # fmt: skip


def _tecart(d: Deal) -> Row:
    return {
        "Angebotsnummer": f"AG-2024-{d.n:05d}", "Angebotsdatum": cell(d.created, _DAY), "Kunde": d.firm, "Betreff": "Angebot",
        "Angebotsstatus": d.said(d.draw.choice(("beauftragt", "angenommen")), "abgelehnt", "offen", "versendet"), "Summe netto": _euros(d.amount),
        "Gültig bis": cell(d.planned, _DAY), "Bearbeiter": d.owner, "Quelle": d.source, "Mitarbeiter": d.employees,
    }  # fmt: skip


def _lexware(d: Deal) -> Row:
    return {
        "Belegnummer": f"AG{1_000 + d.n}", "Belegdatum": cell(d.created, _DAY), "Kundenname": d.firm, "Betrag netto": f"{d.amount},00", "Währung": "EUR",
        "Status": d.said("Angenommen", "Abgelehnt", "Offen", "Entwurf"), "Gültig bis": cell(d.planned, _DAY), "Herkunft": d.source, "Mitarbeiter": d.employees,
    }  # fmt: skip


def _sevdesk(d: Deal) -> Row:
    return {
        "Angebotsnummer": f"AN-{1_000 + d.n}", "Datum": cell(d.created, _DAY), "Kunde": d.firm, "Status": d.said("Akzeptiert", "Abgelehnt", "Versendet", "Entwurf"),
        "Betrag (Netto)": f"{d.amount},00", "Betrag (Brutto)": f"{d.amount * 1.19:.2f}".replace(".", ","), "Ansprechpartner": d.owner, "Quelle": d.source,
        "Mitarbeiteranzahl": d.employees,
    }  # fmt: skip


_FOOTER = '\r\n\r\n"Copyright © 2000-2025 salesforce.com, inc. Alle Rechte vorbehalten."\r\n"Vertrauliche Informationen - Nicht weitergeben"\r\n"Erstellt von:  Anna Schmidt  02.06.2025 09:14"\r\n"Firma GmbH"\r\n'
PROGRAMS: tuple[Program, ...] = (
    exported("Teamleader export in German", _teamleader, delimiter=";"),
    exported("Salesforce report in German", _salesforce, delimiter=";", encoding="cp1252", around=("", _FOOTER)),
    exported("HubSpot deals export in German", _hubspot),
    exported("Pipedrive deals export in German", _pipedrive),
    exported("Odoo export in German", _odoo),
    exported("CentralStationCRM export in German", _central_station, delimiter=";"),
    exported("weclapp export in German", _weclapp, delimiter=";", encoding="utf-8-sig"),
    exported("CAS genesisWorld export in German", _cas, delimiter=";", encoding="cp1252"),
    exported("SuperOffice export in German", _super_office, delimiter=";", encoding="utf-8-sig"),
    exported("TecArt offers in German", _tecart, delimiter=";", newest_first=True),
    exported("Lexware offers in German", _lexware, delimiter=";"),
    exported("sevDesk offers in German", _sevdesk, delimiter=";", newest_first=True),
)  # fmt: skip
