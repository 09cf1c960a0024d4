"""What the names of folders, files and keywords say about the mails in them: an intent, or only a place.

Tables only; several languages, because mail programs translate their folders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_INBOX = (
    "inbox", "posteingang", "boîte de réception", "bandeja de entrada", "posta in arrivo", "caixa de entrada",
    "postvak in", "inkorgen", "skrzynka odbiorcza", "all mail", "alle nachrichten", "tous les messages",
)  # fmt: skip
_DEFAULT = (
    *_INBOX, "todos", "archive", "archives", "archiv", "archivio", "archivo", "archived", "mail", "mails", "mailbox", "maildir", "cur",
    "new", "messages", "imported", "import", "export", "emails", "eml", "mbox", "takeout", "important", "starred",
    "unread", "opened", "chats", "flagged", "seen", "answered", "unlabeled", "unlabelled", "wichtig", "markiert",
)  # fmt: skip
_OWN = {
    "sent": (
        "sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete objekte", "gesendete elemente",
        "éléments envoyés", "messages envoyés", "envoyés", "enviados", "elementos enviados", "posta inviata", "inviati",
        "itens enviados", "verzonden items", "verzonden", "skickat", "wysłane", "outbox", "postausgang",
    ),
    "drafts": (
        "drafts", "draft", "entwürfe", "brouillons", "borradores", "bozze", "rascunhos", "concepten", "utkast",
        "wersje robocze", "templates", "vorlagen",
    ),
    "trash": (
        "trash", "deleted items", "deleted messages", "deleted", "bin", "papierkorb", "gelöschte elemente", "gelöscht",
        "gelöschte objekte", "corbeille", "éléments supprimés", "papelera", "eliminados", "elementos eliminados",
        "cestino", "posta eliminata", "lixeira", "prullenbak", "papperskorgen", "kosz",
    ),
    "spam": (
        "spam", "junk", "junk e-mail", "junk email", "junk mail", "spamverdacht", "unerwünscht", "courrier indésirable",
        "indésirables", "correo no deseado", "posta indesiderata", "lixo eletrônico", "ongewenste e-mail", "skräppost",
    ),
}  # fmt: skip
"""Folders whose mails are no customers' matters: the firm's own, thrown away, or unwanted."""

DEFAULT_FOLDERS = frozenset(_DEFAULT)
INBOXES = frozenset((*_INBOX, *_OWN["sent"]))
"""Names that are never a matter, wherever they stand."""
OWN_FOLDERS: Mapping[str, str] = {name: kind for kind, names in _OWN.items() for name in names}
_SYSTEM = re.compile(r"^(\\.*|category .*|categoria .*|kategorie .*|\$?(forwarded|mdnsent|junk|notjunk|nonjunk|phishing|label\d|submit\w*))$")  # fmt: skip


def plain(name: str) -> str:
    """A folder's name for a look-up: `[Gmail]/Sent Mail` → `sent mail`, `INBOX.Sent` → `sent`."""
    last = re.split(r"[/]", name.strip().strip("/"))[-1]
    last = re.sub(r"\.(mbox|mbx|sbd|mboxrd)$", "", last, flags=re.IGNORECASE)
    last = re.sub(r"^(inbox|google mail)\.", "", last.lstrip("."), flags=re.IGNORECASE)
    return " ".join(last.replace("_", " ").split()).casefold()


def own_kind(name: str) -> str:
    """`sent`, `drafts`, `trash` or `spam`; empty for a folder of customers' mails."""
    return OWN_FOLDERS.get(plain(name), "")


def is_default(name: str) -> bool:
    """A folder where mails lie because nobody put them anywhere."""
    return plain(name) in DEFAULT_FOLDERS


def is_system(keyword: str) -> bool:
    """A keyword that a mail program set for itself."""
    word = " ".join(keyword.replace("_", " ").split()).casefold()
    return bool(_SYSTEM.match(word)) or is_default(word) or word in OWN_FOLDERS
