"""Texts of eight bits: of which part of Europe, or of the Far East? Programs of Windows write either without saying which.

Told by whose letters there are: in the wrong code page a text has letters that no single language has together, or signs
in the midst of words. Greek and Cyrillic words are known by having no other letters.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

WESTERN: Final = "cp1252"
CENTRAL: Final = "cp1250"
TURKISH: Final = "cp1254"
BALTIC: Final = "cp1257"
GREEK: Final = "cp1253"
CYRILLIC: Final = "cp1251"
JAPANESE: Final = "cp932"
KOREAN: Final = "cp949"
SIMPLIFIED: Final = "gb18030"
TRADITIONAL: Final = "big5"
_ICELANDIC: Final = "áðéíóúýþæö"
_ICELANDS_OWN: Final = frozenset("áíóúæ")
"""Letters that every Icelandic text has; its þ, ý and ð are where Turkish has ş, ı and ğ."""
_WESTERN: Final = (
    "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü", "àèéìîòóù", "áâãàçéêíóôõúü", "éëïöüèêç", "åäöéü", "æøåéäöü", _ICELANDIC,
    "àçéèíïóòúü", "äöõüšž",
)  # fmt: skip
"""Letters of German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish, Icelandic, Catalan, Estonian."""
_CENTRAL: Final = (
    "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž", "äöüß",
)  # fmt: skip
"""Letters of Polish, Czech, Slovak, Hungarian, Romanian, Croatian and Slovene, and German, which both pages have."""
_OTHERS: Final[Mapping[str, Sequence[str]]] = {
    CENTRAL: _CENTRAL, TURKISH: ("çğıöşüâî",), BALTIC: ("ąčęėįšųūž", "āčēģīķļņšūž", "äöõüšž"),
}  # fmt: skip
"""Pages with Latin letters, and those of the languages that need them: Turkish; Lithuanian, Latvian and Estonian."""
_FAR_EAST: Final[Mapping[str, re.Pattern[str]]] = {
    JAPANESE: re.compile("[\u3041-\u30fe\u4e00-\u9fff]"), KOREAN: re.compile("[\uac00-\ud7a3]"), SIMPLIFIED: re.compile("[\u4e00-\u9fff]"),
    TRADITIONAL: re.compile("[\u4e00-\u9fff]"),
}  # fmt: skip
"""Pages of two bytes a sign, in the order in which they are tried, and the signs that tell each."""
_COMMON: Final[Mapping[str, tuple[tuple[int, int], float]]] = {
    JAPANESE: ((0x82, 0x97), 0.25),
    KOREAN: ((0xB0, 0xC8), 0.98), SIMPLIFIED: ((0xB0, 0xD7), 0.98), TRADITIONAL: ((0xA4, 0xC6), 0.25),
}  # fmt: skip
"""First bytes of the signs that nearly all texts are made of, and the share of second ones beyond ASCII: else it is the wrong page."""
_EASTERN: Final = re.compile(
    "[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff01-\uff60\uffe0-\uffe6\u2010-\u2312\u25a0-\u266f\u2460-\u24ff]"
)
_BEGINS: Final = frozenset("£¥¼¾¯")
"""Signs of the Western page that stand before numbers, and where the Central one has letters that begin words."""
_SURE, _APART, _ALL_BUT_FEW = 0.9, 0.1, 0.98
_TOLD = 0.8
"""Share of the signs beyond ASCII that are of the page's own language."""
_LEAST_SIGNS = 5
"""So many different ones; two letters of Europe may be one sign by chance (`Да`)."""
_MOST_BYTES = 256 << 10
_BETWEEN: Final = re.compile(rb"[\s\d;,|\"]+")
"""Numbers are as many as rows: a sign beside each of them (`№ 5`, the blank of `1 200`) counts once."""
_RUN: Final = re.compile(rb"[\xb8-\xff]{3,}")
_MOSTLY = 0.6
_VOWELS: Final[Mapping[str, bytes]] = {
    GREEK: "αοιΑΟΙ".encode(GREEK),
    CYRILLIC: "аоиАОИ".encode(CYRILLIC),
}
"""The most frequent vowels; the other page has rare letters in their places, so that few words are enough."""


def code_page(raw: bytes) -> str:
    """The code page of a text that is not UTF-8: another one where it tells so, else `cp1252`."""
    if eastern := _far_eastern(raw):
        return eastern
    # each word once: a column may repeat one a thousand times, and it may be of two languages
    words = list(dict.fromkeys(_BETWEEN.split(raw)))
    if _is_other_script(words):
        return min(_VOWELS, key=lambda page: (-_vowels(words, page), _broken(words, page)))
    raw = b" ".join(words)
    western = raw.decode(WESTERN, errors="replace")
    found = {page: _share(raw, western, page) for page in _OTHERS}
    best = max(found, key=lambda page: found[page])
    return best if any(found[best]) else WESTERN


