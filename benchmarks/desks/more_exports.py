"""More exports as tables: trackers, forms, small desks, spreadsheets, and what mail programs write in other languages."""

from __future__ import annotations

import io
from collections.abc import Sequence

from benchmarks.desks.made import Ticket
from benchmarks.desks.writing import Desk, Row, cell, exported, repeated, table, written


def _redmine(t: Ticket) -> Row:
    return {"#": t.n + 1, "Project": "Support", "Tracker": "Support", "Parent task": "", "Status": "Closed", "Priority": "Normal", "Subject": t.subject, "Author": t.name,
            "Assignee": t.agent, "Updated": cell(t.closed, "%m/%d/%Y %I:%M %p"), "Category": t.label, "Start date": cell(t.at, "%m/%d/%Y"), "% Done": 100,
            "Created": cell(t.at, "%m/%d/%Y %I:%M %p"), "Closed": cell(t.closed, "%m/%d/%Y %I:%M %p"), "Description": t.text, "Last notes": t.answer}  # fmt: skip


def _mantis(t: Ticket) -> Row:
    return {"Id": f"{t.n:07}", "Project": "Support", "Reporter": t.name, "Assigned To": "ann", "Priority": "normal", "Severity": "minor", "Reproducibility": "N/A", "Date Submitted": cell(t.at, "%Y-%m-%d"),
            "Category": t.label, "Updated": cell(t.closed, "%Y-%m-%d"), "Summary": t.subject, "Status": "closed", "Resolution": "fixed", "Description": t.text}  # fmt: skip


def _jitbit(t: Ticket) -> Row:
    return {"TicketID": t.n + 1, "Subject": t.subject, "Priority": t.priority, "Status": "Closed", "Category": t.label, "From": t.name, "FromEmail": t.mail, "Assigned to": t.agent, "Start date": cell(t.at),
            "Date closed": cell(t.closed), "Due date": "", "Last updated": cell(t.closed), "Body": t.page, "Tags": ""}  # fmt: skip


def _user_voice(t: Ticket) -> Row:
    return {"Ticket Number": t.n + 1, "State": "closed", "Subject": t.subject, "Created At": cell(t.at, "%Y-%m-%d %H:%M:%S UTC"), "Closed At": cell(t.closed, "%Y-%m-%d %H:%M:%S UTC"), "Contact Name": t.name,
            "Contact Email": t.mail, "Agent Email": t.agent_mail, "Custom Field: Topic": t.label, "First Message": t.text, "Last Message": t.answer}  # fmt: skip


def _zendesk_german(t: Ticket) -> Row:
    return {"Ticket-ID": t.n + 10, "Betreff": t.subject, "Beschreibung": t.text, "Anfragender": t.name, "E-Mail des Anfragenden": t.mail, "Angefragt am": cell(t.at, "%d.%m.%Y %H:%M"), "Mitarbeiter": t.agent,
            "Mitarbeiter-E-Mail": t.agent_mail, "Aktualisiert": cell(t.closed, "%d.%m.%Y %H:%M"), "Stichwörter": t.label, "Priorität": "Normal", "Status": "Geschlossen"}  # fmt: skip


def _freshdesk_french(t: Ticket) -> Row:
    return {"ID du ticket": t.n + 1, "Sujet": t.subject, "Description": t.text, "Statut": "Fermé", "Priorité": "Faible", "Source": "E-mail", "Type": t.label, "Agent": t.agent, "Groupe": "Support",
            "Heure de création": cell(t.at), "Échéance": cell(t.closed), "Heure de résolution": cell(t.closed), "Dernière mise à jour": cell(t.closed), "Nom complet": t.name, "E-mail": t.mail}  # fmt: skip


def _freshdesk_spanish(t: Ticket) -> Row:
    return {"ID de ticket": t.n + 1, "Asunto": t.subject, "Descripción": t.text, "Estado": "Cerrado", "Prioridad": "Baja", "Tipo": t.label, "Agente": t.agent, "Grupo": "Soporte",
            "Hora de creación": cell(t.at), "Hora de vencimiento": cell(t.closed), "Hora de resolución": cell(t.closed), "Nombre completo": t.name, "Correo electrónico": t.mail}  # fmt: skip


def _outlook_italian(t: Ticket) -> Row:
    return {"Oggetto": t.subject, "Corpo": t.text, "Da: (Nome)": t.name, "Da: (Indirizzo)": t.mail, "A: (Nome)": "Shop", "A: (Indirizzo)": "help@shop.example", "Categorie": t.label, "Priorità": "Normale"}  # fmt: skip


