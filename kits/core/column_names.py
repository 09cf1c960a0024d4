"""Names of columns, told apart without case, accents, blanks and signs. What a name means is each kit's question."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_REMEMBERED = 1 << 16
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SIGNS = re.compile(r"[\W_]+")
_SHARP = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "ı": "i", "đ": "d"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@lru_cache(_REMEMBERED)
def plain(name: str) -> str:
    """`Lead Number`, `LeadNumber` and `lead-number` are `lead_number`; accents go, umlauts as in `geaendert`."""
    text = unicodedata.normalize("NFC", _HUMP.sub(" ", name.strip())).casefold()
    text = text.translate(_SHARP).translate(_UMLAUTS)
    text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return _SIGNS.sub("_", text).strip("_")


@lru_cache(_REMEMBERED)
def squeezed(name: str) -> str:
    """`Create Date` and `createdate` alike: no signs at all."""
    return plain(name).replace("_", "")
