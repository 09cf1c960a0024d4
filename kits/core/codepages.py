"""Texts of eight bits: of which part of Europe? Programs of Windows write either without saying which.

Told by whose letters there are: in the wrong code page a text has letters that no single language has together, or signs
in the midst of words. Greek and Cyrillic words are known by having no other letters.
"""

from __future__ import annotations

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
_WESTERN: Final = (
    "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü", "àèéìîòóù", "áâãàçéêíóôõúü", "éëïöüèêç", "åäöéü", "æøåéäöü", "áðéíóúýþæö",
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
_BEGINS: Final = frozenset("£¥¼¾¯")
"""Signs of the Western page that stand before numbers, and where the Central one has letters that begin words."""
_SURE, _APART = 0.9, 0.1
_MOST_BYTES = 256 << 10
_BETWEEN: Final = re.compile(rb"[\s;,|\"]+")
_RUN: Final = re.compile(rb"[\xb8-\xff]{3,}")
_MOSTLY = 0.6


def code_page(raw: bytes) -> str:
    """The code page of a text that is not UTF-8: another one where it tells so, else `cp1252`."""
    # each word once: a column may repeat one a thousand times, and it may be of two languages
    words = list(dict.fromkeys(_BETWEEN.split(raw)))
    if _is_other_script(words):
        return min((GREEK, CYRILLIC), key=lambda page: _broken(words, page))
    raw = b" ".join(words)
    western = raw.decode(WESTERN, errors="replace")
    found = {page: _share(raw, western, page) for page in _OTHERS}
    best = max(found, key=lambda page: found[page])
    return best if found[best] else WESTERN


def _share(raw: bytes, western: str, page: str) -> float:
    """Which share of the letters one language of a page has; 0 where a Western one has nearly as many."""
    other = raw.decode(page, errors="replace")
    places = [place for place, byte in enumerate(raw) if byte > 0x7F and _in_word(western, place)]
    # by all letters (Győr among á, é and í is no Estonian), and by those alone that the pages read apart (Łódź beside Müller)
    apart = [place for place in places if western[place] != other[place]]
    shares = (_beyond(western, other, page, some) for some in (places, apart) if some and apart)
    return max(shares, default=0.0)


def _beyond(western: str, other: str, page: str, places: Sequence[int]) -> float:
    share = _best([other[place] for place in places], _OTHERS[page])
    least = _best([western[place] for place in places], _WESTERN) + _APART
    return share if share >= max(_SURE, least) else 0.0


def _is_other_script(words: Sequence[bytes]) -> bool:
    """Whether most letters beyond ASCII stand in words of nothing else, as no Latin word is."""
    runs = [run for word in words for run in _RUN.findall(word)]
    return sum(map(len, runs)) > _MOSTLY * sum(byte > 0x7F for word in words for byte in word)


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
