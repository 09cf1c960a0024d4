"""Tables of tickets with headings and texts in other languages, and the code pages that programs write there."""

from __future__ import annotations

from benchmarks.desks.made import Ticket
from benchmarks.desks.writing import Desk, Row, cell, exported

_DAY = "%d.%m.%Y %H:%M"
_SLASH = "%d/%m/%Y %H:%M"


def _german(t: Ticket) -> Row:
    return {
        "Vorgangsnummer": t.n + 1, "Eingegangen am": cell(t.at, _DAY), "Kunde": t.name, "E-Mail": t.mail, "Betreff": t.subject, "Anfrage": t.text, "Kategorie": t.label,
        "Priorität": "mittel", "Bearbeiter": t.agent, "Antwort": t.answer, "Erledigt am": cell(t.closed, _DAY), "Status": "erledigt",
    }  # fmt: skip


def _german_notes(t: Ticket) -> Row:
    return {
        "Nr.": t.n + 1, "Datum": cell(t.at, "%d.%m.%Y"), "Absender": t.mail, "Titel": t.subject, "Beschreibung": t.text, "Abteilung": t.label, "Zuständig": t.agent,
        "Lösung": t.answer, "Abgeschlossen": cell(t.closed, "%d.%m.%Y"),
    }  # fmt: skip


def _french(t: Ticket) -> Row:
    return {
        "Numéro": t.n + 1, "Date de création": cell(t.at, _SLASH), "Client": t.name, "Courriel": t.mail, "Objet": t.subject, "Message": t.text, "Catégorie": t.label,
        "Priorité": "Moyenne", "Agent": t.agent, "Réponse": t.answer, "Date de clôture": cell(t.closed, _SLASH),
    }  # fmt: skip


def _spanish(t: Ticket) -> Row:
    return {
        "Número": t.n + 1, "Fecha de creación": cell(t.at, _SLASH), "Cliente": t.name, "Correo electrónico": t.mail, "Asunto": t.subject, "Descripción": t.text, "Categoría": t.label,
        "Prioridad": "Media", "Agente": t.agent, "Respuesta": t.answer, "Fecha de cierre": cell(t.closed, _SLASH),
    }  # fmt: skip


def _italian(t: Ticket) -> Row:
    return {
        "Numero": t.n + 1, "Data di apertura": cell(t.at, _SLASH), "Cliente": t.name, "Indirizzo e-mail": t.mail, "Oggetto": t.subject, "Messaggio": t.text, "Categoria": t.label,
        "Priorità": "Media", "Operatore": t.agent, "Risposta": t.answer, "Data di chiusura": cell(t.closed, _SLASH),
    }  # fmt: skip


def _dutch(t: Ticket) -> Row:
    return {
        "Nummer": t.n + 1, "Aangemaakt op": cell(t.at, "%d-%m-%Y %H:%M"), "Klant": t.name, "E-mailadres": t.mail, "Onderwerp": t.subject, "Bericht": t.text, "Categorie": t.label,
        "Prioriteit": "Normaal", "Behandelaar": t.agent, "Antwoord": t.answer, "Gesloten op": cell(t.closed, "%d-%m-%Y %H:%M"),
    }  # fmt: skip


def _polish(t: Ticket) -> Row:
    return {
        "Numer": t.n + 1, "Data utworzenia": cell(t.at, _DAY), "Klient": t.name, "Adres e-mail": t.mail, "Temat": t.subject, "Treść": t.text, "Kategoria": t.label,
        "Priorytet": "Normalny", "Agent": t.agent, "Odpowiedź": t.answer, "Data zamknięcia": cell(t.closed, _DAY),
    }  # fmt: skip


def _japanese(t: Ticket) -> Row:
    return {
        "チケット番号": t.n + 1, "受付日時": cell(t.at, "%Y/%m/%d %H:%M"), "お客様名": f"{t.name} 様", "メールアドレス": t.mail, "件名": t.subject, "お問い合わせ内容": t.text,
        "カテゴリ": t.label, "優先度": "中", "担当者": t.agent, "回答": t.answer, "完了日時": cell(t.closed, "%Y/%m/%d %H:%M"),
    }  # fmt: skip


PROGRAMS: tuple[Desk, ...] = (
    exported("Tickets in German", _german, delimiter=";", encoding="cp1252", language="de"),
    exported("Tickets in German, other words", _german_notes, delimiter=";", encoding="utf-8-sig", language="de"),
    exported("Tickets in French", _french, delimiter=";", encoding="cp1252", language="fr"),
    exported("Tickets in Spanish", _spanish, delimiter=";", encoding="cp1252", language="es"),
    exported("Tickets in Italian", _italian, delimiter=";", encoding="cp1252", language="it"),
    exported("Tickets in Dutch", _dutch, delimiter=";", language="nl"),
    exported("Tickets in Polish", _polish, delimiter=";", encoding="cp1250", language="pl"),
    exported("Tickets in Japanese", _japanese, encoding="cp932", language="ja"),
    exported("Tickets in French for a spreadsheet", _french, delimiter="\t", encoding="utf-16", suffix=".txt", language="fr"),
)  # fmt: skip
