"""Dates that count their years otherwise: from the Buddha's death, as in Thailand, or of a Japanese emperor.

They become dates of the common era before they are read. Where not all cells of a column are such, none is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

_BUDDHIST: Final = re.compile(r"(?<!\d)(25[4-9]\d|26[0-4]\d)(?!\d)")
"""The years 1997 to 2106, which no lead has in the common era."""
_AHEAD: Final = 543
_DATED: Final = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?: .*)?|\d{1,2}[-/. ]\D{0,12}\d{0,2}[-/. ]{1,2}\d{4}(?:,? .*)?"
)
_EMPERORS: Final[Mapping[str, int]] = {"昭和": 1925, "平成": 1988, "令和": 2018}
_JAPANESE: Final = re.compile(rf"({'|'.join(_EMPERORS)})(元|\d{{1,2}})年")
"""The first year of an emperor has a word of its own."""


def in_common_era(texts: Sequence[str]) -> Sequence[str]:
    """The same dates with the years of the common era; other texts as they are."""
    if texts and all(_DATED.fullmatch(text) and _BUDDHIST.search(text) for text in texts):
        return [_BUDDHIST.sub(lambda year: str(int(year[1]) - _AHEAD), text, 1) for text in texts]
    if texts and all(_JAPANESE.match(text) for text in texts):
        return [_JAPANESE.sub(_of_emperor, text, 1) for text in texts]
    return texts


def _of_emperor(match: re.Match[str]) -> str:
    return f"{_EMPERORS[match[1]] + (1 if match[2] == '元' else int(match[2]))}年"
