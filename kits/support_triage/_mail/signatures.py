"""New text → what somebody wrote, without the signature below it.

Cautious: a line with a question, an order number or a whole sentence stays, wherever it stands. Words
are in `signature_words.py`; quoted text is cut before.
"""

from __future__ import annotations

import re

from kits.support_triage._mail._folding import fold, folded_words
from kits.support_triage._mail.signature_words import DEVICES, LEGAL, THANKS, VALEDICTIONS

_MAX_CHARS = 1000
_MAX_BLOCK_LINES = 14
"""Lines of a block below a valediction."""
_MAX_DELIMITED_LINES = 40
"""Lines below `-- ` that are taken for a signature."""
_MAX_THANKED_LINES = 3
_MAX_NAME_WORDS = 4
_MAX_PARTICLE_CHARS = 3
_MAX_CONTACT_CHARS = 90
_MAX_CONTACT_WORDS = 8
_MAX_DEVICE_CHARS = 160
_DELIMITER = re.compile(r"(?:-- ?|—|––)$")
_ORDER = re.compile(
    r"#\s?\w{0,8}\d{2,20}|(?<!\w)(?:nr|no|num|n°|nº|ref|id|№|č)\W{0,3}\d{3,20}|(?<![\w+])[A-Z]{1,5}[-/ ]?\d{4,20}(?!\w)|(?<!\w)\d{6,20}(?![\w/-])|"
    r"(?:order|bestell|auftrag|rechnung|invoice|commande|facture|pedido|factura|ordine|fattura|encomenda|"
    r"bestelling|factuur|zamówi|faktur|beställ|tilaus|objedn|rendelés|comand|sipariş|заказ|замовл|"
    r"παραγγελ|注文|订单|訂單|주문|طلب|kunden|customer|ticket|tracking|sendung)\D{0,24}\d",
    re.IGNORECASE,
)
_REGISTERED = re.compile(
    r"\b(?:tel|fon|phone|mobil|mobile|cell|fax|telefon|téléphone|tél|teléfono|tlf|tfn|gsm|puh|тел|電話|电话|전화|"
    r"hrb|hra|ust|ustid|vat|iban|bic|siret|siren|nif|cif|p\.?\s?iva|kvk|btw|nip|regon|krs|ico|dic|handelsregister|"
    r"amtsgericht|steuernummer|m|t|f|p)\b[.:\-\s(+]",
    re.IGNORECASE,
)
_PHONE = re.compile(r"^[\s|,]*(?:\+|00|0|\()[\d\s()/.\-]{6,25}$")


def _flat(words: dict[str, str]) -> frozenset[str]:
    return frozenset().union(*(folded_words(entry) for entry in words.values()))


_VALEDICTIONS = _flat(VALEDICTIONS)
_LONG_VALEDICTIONS = tuple(sorted(word for word in _VALEDICTIONS if len(word) >= 8))
_THANKS = folded_words(THANKS)
_DEVICES = tuple(sorted(folded_words(DEVICES)))
_LEGAL = tuple(sorted(folded_words(LEGAL)))


def split_signature(text: str) -> tuple[str, str]:
    """(what was written, the signature); both together hold every line but blank ones."""
    lines = text.rstrip().split("\n")
    kept, cut = _cut_notes(lines)
    kept, more = _cut_delimited(kept)
    kept, block = _cut_block(kept)
    return "\n".join(kept).strip(), "\n".join([*block, *more, *cut]).strip()


def _cut_notes(lines: list[str]) -> tuple[list[str], list[str]]:
    """Takes out lines that a phone and paragraphs that a lawyer wrote."""
    kept: list[str] = []
    cut: list[str] = []
    legal = False
    for line in lines:
        folded = fold(line[:_MAX_CHARS].strip("\t *_—–-"))
        legal = bool(folded) and (legal or folded.startswith(_LEGAL))
        device = len(line) <= _MAX_DEVICE_CHARS and folded.startswith(_DEVICES)
        if (legal or device) and not _must_stay(line):
            cut.append(line)
        else:
            kept.append(line)
    # words of a phone that are all there is would leave an empty mail
    return (kept, cut) if any(line.strip() for line in kept) else (lines, [])


def _cut_delimited(lines: list[str]) -> tuple[list[str], list[str]]:
    """Cuts at the last `-- ` (RFC 3676)."""
    for number in range(len(lines) - 1, max(-1, len(lines) - 1 - _MAX_DELIMITED_LINES), -1):
        if _DELIMITER.match(lines[number].strip("\r")) and any(
            line.strip() for line in lines[:number]
        ):
            return _divided(lines[:number], lines[number:])
    return lines, []


def _cut_block(lines: list[str]) -> tuple[list[str], list[str]]:
    """Cuts a valediction with the name and the lines of contact below it."""
    for number in range(max(0, len(lines) - _MAX_BLOCK_LINES - 1), len(lines)):
        rest = [line for line in lines[number + 1 :] if line.strip()]
        folded = fold(lines[number][:_MAX_CHARS].strip(" ,.!;*_-–—，。！、"))
        wish, comma, name = folded.partition(",")
        ends = (wish if comma and len(name.split()) <= 4 else folded) in _VALEDICTIONS or (
            folded.startswith(_LONG_VALEDICTIONS) and len(folded.split()) <= _MAX_CONTACT_WORDS
        )
        thanked = (
            folded in _THANKS and 0 < len(rest) <= _MAX_THANKED_LINES and all(map(_is_name, rest))
        )
        if not (ends or thanked) or _must_stay(lines[number]):
            continue
        if any(line.strip() for line in lines[:number]):
            return _divided(lines[:number], lines[number:])
    return lines, []


def _divided(above: list[str], below: list[str]) -> tuple[list[str], list[str]]:
    """Lines below that say something go back up."""
    said = [line for line in below[1:] if says_something(line)]
    return above + said, [line for line in below if line not in said]


def says_something(line: str) -> bool:
    """Whether a line stays even where a signature stands: a question, an order, a sentence."""
    return _must_stay(line) or _is_sentence(line)


def _is_name(line: str) -> bool:
    """Whether a line may be somebody's name: a few words without digits, none in small letters but particles."""
    words = line[:_MAX_CHARS].split()
    return (
        len(words) <= _MAX_NAME_WORDS
        and not any(char.isdigit() for char in line[:_MAX_CHARS])
        and any(not word[0].islower() for word in words)
        and all(not word[0].islower() or len(word) <= _MAX_PARTICLE_CHARS for word in words)
    )


def _must_stay(line: str) -> bool:
    """Whether a line asks something or names an order."""
    line = line[:_MAX_CHARS]
    if "?" in line or "？" in line or "؟" in line:
        return "://" not in line
    if _PHONE.match(line) or _REGISTERED.search(line):
        return False
    return _ORDER.search(line) is not None


def _is_sentence(line: str) -> bool:
    words = line[:_MAX_CHARS].split()
    if len(words) > _MAX_CONTACT_WORDS and len(line) > _MAX_CONTACT_CHARS:
        return True
    folded = fold(line[:20])
    if folded.startswith(("ps", "p.s", "p. s", "nb:", "pd:", "p.d")):
        return True
    return len(words) > 5 and line.rstrip().endswith((".", "!", "。"))
