"""What mail programs and services keep and export: mailboxes as files, tables of mails, answers of their APIs."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from email.utils import format_datetime

from benchmarks.desks.made import Ticket
from benchmarks.desks.outlook_files import Letter, msg_file
from benchmarks.desks.writing import (
    Desk,
    Files,
    Row,
    answered,
    cell,
    exported,
    filed,
    written,
    zulu,
)


def _mail(t: Ticket, text: str = "", extra: Mapping[str, str] | None = None) -> bytes:
    """A mail as it came; the customer's words, a signature and what is quoted below stand in `text`."""
    message = EmailMessage()
    message["From"] = f"{t.name} <{t.mail}>"
    message["To"] = "Shop <help@shop.example>"
    message["Subject"] = t.subject
    message["Date"] = format_datetime(t.at)
    message["Message-ID"] = f"<{t.n}.a@firm{t.n}.example>"
    for name, value in (extra or {}).items():
        message[name] = value
    message.set_content(text or t.text)
    return message.as_bytes()


def _answer(t: Ticket) -> bytes:
    message = EmailMessage()
    message["From"] = f"{t.agent} <help@shop.example>"
    message["To"] = t.mail
    message["Subject"] = f"Re: {t.subject}"
    message["Date"] = format_datetime(t.closed)
    message["Message-ID"] = f"<{t.n}.b@shop.example>"
    message["In-Reply-To"] = f"<{t.n}.a@firm{t.n}.example>"
    message.set_content(t.answer)
    return message.as_bytes()


def _quoting(t: Ticket) -> str:
    """With a signature, and a mail of the shop's quoted below."""
    quoted = "\n".join(f"> {line}" for line in (t.answer, "Best regards", t.agent))
    return f"{t.text}\n\n-- \n{t.name}\nFirm {t.n} Ltd\nTel. +44 20 7946 0{t.n:03}\n\nOn Mon, 6 Jan 2025 at 09:00, Shop <help@shop.example> wrote:\n{quoted}\n"


def _boxed(mails: Sequence[bytes]) -> bytes:
    return b"".join(b"From x@y.example Mon Jan 06 10:00:00 2025\n" + mail + b"\n" for mail in mails)


def _takeout(tickets: Sequence[Ticket]) -> bytes:
    """All mail of Gmail, sent mails among it."""
    mails = []
    for t in tickets:
        mails.append(_mail(t, extra={"X-Gmail-Labels": f"Inbox,Important,Opened,{t.label}"}))
        sent = _answer(t)
        mails.append(b"X-Gmail-Labels: Sent,Opened\n" + sent)
    return _boxed(mails)


def _thunderbird(tickets: Sequence[Ticket]) -> Files:
    """A file a folder, its index beside it, and the folder of sent mails."""
    files = {"Inbox": b"", "Inbox.msf": b"// <!-- <mdb:mork:z v=1.4/> -->\n", "Sent": _boxed([_answer(t) for t in tickets])}  # fmt: skip
    for label in sorted({t.label for t in tickets}):
        files[f"Inbox.sbd/{label}"] = _boxed([_mail(t, _quoting(t)) for t in tickets if t.label == label])  # fmt: skip
        files[f"Inbox.sbd/{label}.msf"] = b"// <!-- <mdb:mork:z v=1.4/> -->\n"
    return files


def _maildir(tickets: Sequence[Ticket]) -> Files:
    files = {f".{t.label}/cur/17{t.n:08}.M1P1.host:2,S": _mail(t) for t in tickets}
    files |= {f".Sent/cur/18{t.n:08}.M1P1.host:2,S": _answer(t) for t in tickets}
    empty = {f".{t.label}/{part}/.keep": b"" for t in tickets for part in ("new", "tmp")}
    return {
        **files,
        **empty,
        "cur/.keep": b"",
        "new/.keep": b"",
        "tmp/.keep": b"",
        ".Sent/new/.keep": b"",
    }


def _in_folders(name: Callable[[Ticket], str], mail: Callable[[Ticket], bytes] = _mail) -> Callable[[Sequence[Ticket]], Files]:  # fmt: skip
    return lambda tickets: {name(t): mail(t) for t in tickets}


def _old_post(t: Ticket) -> bytes:
    """A message of a news group, as in the set of twenty of them."""
    head = f"From: {t.mail} ({t.name})\nSubject: {t.subject}\nDate: {format_datetime(t.at)}\nOrganization: Firm {t.n}\nLines: 2\n"
    return f"{head}\n{t.text}\n".encode("latin-1")


def _received(t: Ticket) -> bytes:
    """A mail as it lay on a server, as in SpamAssassin's set: delivery lines first."""
    head = f"Return-Path: <{t.mail}>\nDelivered-To: help@localhost\nReceived: from localhost (localhost [127.0.0.1])\n\tby x.example (Postfix) with ESMTP id 1\n\tfor <help@localhost>; {format_datetime(t.at)}\n"
    return head.encode() + _mail(t)


def _graph(t: Ticket) -> Row:
    return {
        "@odata.etag": 'W/"CQ"', "id": f"AAMk{t.n:06}", "createdDateTime": zulu(t.at), "lastModifiedDateTime": zulu(t.closed), "changeKey": "CQ", "categories": [t.label],
        "receivedDateTime": zulu(t.at), "sentDateTime": zulu(t.at), "hasAttachments": False, "internetMessageId": f"<{t.n}.a@firm.example>", "subject": t.subject,
        "bodyPreview": t.line[:30], "importance": "normal", "parentFolderId": "AAMkF", "conversationId": f"AAQk{t.n}", "isDeliveryReceiptRequested": False, "isRead": True,
        "isDraft": False, "webLink": "https://outlook.office365.com/x", "inferenceClassification": "focused", "body": {"contentType": "html", "content": f"<html><body>{t.page}</body></html>"},
        "sender": {"emailAddress": {"name": t.name, "address": t.mail}}, "from": {"emailAddress": {"name": t.name, "address": t.mail}},
        "toRecipients": [{"emailAddress": {"name": "Shop", "address": "help@shop.example"}}], "ccRecipients": [], "bccRecipients": [], "replyTo": [], "flag": {"flagStatus": "notFlagged"},
    }  # fmt: skip