def _outlook_dutch(t: Ticket) -> Row:
    return {"Onderwerp": t.subject, "Hoofdtekst": t.text, "Van: (Naam)": t.name, "Van: (Adres)": t.mail, "Aan: (Naam)": "Shop", "Aan: (Adres)": "help@shop.example", "Categorieën": t.label, "Prioriteit": "Normaal"}  # fmt: skip


_SURVEY = ("Respondent ID", "Collector ID", "Start Date", "End Date", "IP Address", "Email Address", "First Name", "What is it about?", "What can we do for you?")  # fmt: skip


def _survey_cells(t: Ticket) -> Sequence[object]:
    return [11_000_000 + t.n, 40, cell(t.at, "%m/%d/%Y %I:%M:%S %p"), cell(t.at, "%m/%d/%Y %I:%M:%S %p"), "192.0.2.1", t.mail, "Kim", t.label, t.text]  # fmt: skip


def _tally(t: Ticket) -> Row:
    return {"Submission ID": f"s{t.n}", "Respondent ID": f"r{t.n}", "Submitted at": cell(t.at), "What's your name?": t.name, "Email": t.mail, "Topic": t.label, "Message": t.text}  # fmt: skip


def _wufoo(t: Ticket) -> Row:
    return {"Entry Id": t.n + 1, "Your name": t.name, "Your e-mail address": t.mail, "Reason for your message": t.label, "Message": t.text, "Date Created": cell(t.at), "Created By": "public", "Last Updated": "", "Updated By": ""}  # fmt: skip


def _teams_list(t: Ticket) -> Row:
    return {"Title": t.subject, "Request": t.text, "Category": t.label, "Requester": t.name, "Requester email": t.mail, "Created": cell(t.at, "%-m/%-d/%Y %-I:%M %p"), "Assigned to": t.agent, "Status": "Closed",
            "Comments": t.answer, "Item Type": "Item", "Path": "sites/support/Lists/Tickets"}  # fmt: skip


def _portuguese(t: Ticket) -> Row:
    return {"Número": t.n + 1, "Data de abertura": cell(t.at, "%d/%m/%Y %H:%M"), "Solicitante": t.name, "E-mail do solicitante": t.mail, "Assunto": t.subject, "Descrição": t.text, "Categoria": t.label,
            "Prioridade": "Média", "Responsável": t.agent, "Resposta": t.answer, "Data de fechamento": cell(t.closed, "%d/%m/%Y %H:%M")}  # fmt: skip


def _swedish(t: Ticket) -> Row:
    return {"Ärendenummer": t.n + 1, "Skapad": cell(t.at, "%Y-%m-%d %H:%M"), "Kund": t.name, "E-post": t.mail, "Ämne": t.subject, "Beskrivning": t.text, "Kategori": t.label, "Handläggare": t.agent, "Svar": t.answer,
            "Stängd": cell(t.closed, "%Y-%m-%d %H:%M")}  # fmt: skip


def _danish(t: Ticket) -> Row:
    return {"Sagsnr.": t.n + 1, "Oprettet": cell(t.at, "%d-%m-%Y %H:%M"), "Kunde": t.name, "E-mail": t.mail, "Emne": t.subject, "Besked": t.text, "Kategori": t.label, "Ansvarlig": t.agent, "Svar": t.answer,
            "Lukket": cell(t.closed, "%d-%m-%Y %H:%M")}  # fmt: skip


def _czech(t: Ticket) -> Row:
    return {"Číslo": t.n + 1, "Vytvořeno": cell(t.at, "%d.%m.%Y %H:%M"), "Zákazník": t.name, "E-mail": t.mail, "Předmět": t.subject, "Zpráva": t.text, "Kategorie": t.label, "Řešitel": t.agent, "Odpověď": t.answer,
            "Uzavřeno": cell(t.closed, "%d.%m.%Y %H:%M")}  # fmt: skip


def _turkish(t: Ticket) -> Row:
    return {"Talep No": t.n + 1, "Oluşturulma Tarihi": cell(t.at, "%d.%m.%Y %H:%M"), "Müşteri": t.name, "E-posta": t.mail, "Konu": t.subject, "Mesaj": t.text, "Kategori": t.label, "Temsilci": t.agent, "Yanıt": t.answer}  # fmt: skip


