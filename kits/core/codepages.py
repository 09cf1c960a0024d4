"""Texts of eight bits: Western or Central European? Programs of Windows write either without saying which.

Told by whose letters there are: in the wrong code page a text has letters that no single language has together, or signs
in the midst of words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

WESTERN: Final = "cp1252"
CENTRAL: Final = "cp1250"
_WESTERN: Final = (
    "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü", "àèéìîòóù", "áâãàçéêíóôõúü", "éëïöüèêç", "åäöéü", "æøåéäöü", "áðéíóúýþæö",
    "àçéèíïóòúü", "äöõüšž",
)  # fmt: skip
"""Letters of German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish, Icelandic, Catalan, Estonian."""
_CENTRAL: Final = (
    "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž", "äöüß",
)  # fmt: skip
"""Letters of Polish, Czech, Slovak, Hungarian, Romanian, Croatian and Slovene, and German, which both pages have."""
_BEGINS: Final = frozenset("£¥¼¾¯")
"""Signs of the Western page that stand before numbers, and where the Central one has letters that begin words."""
_SURE, _APART = 0.9, 0.1
_MOST_BYTES = 256 << 10


def code_page(raw: bytes) -> str:
    """The code page of a text that is not UTF-8: `cp1250` where it tells so, else `cp1252`."""
    western, central = (raw.decode(page, errors="replace") for page in (WESTERN, CENTRAL))
    places = [place for place, byte in enumerate(raw) if byte > 0x7F and _in_word(western, place)]
    # by all letters (Győr among á, é and í is no Estonian), and by those alone that the pages read apart (Łódź beside Müller)
    apart = [place for place in places if western[place] != central[place]]
    found = any(_is_central(western, central, some) for some in (places, apart) if some and apart)
    return CENTRAL if found else WESTERN


def _is_central(western: str, central: str, places: Sequence[int]) -> bool:
    share = _best([western[place] for place in places], _WESTERN)
    return _best([central[place] for place in places], _CENTRAL) >= max(_SURE, share + _APART)


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
