"""Numbers that a word before them explains: order, invoice, customer and parcel numbers in twelve languages.

The words are data. What counts as a value: letters, digits and `-/_` in one run with at least three digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kits.support_triage._entities.text import Found, Text, listed

_VALUE = re.compile(
    # a digit is looked for first: most runs are words
    r"(?<![^\W_])(?=[A-Za-z./_-]{0,185}[0-9])[A-Za-z0-9]{1,30}(?:(?:[-/_]|\.(?=[0-9]))[A-Za-z0-9]{1,30}){0,5}(?![^\W_])"
)
_NO_NUMBER = re.compile(
    r"^(?:\d{1,2}[./-]\d{1,2}(?:[./-](?:\d{2}|\d{4}))?|(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,3}(?:\.\d{3})+|\d+\.\d{1,2})$"
)
_MONEY_AFTER = re.compile(
    r"\s?(?:[€$£¥₺%]|(?:eur|euros?|usd|dollars?|gbp|chf|pounds?|zł|pln|kr|kč|try|tl|days?|tage|items?|stück)\b)",
    re.IGNORECASE,
)

_WORDS: Mapping[str, Mapping[str, str]] = {
    "order": {
        "en": "order orders ordernumber orderid ordernum purchase purchases po",
        "de": "bestellung bestellungen bestellnummer bestellnummern bestellnr auftrag aufträge auftragsnummer auftragsnr bestell",
        "fr": "commande commandes",
        "es": "pedido pedidos orden",
        "it": "ordine ordini",
        "pt": "pedido pedidos encomenda encomendas",
        "nl": "bestelling bestellingen bestelnummer ordernummer",
        "pl": "zamówienie zamówienia zamówieniu zamówieniem zamówień zamowienie zamowienia",
        "sv": "beställning beställningen beställningsnummer order ordernummer",
        "da": "ordre ordren ordrenummer ordrenr bestilling bestillingsnummer",
        "cs": "objednávka objednávky objednávku objednávce objednavka objednavky objednavku",
        "tr": "sipariş siparişim siparişi siparişin siparişimin siparis siparisim",
    },
    "invoice": {
        "en": "invoice invoices bill bills receipt",
        "de": "rechnung rechnungen rechnungsnummer rechnungsnummern rechnungsnr re",
        "fr": "facture factures",
        "es": "factura facturas",
        "it": "fattura fatture",
        "pt": "fatura faturas factura",
        "nl": "factuur facturen factuurnummer",
        "pl": "faktura faktury fakturę fakturze fakturą",
        "sv": "faktura fakturan fakturanummer",
        "da": "faktura fakturaen fakturanummer",
        "cs": "faktura faktury fakturu faktuře",
        "tr": "fatura faturası faturam faturanın",
    },
    "customer": {
        "en": "customer client account member membership",
        "de": "kunde kundin kundennummer kundennr kundenkonto mitgliedsnummer vertragsnummer",
        "fr": "client cliente",
        "es": "cliente",
        "it": "cliente",
        "pt": "cliente",
        "nl": "klant klantnummer klantnr",
        "pl": "klient klienta",
        "sv": "kund kundnummer kundnr",
        "da": "kunde kundenummer kundenr",
        "cs": "zákazník zákazníka zákaznické",
        "tr": "müşteri",
    },
    "tracking": {
        "en": "tracking parcel parcels shipment shipments consignment awb",
        "de": "sendung sendungen sendungsnummer sendungsnr paket pakete paketnummer trackingnummer",
        "fr": "suivi colis",
        "es": "seguimiento envío",
        "it": "spedizione tracciamento tracking",
        "pt": "rastreio rastreamento",
        "nl": "zending zendingsnummer trackingnummer pakket",
        "pl": "przesyłka przesyłki przesyłkę paczka paczki paczkę",
        "sv": "försändelse spårningsnummer kollinummer paket",
        "da": "forsendelse sporingsnummer pakke pakkenummer",
        "cs": "zásilka zásilky zásilku zásilce",
        "tr": "kargo takip",
    },
}
"""Words that tell what the number after them is."""

_CUES: Mapping[str, str] = {
    word: kind for kind, rows in _WORDS.items() for row in rows.values() for word in row.split()
}
_FILLERS = frozenset(
    listed(
        "number numbers numer num no nr n nº id ref reference code is was with the my your our of "
        "for im a nummer nummern ist war mit der die das meine meiner lautet numéro num est de la le "
        "du ma número es del mi el numero è il mio il o meu minha van is mijn het numeru jest moje "
        "nummeret er mit číslo cislo č je numarası numaralı numaram no'lu nolu placed und and e et y "
        "en i og och a ve"
    )
)
_AND = frozenset(listed("and und et y e en i og och a ve or oder ou o"))


def numbered(text: Text) -> Iterator[Found]:
    """Order, invoice, customer and parcel numbers, each after its word."""
    if not text.has_digits:
        return
    words = text.words
    at = 0
    kind_before, end_before = "", -10
    for match in _VALUE.finditer(text.raw):
        value = match.group()
        while at < len(words) and words[at].start < match.start():
            at += 1
        if sum(c.isdigit() for c in value) < 3 or _NO_NUMBER.match(value):
            continue
        if _MONEY_AFTER.match(text.raw, match.end()) or text.raw[
            match.start() - 1 : match.start()
        ] in set("€$£"):
            continue
        kind = _kind(text, at)
        gap = text.raw[end_before : match.start()]
        if not kind and kind_before and len(gap) < 8 and _only_and(gap):
            kind = kind_before
        if kind:
            yield Found(match.start(), match.end(), kind, 0.9)
            kind_before, end_before = kind, match.end()


def _kind(text: Text, at: int) -> str:
    """The kind that one of the six words before word `at` tells, with only filling words between."""
    words = text.words
    for before in range(at - 1, max(-1, at - 7), -1):
        word = words[before].folded
        if word in _CUES:
            between = text.raw[words[before].end : words[at].start]
            return "" if "\n\n" in between or len(between) > 40 else _CUES[word]
        if word not in _FILLERS:
            return ""
    return ""


def _only_and(gap: str) -> bool:
    return all(word in _AND for word in re.findall(r"[^\W_]+", gap.lower()))