def _chinese(t: Ticket) -> Row:
    return {"工单编号": t.n + 1, "创建时间": cell(t.at), "客户": t.name, "邮箱": t.mail, "主题": t.subject, "描述": t.text, "分类": t.label, "受理客服": t.agent, "回复": t.answer, "关闭时间": cell(t.closed)}  # fmt: skip


def _russian(t: Ticket) -> Row:
    return {"Номер": t.n + 1, "Дата создания": cell(t.at, "%d.%m.%Y %H:%M"), "Клиент": t.name, "Эл. почта": t.mail, "Тема": t.subject, "Описание": t.text, "Категория": t.label, "Исполнитель": t.agent, "Ответ": t.answer,
            "Дата закрытия": cell(t.closed, "%d.%m.%Y %H:%M")}  # fmt: skip


def _workbook(tickets: Sequence[Ticket]) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "dd.mm.yyyy hh:mm"})
    sheet = book.add_worksheet("Anfragen")
    sheet.write_row(0, 0, ["Kundenanfragen 2025"])
    sheet.write_row(
        2, 0, ["Eingang", "Kunde", "E-Mail", "Betreff", "Nachricht", "Thema", "Antwort"]
    )
    for line, t in enumerate(tickets, start=3):
        sheet.write_datetime(line, 0, t.at.replace(tzinfo=None))
        sheet.write_row(line, 1, [t.name, t.mail, t.subject, t.text, t.label, t.answer])
    legend = book.add_worksheet("Legende")
    legend.write_row(0, 0, ["Thema", "Bedeutung"])
    legend.write_row(1, 0, ["x", "was auch immer es sein mag"])
    book.close()
    return out.getvalue()


def _page(tickets: Sequence[Ticket]) -> bytes:
    """A table of HTML that is called `.xls`, as many programs export one."""
    head = ("Ticket", "Created", "Email", "Subject", "Message", "Category")
    rows = ((t.n + 1, cell(t.at), t.mail, t.subject, t.text.replace("\n", "<br>"), t.label) for t in tickets)  # fmt: skip
    lines = "".join(f"<tr>{''.join(f'<td>{value}</td>' for value in row)}</tr>\n" for row in rows)
    return f"<html><body><table border=1><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>\n{lines}</table></body></html>".encode()


def _with_title(tickets: Sequence[Ticket]) -> bytes:
    """A report with its title and the day above the names of the columns."""
    rows = [{"Case": t.n + 1, "Opened": cell(t.at, "%d/%m/%Y"), "Customer e-mail": t.mail, "Subject": t.subject, "Details": t.text, "Category": t.label} for t in tickets]  # fmt: skip
    return b"Support report,,,,,\nCreated on 30/06/2025,,,,,\n,,,,,\n" + table(rows)


PROGRAMS: tuple[Desk, ...] = (
    exported("Redmine export", _redmine, without=["sender"]),
    exported("Mantis export", _mantis, without=["sender"]),
    exported("Jitbit export", _jitbit),
    exported("UserVoice export", _user_voice),
    exported("Zendesk export in German", _zendesk_german, language="de"),
    exported("Freshdesk export in French", _freshdesk_french, language="fr"),
    exported("Freshdesk export in Spanish", _freshdesk_spanish, language="es"),
    exported("Outlook export in Italian", _outlook_italian, encoding="cp1252", delimiter=";", without=["date"], language="it"),
    exported("Outlook export in Dutch", _outlook_dutch, encoding="cp1252", delimiter=";", without=["date"], language="nl"),
    repeated("SurveyMonkey responses", _SURVEY, _survey_cells, without=["subject"]),
    exported("Tally submissions", _tally, without=["subject"]),
    exported("Wufoo entries", _wufoo, without=["subject"]),
    exported("SharePoint list", _teams_list, encoding="utf-8-sig"),
    exported("Tickets in Portuguese", _portuguese, delimiter=";", encoding="cp1252"),
    exported("Tickets in Swedish", _swedish, delimiter=";"),
    exported("Tickets in Danish", _danish, delimiter=";", encoding="cp1252"),
    exported("Tickets in Czech", _czech, delimiter=";", encoding="cp1250"),
    exported("Tickets in Turkish", _turkish, delimiter=";", encoding="cp1254"),
    exported("Tickets in Chinese", _chinese, encoding="gb18030"),
    exported("Tickets in Russian", _russian, delimiter=";", encoding="cp1251"),
    written("Workbook of requests", ".xlsx", _workbook),
    written("Page called a spreadsheet", ".xls", _page),
    written("Report with a title above", ".csv", _with_title),
)  # fmt: skip
