"""What CRMs export as a table, in Swedish, Norwegian, Danish and Finnish."""

from __future__ import annotations

from benchmarks.programs.made import Deal
from benchmarks.programs.writing import Program, Row, cell, exported, money

_DAY, _TIME, _STAMP = "%d.%m.%Y", "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M"


def _lime(d: Deal) -> Row:
    return {
        "Affärs-ID": 1_200 + 3 * d.n, "Namn": f"Affär {d.n}", "Företag": d.firm, "Affärsstatus": d.said("Vunnen", "Förlorad", "Prospekt", "Offert"),
        "Värde": money(d.amount, "\u00a0", ","), "Sannolikhet": d.said("100 %", "0 %", "40 %"), "Förväntat avslut": cell(d.planned, "%Y-%m-%d"),
        "Avslutad": cell(d.closed, "%Y-%m-%d"), "Skapad": cell(d.created, _STAMP), "Senast ändrad": cell(d.updated, _STAMP), "Ansvarig": d.owner,
        "Källa": d.source, "Antal anställda": d.employees,
    }  # fmt: skip


def _upsales(d: Deal) -> Row:
    return {
        "ID": 44 + 9 * d.n, "Beskrivning": f"Affär {d.n}", "Företag": d.firm, "Steg": d.said("Order", "Förlorad", "Kvalificerad", "Offert skickad"),
        "Värde": d.amount, "Sannolikhet": d.said(100, 0, 40), "Skapad": cell(d.created, "%Y-%m-%d"), "Datum": cell(d.planned, "%Y-%m-%d"),
        "Säljare": d.owner, "Källa": d.source, "Anställda": d.employees,
    }  # fmt: skip


def _super_office_norwegian(d: Deal) -> Row:
    return {
        "Salg": f"S{d.n}", "Firma": d.firm, "Status": d.said("Solgt", "Tapt", "Åpen"), "Beløp": money(d.amount, "\u00a0", ","),
        "Sannsynlighet": d.said("100 %", "0 %", "40 %"), "Salgsdato": cell(d.planned, _DAY), "Registrert": cell(d.created, _TIME), "Sist endret": cell(d.updated, _TIME),
        "Eier": d.owner, "Kilde": d.source, "Antall ansatte": d.employees,
    }  # fmt: skip


def _pipedrive_danish(d: Deal) -> Row:
    return {
        "Aftale-id": 80 + 3 * d.n, "Titel": f"Aftale {d.n}", "Virksomhed": d.firm, "Status": d.said("Vundet", "Tabt", "Åben"), "Værdi": money(d.amount, ".", ","),
        "Oprettet": cell(d.created, "%d-%m-%Y %H:%M"), "Lukket": cell(d.closed, "%d-%m-%Y"), "Sidst opdateret": cell(d.updated, "%d-%m-%Y %H:%M"),
        "Ejer": d.owner, "Kilde": d.source, "Antal medarbejdere": d.employees,
    }  # fmt: skip


def _finnish(d: Deal) -> Row:
    return {
        "Tunniste": 300 + 7 * d.n, "Nimi": f"Kauppa {d.n}", "Yritys": d.firm, "Tila": d.said("Voitettu", "Hävitty", "Avoin"), "Arvo": money(d.amount, "\u00a0", ","),
        "Luotu": cell(d.created, "%-d.%-m.%Y %H.%M"), "Suljettu": cell(d.closed, "%-d.%-m.%Y"), "Muokattu": cell(d.updated, "%-d.%-m.%Y %H.%M"),
        "Omistaja": d.owner, "Lähde": d.source, "Henkilöstömäärä": d.employees,
    }  # fmt: skip


PROGRAMS: tuple[Program, ...] = (
    exported("Lime CRM export in Swedish", _lime, delimiter=";", encoding="utf-8-sig"),
    exported("Upsales export in Swedish", _upsales),
    exported("SuperOffice export in Norwegian", _super_office_norwegian, delimiter=";", encoding="cp1252"),
    exported("Deals export in Danish", _pipedrive_danish, delimiter=";"),
    exported("Deals export in Finnish", _finnish, delimiter=";", encoding="cp1252"),
)  # fmt: skip
