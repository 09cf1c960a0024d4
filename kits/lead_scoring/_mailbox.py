"""What an e-mail address tells of a lead without naming anybody: the kind of mailbox it is. It knows no columns of tables."""

from __future__ import annotations

import re

FREE_MAIL = frozenset([
    "gmail.com", "googlemail.com", "yahoo.com", "yahoo.de", "yahoo.fr", "yahoo.co.uk", "yahoo.co.in",
    "yahoo.es", "yahoo.it", "ymail.com", "hotmail.com", "hotmail.de", "hotmail.fr", "hotmail.co.uk",
    "hotmail.es", "hotmail.it", "outlook.com", "outlook.de", "outlook.fr", "live.com", "live.de", "live.fr",
    "live.co.uk", "msn.com", "aol.com", "aol.de", "icloud.com", "me.com", "mac.com", "gmx.de", "gmx.net",
    "gmx.at", "gmx.ch", "gmx.com", "gmx.fr", "web.de", "t-online.de", "freenet.de", "arcor.de", "mail.de",
    "posteo.de", "mailbox.org", "proton.me", "protonmail.com", "pm.me", "tutanota.com", "tuta.io", "orange.fr",
    "wanadoo.fr", "free.fr", "sfr.fr", "laposte.net", "neuf.fr", "libero.it", "virgilio.it", "tiscali.it",
    "alice.it", "tin.it", "hotmail.be", "telenet.be", "skynet.be", "ziggo.nl", "kpnmail.nl", "planet.nl",
    "hetnet.nl", "xs4all.nl", "bluewin.ch", "hispeed.ch", "a1.net", "chello.at", "aon.at", "wp.pl", "o2.pl",
    "onet.pl", "interia.pl", "op.pl", "seznam.cz", "centrum.cz", "mail.ru", "yandex.ru", "yandex.com", "ya.ru",
    "bk.ru", "rambler.ru", "qq.com", "163.com", "126.com", "sina.com", "naver.com", "hanmail.net", "daum.net",
    "rediffmail.com", "uol.com.br", "bol.com.br", "terra.com.br", "comcast.net", "verizon.net", "att.net",
    "sbcglobal.net", "bellsouth.net", "cox.net", "charter.net", "btinternet.com", "sky.com", "virginmedia.com",
    "ntlworld.com", "talktalk.net", "bigpond.com", "telia.com", "zoho.com", "fastmail.com", "hey.com",
    "mail.com", "inbox.com", "rocketmail.com",
])  # fmt: skip
"""Where anybody may have a mailbox."""
_PURCHASING = frozenset([
    "purchasing", "purchase", "purchases", "procurement", "buying", "buyer", "buyers", "sourcing", "einkauf", "beschaffung",
    "materialwirtschaft", "achat", "achats", "approvisionnement", "compra", "compras", "aprovisionamiento", "acquisto",
    "acquisti", "ufficioacquisti", "approvvigionamento", "inkoop",
])  # fmt: skip
_SHARED = frozenset([
    "info", "infos", "information", "informationen", "informacion", "informazioni", "informatie", "kontakt", "contact",
    "contacts", "contacto", "contactos", "contatto", "contatti", "office", "buero", "büro", "bureau", "oficina", "ufficio",
    "kantoor", "sekretariat", "secretariat", "secretaria", "segreteria", "secretariaat", "reception", "empfang", "accueil",
    "recepcion", "receptie", "zentrale", "admin", "administration", "administracion", "amministrazione", "administratie",
    "verwaltung", "sales", "vertrieb", "verkauf", "vente", "ventes", "commercial", "ventas", "comercial", "vendite",
    "commerciale", "verkoop", "marketing", "service", "support", "kundenservice", "kundendienst", "servicio", "servizio",
    "klantenservice", "clientes", "clienti", "mail", "email", "post", "posta", "courrier", "correo", "hello", "hallo", "bonjour",
    "hola", "welcome", "team", "firma", "enquiry", "enquiries", "inquiry", "inquiries", "anfrage", "anfragen", "accounting",
    "accounts", "billing", "invoice", "invoices", "buchhaltung", "rechnung", "rechnungen", "comptabilite", "facturation",
    "contabilidad", "facturacion", "contabilita", "fatture", "boekhouding", "facturen", "hr", "jobs", "karriere", "bewerbung",
    "rh", "web", "webmaster", "noreply",
])  # fmt: skip
"""What a firm calls mailboxes that nobody has alone."""
_WORD = re.compile(r"[^\W\d_]+")
_SCHOOLS = re.compile(r"\.edu$|\.edu\.[a-z]{2}$|\.ac\.[a-z]{2}$|^(?:uni|hs|tu|fh)-|^students?\.")
_STATE = re.compile(r"\.gov$|\.gov\.[a-z]{2}$|\.gouv\.fr$|\.bund\.de$|\.admin\.ch$|\.mil$")
_ENDINGS = frozenset(["com", "net", "org", "info", "biz", "edu", "gov"])
"""Beside those of countries; others may be a firm's name."""
_LONGEST = 320


def domain_of(text: str) -> str:
    """The domain of an address, a site or a domain, in lower case and without `www.`; empty when there is none."""
    text = text[:_LONGEST].strip().casefold().removeprefix("mailto:")
    if "@" in text:
        text = text.rsplit("@", 1)[1]
    else:
        text = text.split("://", 1)[-1].split("/", 1)[0].split(":", 1)[0]
    text = text.removeprefix("www.").strip(".>")
    return text if "." in text and " " not in text else ""


def mailbox_kind(address: str) -> str | None:
    """`free`, `school`, `state`, or of a company `purchasing`, `shared` or `company`: somebody's own; None where there is no address."""
    domain = domain_of(address)
    if not domain:
        return None
    if domain in FREE_MAIL:
        return "free"
    if _SCHOOLS.search(domain):
        return "school"
    return "state" if _STATE.search(domain) else _of_company(address)


def ending_of(address: str) -> str | None:
    """What an address ends in, as countries have it (`de`), or everybody (`com`), else `other`; None where there is no address."""
    ending = domain_of(address).rpartition(".")[2]
    known = len(ending) == 2 or ending in _ENDINGS
    return (ending if known else "other") if ending else None


def _of_company(address: str) -> str:
    """Whether those who buy share a mailbox (`einkauf@`, `ufficio.acquisti@`), or others do (`info@`, `sales.uk@`), or nobody."""
    local, sign, _ = address[:_LONGEST].strip().casefold().removeprefix("mailto:").rpartition("@")
    words = _WORD.findall(local.partition("+")[0]) if sign else []
    if not _PURCHASING.isdisjoint(words):
        return "purchasing"
    return "shared" if words and words[0] in _SHARED else "company"
