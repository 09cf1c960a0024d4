"""What the names of folders, files and keywords say about the mails in them: an intent, or only a place.

Tables only; several languages, because mail programs translate their folders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_INBOX = (
    "inbox", "posteingang", "boîte de réception", "bandeja de entrada", "posta in arrivo", "caixa de entrada",
    "postvak in", "inkorgen", "skrzynka odbiorcza", "all mail", "alle nachrichten", "tous les messages", "recibidos",
    "odebrane", "doručená pošta", "indbakke", "gelen kutusu", "alle berichten", "wszystkie", "todos los mensajes",
)  # fmt: skip
_DEFAULT = (
    *_INBOX, "todos", "archive", "archives", "archiv", "archivio", "archivo", "archived", "mail", "mails", "mailbox", "maildir", "cur",
    "new", "messages", "imported", "import", "export", "emails", "eml", "mbox", "takeout", "important", "starred",
    "unread", "opened", "chat", "chats", "flagged", "seen", "answered", "unlabeled", "unlabelled",
    # what Gmail notes of each mail, in the account's language, beside what people call it
    "archiviert", "geöffnet", "ungelesen", "wichtig", "markiert", "mit stern",
    "archivé", "archivés", "messages archivés", "ouvert", "ouverts", "non lu", "non lus", "importants", "suivis",
    "archivado", "archivados", "abierto", "abiertos", "no leído", "no leídos", "importante", "importantes", "destacado",
    "destacados", "archiviato", "archiviati", "aperto", "aperti", "da leggere", "non letti", "importanti", "speciali",
    "arquivado", "arquivados", "aberto", "abertos", "não lido", "não lidos", "não lidas", "com estrela",
    "gearchiveerd", "geopend", "ongelezen", "belangrijk", "met ster",
    "zarchiwizowane", "otwarte", "nieprzeczytane", "ważne", "oznaczone gwiazdką",
    "archivováno", "otevřeno", "otevřené", "nepřečtené", "důležité", "s hvězdičkou",
    "arkiverat", "arkiverade", "öppnat", "öppnad", "öppnade", "oläst", "olästa", "viktigt", "stjärnmärkt",
    "arkiveret", "åbnet", "ulæst", "ulæste", "vigtig", "vigtigt", "stjernemarkeret", "med stjerne",
    "arşivlendi", "açıldı", "okunmamış", "önemli", "yıldızlı",
    # where what is dealt with lies, whatever it was about
    "erledigt", "bearbeitet", "done", "completed", "processed", "traité", "traités", "afgehandeld", "załatwione",
)  # fmt: skip
_OWN = {
    "sent": (
        "sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete objekte", "gesendete elemente",
        "éléments envoyés", "messages envoyés", "envoyés", "enviados", "elementos enviados", "posta inviata", "inviati",
        "itens enviados", "verzonden items", "verzonden", "skickat", "wysłane", "outbox", "postausgang", "envoyé",
        "mails envoyés", "enviado", "correo enviado", "inviato", "e-mails enviados", "odeslaná pošta", "odeslané", "sendt",
        "sendte", "sendt post", "gönderilmiş", "gönderilmiş postalar", "gönderilenler",
    ),
    "drafts": (
        "drafts", "draft", "entwürfe", "brouillons", "borradores", "bozze", "rascunhos", "concepten", "utkast",
        "wersje robocze", "templates", "vorlagen", "koncepty", "rozepsané", "kladder", "taslaklar", "unsent messages",
    ),
    "trash": (
        "trash", "deleted items", "deleted messages", "deleted", "bin", "papierkorb", "gelöschte elemente", "gelöscht",
        "gelöschte objekte", "corbeille", "éléments supprimés", "papelera", "eliminados", "elementos eliminados",
        "cestino", "posta eliminata", "lixeira", "prullenbak", "papperskorgen", "kosz", "koš", "papirkurv", "çöp kutusu",
    ),
    "spam": (
        "spam", "junk", "junk e-mail", "junk email", "junk mail", "spamverdacht", "unerwünscht", "courrier indésirable",
        "indésirables", "correo no deseado", "posta indesiderata", "lixo eletrônico", "ongewenste e-mail", "skräppost",
        "wiadomości-śmieci", "nevyžádaná pošta", "uønsket post", "istenmeyen",
    ),
}  # fmt: skip
"""Folders whose mails are no customers' matters: the firm's own, thrown away, or unwanted."""

DEFAULT_FOLDERS = frozenset(_DEFAULT)
INBOXES = frozenset((*_INBOX, *_OWN["sent"]))
"""Names that are never a matter, wherever they stand."""
DESK_QUEUES = frozenset(("raw", "postmaster", "unassigned", "nicht zugewiesen"))
"""Where OTRS, Znuny, Zammad and their like lay a ticket that nobody has sorted."""
OWN_FOLDERS: Mapping[str, str] = {name: kind for kind, names in _OWN.items() for name in names}
_OWN_LOOSELY = {name.replace("-", " "): kind for name, kind in OWN_FOLDERS.items()}
"""Programs write `Junk E-Mail`, `Junk-E-Mail` and `Junk Email` of one folder."""
_SYSTEM = re.compile(r"^(\\.*|(category|categor[ií]a|cat[ée]gorie|kategori[ea]?)( ?:)? .*|\$?(forwarded|mdnsent|junk|notjunk|nonjunk|phishing|label\d|submit\w*))$")  # fmt: skip
_PERIOD = re.compile(r"(19|20)\d\d([-_. ]?(0[1-9]|1[0-2]))?")
_MONTH = re.compile(r"0[1-9]|1[0-2]")


def plain(name: str) -> str:
    """A folder's name for a look-up: `[Gmail]/Sent Mail` → `sent mail`, `INBOX.Sent` → `sent`."""
    last = re.split(r"[/]", name.strip().strip("/"))[-1]
    last = re.sub(r"\.(mbox|mbx|sbd|mboxrd)$", "", last, flags=re.IGNORECASE)
    last = re.sub(r"^(inbox|google mail)\.", "", last.lstrip("."), flags=re.IGNORECASE)
    return " ".join(last.replace("_", " ").split()).casefold()


def own_kind(name: str) -> str:
    """`sent`, `drafts`, `trash` or `spam`; empty for a folder of customers' mails."""
    return _OWN_LOOSELY.get(plain(name).replace("-", " "), "")


def is_default(name: str) -> bool:
    """A folder where mails lie because nobody put them anywhere."""
    return plain(name) in DEFAULT_FOLDERS or bool(_PERIOD.fullmatch(name.strip()))


def without_periods(parts: Sequence[str]) -> list[str]:
    """Folders within each other without the innermost ones that are years or months: `Billing`, `2024` → `Billing`."""
    kept = list(parts)
    if len(kept) > 1 and _MONTH.fullmatch(kept[-1]) and _PERIOD.fullmatch(kept[-2]):
        kept.pop()
    while len(kept) > 1 and _PERIOD.fullmatch(kept[-1]):
        kept.pop()
    return kept


def is_system(keyword: str) -> bool:
    """A keyword that a mail program set for itself."""
    word = " ".join(keyword.replace("_", " ").split()).casefold()
    return bool(_SYSTEM.match(word)) or is_default(word) or word in OWN_FOLDERS
