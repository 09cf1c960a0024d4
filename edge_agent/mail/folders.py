"""Which folder holds drafts, and which the sent mail: by RFC 6154, else by the names of mail programs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from edge_agent.mail.mailbox import Folder

DRAFTS = (
    "drafts", "draft", "entwürfe", "entwurf", "brouillons", "brouillon", "borradores", "borrador",
    "bozze", "concepten", "klad", "rascunhos", "rascunho", "kladder", "kladde", "utkast", "luonnokset",
    "szkice", "wersje robocze", "kopie robocze", "koncepty", "koncepti", "rozpracované", "piszkozatok",
    "ciorne", "schițe", "чернови", "черновики", "чернетки", "πρόχειρα", "taslaklar", "טיוטות", "مسودات",
    "المسودات", "草稿", "草稿箱", "下書き", "임시보관함", "임시 보관함", "thư nháp", "nacrti", "skice",
    "mustandid", "melnraksti", "juodraščiai", "drög",
)  # fmt: skip
SENT = (
    "sent", "sent items", "sent mail", "sent messages", "gesendet", "gesendete elemente",
    "gesendete objekte", "gesendete nachrichten", "éléments envoyés", "envoyés", "messages envoyés",
    "courrier envoyé", "enviados", "elementos enviados", "correo enviado", "posta inviata", "inviata",
    "inviati", "elementi inviati", "verzonden", "verzonden items", "verzonden berichten",
    "itens enviados", "enviadas", "mensagens enviadas", "sendt", "sendt post", "sendte elementer",
    "skickat", "skickade objekt", "lähetetyt", "lähetetyt viestit", "wysłane", "elementy wysłane",
    "odeslané", "odeslaná pošta", "odoslané", "odoslaná pošta", "elküldött", "elküldött elemek",
    "elküldött üzenetek", "trimise", "elemente trimise", "изпратени", "отправленные", "надіслані",
    "απεσταλμένα", "gönderilmiş öğeler", "gönderilenler", "gönderilmiş postalar", "דואר יוצא", "נשלחו",
    "פריטים שנשלחו", "المرسلة", "العناصر المرسلة", "البريد المرسل", "已发送", "已发送邮件", "已傳送",
    "寄件備份", "送信済み", "送信済みアイテム", "送信済みメール", "보낸편지함", "보낸 편지함", "thư đã gửi",
    "poslano", "poslane stavke", "poslati", "saadetud", "nosūtītie", "išsiųsta",
)  # fmt: skip
SPECIAL: Mapping[str, tuple[str, ...]] = {"\\drafts": DRAFTS, "\\sent": SENT}
"""Special use → its names in the languages of mail programs, when the server does not say."""
_UNUSABLE = frozenset({"\\noselect", "\\nonexistent"})


def usable(folders: Iterable[Folder]) -> list[Folder]:
    """Those that hold mails: others are only in the names of folders within them."""
    return [folder for folder in folders if not folder.flags & _UNUSABLE]


def special(folders: Sequence[Folder], use: str, configured: str = "") -> str:
    """The name of the folder for a use (`\\drafts`, `\\sent`); empty when there is none."""
    found = usable(folders)
    if configured:
        wanted = on_server(configured, folders)
        return next((f.name for f in found if f.name == wanted), "")
    flagged = [(not f.is_own, len(f.name), f.name) for f in found if use in f.flags]
    if flagged:
        return min(flagged)[-1]
    names = {_plain(name): rank for rank, name in enumerate(SPECIAL[use])}
    # what lies deeper belongs to something else, as the drafts of an archive
    ranked = [
        (not f.is_own, _depth(f), names[leaf], len(f.name), f.name)
        for f in found
        if (leaf := _leaf(f)) in names
    ]
    return min(ranked)[-1] if ranked else ""


def on_server(name: str, folders: Iterable[Folder]) -> str:
    """A folder's configured name, with `/` inside, as this server writes it.

    Servers that keep everything of a user below INBOX get that in front; a name that is there as it is stays.
    """
    known = list(folders)
    if any(f.name == name for f in known):
        return name
    delimiter = next((f.delimiter for f in known if f.delimiter), "/")
    here = name if delimiter == "/" else delimiter.join(name.split("/"))
    if here.upper() == "INBOX" or any(f.name == here for f in known):
        return here
    others = [f.name for f in known if f.name.upper() != "INBOX" and f.is_own]
    prefix = f"INBOX{delimiter}"
    if others and all(other.startswith(prefix) for other in others) and not here.startswith(prefix):
        return prefix + here
    return here


def _leaf(folder: Folder) -> str:
    return _plain(folder.name.rsplit(folder.delimiter, 1)[-1] if folder.delimiter else folder.name)


def _depth(folder: Folder) -> int:
    return folder.name.count(folder.delimiter) if folder.delimiter else 0


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().strip()