def _gmail_raw(t: Ticket) -> Row:
    raw = base64.urlsafe_b64encode(_mail(t)).decode()
    return {"id": f"{t.n:016x}", "threadId": f"{t.n:016x}", "labelIds": ["INBOX", "IMPORTANT", f"{t.label}"], "snippet": t.line[:40], "sizeEstimate": 900, "historyId": "9",
            "internalDate": str(int(t.at.timestamp() * 1000)), "raw": raw}  # fmt: skip


def _gmail(t: Ticket) -> Row:
    heads = {"Delivered-To": "help@shop.example", "From": f"{t.name} <{t.mail}>", "To": "Shop <help@shop.example>", "Subject": t.subject, "Date": format_datetime(t.at)}  # fmt: skip
    return {
        "id": f"{t.n:016x}", "threadId": f"{t.n:016x}", "labelIds": ["INBOX", "UNREAD", t.label], "snippet": t.line[:40], "historyId": "9", "internalDate": str(int(t.at.timestamp() * 1000)),
        "payload": {"partId": "", "mimeType": "text/plain", "filename": "", "headers": [{"name": k, "value": v} for k, v in heads.items()],
                    "body": {"size": len(t.text), "data": base64.urlsafe_b64encode(t.text.encode()).decode()}},
        "sizeEstimate": 900,
    }  # fmt: skip


def _outlook(words: Sequence[str]) -> Callable[[Ticket], Row]:
    """Outlook's table in a language: subject, body, from, to, name, address, kind, categories, importance."""
    subject, body, sender, to, name, address, kind, categories, importance = words

    def row(t: Ticket) -> Row:
        who = {f"{sender}: ({name})": t.name, f"{sender}: ({address})": t.mail, f"{sender}: ({kind})": "SMTP", f"{to}: ({name})": "Shop", f"{to}: ({address})": "help@shop.example",
               f"{to}: ({kind})": "SMTP", f"CC: ({name})": "", f"CC: ({address})": "", f"CC: ({kind})": ""}  # fmt: skip
        return {subject: t.subject, body: f"{t.text}\r\n", **who, categories: t.label, importance: "Normal"}  # fmt: skip

    return row


_ENGLISH = ("Subject", "Body", "From", "To", "Name", "Address", "Type", "Categories", "Importance")
_GERMAN = ("Betreff", "Text", "Von", "An", "Name", "Adresse", "Typ", "Kategorien", "Priorität")
_FRENCH = ("Objet", "Corps", "De", "À", "Nom", "Adresse", "Type", "Catégories", "Importance")
_SPANISH = ("Asunto", "Cuerpo", "De", "Para", "Nombre", "Dirección", "Tipo", "Categorías", "Importancia")  # fmt: skip
_NO_DATE = ("date",)


def _own_files(tickets: Sequence[Ticket]) -> Files:
    letters = {
        f"{t.label}/{t.n} {t.subject.replace(':', '')}.msg": Letter(
            subject=t.subject,
            text=t.text,
            sender=(t.name, t.mail),
            sent=t.at,
            to=(("Shop", "help@shop.example"),),
        )
        for t in tickets
    }
    return {name: msg_file(letter) for name, letter in letters.items()}


PROGRAMS: tuple[Desk, ...] = (
    answered("Microsoft Graph messages", _graph, lambda rows: {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#x", "@odata.nextLink": "x", "value": rows}),
    answered("Gmail messages in full", _gmail),
    answered("Gmail messages as they came", _gmail_raw, lambda rows: {"messages": rows, "resultSizeEstimate": len(rows)}),
    written("Takeout of Gmail", ".mbox", _takeout),
    filed("Thunderbird's folders", _thunderbird),
    filed("Maildir with folders", _maildir),
    filed("EML files in folders", _in_folders(lambda t: f"{t.label}/{t.n}.eml")),
    filed("EML files in folders of splits", _in_folders(lambda t: f"{'train' if t.n % 3 else 'test'}/{t.label}/{t.n}.eml"), splits=True),
    filed("Posts of news groups", _in_folders(lambda t: f"{t.label}/{50_000 + t.n}", _old_post)),
    filed("Mails as a server keeps them", _in_folders(lambda t: f"{t.label}/{t.n:05}.{t.n:032x}", _received)),
    exported("Outlook export", _outlook(_ENGLISH), encoding="cp1252", without=_NO_DATE),
    exported("Outlook export in German", _outlook(_GERMAN), encoding="cp1252", without=_NO_DATE, language="de"),
    exported("Outlook export in French", _outlook(_FRENCH), encoding="cp1252", delimiter=";", without=_NO_DATE, language="fr"),
    exported("Outlook export in Spanish", _outlook(_SPANISH), encoding="cp1252", delimiter=";", without=_NO_DATE, language="es"),
    filed("Outlook's own mails", _own_files),
    written("Outlook's own mailbox", ".pst", lambda _: b"!BDN" + bytes(600), refused=(".pst", "mbox")),
    exported("List of mails with times", lambda t: {"Date": cell(t.at), "From": t.mail, "Subject": t.subject, "Folder": t.label, "Body": t.text}),
)  # fmt: skip
