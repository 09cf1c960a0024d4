"""Dates that count their years otherwise: from the Buddha's death, as in Thailand, of a Japanese emperor, or as in Persia.

They become dates of the common era before they are read. Where not all cells of a column are such, none is. Those of the moon's
calendar are only known: which day one is depends on who saw the moon.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from kits.lead_scoring._features.unit_words import SIGNS

_BUDDHIST: Final = re.compile(r"(?<!\d)(25[4-9]\d|26[0-4]\d)(?!\d)")
"""The years 1997 to 2106, which no lead has in the common era."""
_AHEAD: Final = 543
_DATED: Final = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?: .*)?|\d{1,2}[-/. ]\D{0,12}\d{0,2}[-/. ]{1,2}\d{4}(?:,? .*)?"
)
_EMPERORS: Final[Mapping[str, int]] = {"昭和": 1925, "平成": 1988, "令和": 2018}
_JAPANESE: Final = re.compile(rf"({'|'.join(_EMPERORS)})(元|\d{{1,2}})年")
"""The first year of an emperor has a word of its own."""
_PERSIAN: Final = re.compile(
    r"(13[7-9]\d|140\d|141[0-6])([-/.])(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])(?!\d)"
)
"""The years 1991 to 2037, beginning in March."""
_FIRST_YEAR, _FIRST_DAY = 1370, date(1991, 3, 21)
_CYCLE, _LEAP = 33, frozenset({1, 5, 9, 13, 17, 22, 26, 30})
"""Of so many years those with a day more."""
_OF_THE_MOON: Final = re.compile(r"(?:\d{1,2}[-/.]\d{1,2}[-/.])?14(?:1[7-9]|[2-9]\d)(?![\d:]).*")
"""The years 1996 to 2077 of the Hijra."""


def in_common_era(texts: Sequence[str]) -> Sequence[str]:
    """The same dates with the years of the common era; other texts as they are."""
    if texts and all(_DATED.fullmatch(text) and _BUDDHIST.search(text) for text in texts):
        return [_BUDDHIST.sub(lambda year: str(int(year[1]) - _AHEAD), text, 1) for text in texts]
    if texts and all(_JAPANESE.match(text) for text in texts):
        return [_JAPANESE.sub(_of_emperor, text, 1) for text in texts]
    if texts and _PERSIAN.match(texts[0].translate(SIGNS)):
        plain = [text.translate(SIGNS) for text in texts]
        if all(map(_PERSIAN.match, plain)):
            return [_PERSIAN.sub(_of_persia, text, 1) for text in plain]
    return texts


def of_the_moon(texts: Sequence[str]) -> bool:
    """Whether all are dates by the moon's calendar: as others they would be of the middle ages."""
    plain = (text.translate(SIGNS) for text in texts)
    return bool(texts) and all(
        _DATED.fullmatch(one) and _OF_THE_MOON.fullmatch(one) for one in plain
    )


def _of_persia(match: re.Match[str]) -> str:
    year, month, day = (int(match[n]) for n in (1, 3, 4))
    more = sum(one % _CYCLE in _LEAP for one in range(_FIRST_YEAR, year))
    # the first six months have 31 days, the others 30
    days = 365 * (year - _FIRST_YEAR) + more + 31 * (month - 1) - max(0, month - 7) + day - 1
    return (_FIRST_DAY + timedelta(days)).isoformat()


def _of_emperor(match: re.Match[str]) -> str:
    return f"{_EMPERORS[match[1]] + (1 if match[2] == '元' else int(match[2]))}年"