def _far_eastern(raw: bytes) -> str:
    """The page of two bytes a sign by which a text is read without a fault, and is one of its language; empty: none."""
    for page, own in _FAR_EAST.items():
        try:
            # the last sign may be cut in two
            text = codecs.getincrementaldecoder(page)().decode(raw)
        except UnicodeDecodeError:
            continue
        signs = [sign for sign in text if sign > "\x7f"]
        told = [sign for sign in signs if own.match(sign)]
        east = sum(bool(_EASTERN.match(sign)) for sign in signs)
        if (
            east >= _ALL_BUT_FEW * len(signs)
            and len(told) >= _TOLD * len(signs)
            and len(set(told)) >= _LEAST_SIGNS
            and _are_common(told, page)
        ):
            return page
    return ""


def _are_common(signs: Sequence[str], page: str) -> bool:
    (low, high), high_seconds = _COMMON[page]
    pairs = [sign.encode(page) for sign in signs]
    common = sum(low <= pair[0] <= high for pair in pairs)
    # behind a letter of Western Europe a letter of ASCII stands
    seconds = sum(pair[1] > 0x7F for pair in pairs)
    return common >= _SURE * len(signs) and seconds >= high_seconds * len(signs)


def _share(raw: bytes, western: str, page: str) -> tuple[float, float]:
    """Which share of all letters one language of a page has, and of those alone that the pages read apart; 0 where a Western
    one has nearly as many.

    A language that has all letters goes before one that has those alone: Turkish before Romanian.
    """
    other = raw.decode(page, errors="replace")
    places = [place for place, byte in enumerate(raw) if byte > 0x7F and _in_word(western, place)]
    # by all letters Győr among á, é and í is no Estonian; by those read apart Łódź beside Müller is Polish
    apart = [place for place in places if western[place] != other[place]]
    if not apart:
        return 0.0, 0.0
    return _beyond(western, other, page, places), _beyond(western, other, page, apart)


def _beyond(western: str, other: str, page: str, places: Sequence[int]) -> float:
    share = _best([other[place] for place in places], _OTHERS[page])
    icelandic = not _ICELANDS_OWN.isdisjoint(western.lower())
    alphabets = _WESTERN if icelandic else [one for one in _WESTERN if one != _ICELANDIC]
    least = _best([western[place] for place in places], alphabets) + _APART
    return share if share >= max(_SURE, least) else 0.0


def _is_other_script(words: Sequence[bytes]) -> bool:
    """Whether most letters beyond ASCII stand in words of nothing else, as no Latin word is."""
    runs = [run for word in words for run in _RUN.findall(word)]
    return sum(map(len, runs)) > _MOSTLY * sum(byte > 0x7F for word in words for byte in word)


def _vowels(words: Sequence[bytes], page: str) -> int:
    return sum(byte in _VOWELS[page] for word in words for byte in word)


def _broken(words: Sequence[bytes], page: str) -> int:
    """Capitals within small letters, and bytes that a page has not: it is another one's."""
    texts = [word.decode(page, errors="replace") for word in words]
    turned = (text[1:] for text in texts)
    pairs = (pair for text, rest in zip(texts, turned) for pair in zip(text, rest))
    capitals = sum(one.islower() and other.isupper() for one, other in pairs)
    return capitals + sum(text.count("\ufffd") for text in texts)


def code_page_of_file(path: Path) -> str:
    """The same by the lines of a file that are not plain ASCII."""
    return code_page(b"".join(_some_lines(path)))


def _some_lines(path: Path) -> Iterator[bytes]:
    left = _MOST_BYTES
    with path.open("rb") as stream:
        while left > 0 and (line := stream.readline(_MOST_BYTES)):
            if not line.isascii():
                left -= len(line)
                yield line


def _in_word(text: str, place: int) -> bool:
    """Whether a sign is a letter, or stands between letters as none of these does (`m³`, `¿Cómo`, `£5`)."""
    sign, before, behind = text[place], text[place - 1 : place], text[place + 1 : place + 2]
    if sign in _BEGINS:
        return behind.isalpha()
    if sign == "\ufffd":
        return True  # nothing of Western Europe is written so
    return (sign.isalpha() and sign not in "ºª") or (before.isalpha() and behind.isalpha())


def _best(letters: Sequence[str], alphabets: Sequence[str]) -> float:
    """The share of the letters that one language has."""
    small = [letter.lower() for letter in letters]
    return max(sum(letter in own for letter in small) for own in alphabets) / len(small)
