"""The names of months in fourteen languages, with the shortenings that programs write. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_NAMES: Final = (
    "jan january januar jänner januari janvier janv enero ene gennaio gen janeiro styczeń stycznia sty leden ledna január oca ocak",
    "feb february februar feber februari février fevrier févr fév fev febrero febbraio fevereiro luty lutego lut únor února február şub şubat",
    "mar march märz maerz mär mrz maart mrt mars marts marzo março marco marzec marca březen března március mart",
    "apr april avril avr abril abr aprile kwiecień kwietnia kwi duben dubna április nis nisan",
    "may mai mei maj mayo maggio mag maio maja květen května május máj mayıs",
    "jun june juni juin junio giugno giu junho czerwiec czerwca cze červen června június haz haziran",
    "jul july juli juillet juil julio luglio lug julho lipiec lipca lip červenec července július tem temmuz",
    "aug august augusti augustus août aout aoû agosto ago sierpień sierpnia sie srpen srpna augusztus ağu ağustos",
    "sep sept september septembre septiembre setiembre settembre setembro set wrzesień września wrz září szeptember szept eyl eylül",
    "oct october oktober okt octobre octubre ottobre ott outubro out październik października paź říjen října október eki ekim",
    "nov november novembre noviembre novembro listopad listopada lis kas kasım",
    "dec december dezember dez decembre décembre déc diciembre dicembre dic dezembro desember des grudzień grudnia gru prosinec prosince ara aralık",
)
MONTH_WORDS: Final[Mapping[str, int]] = {
    word: number for number, words in enumerate(_NAMES, start=1) for word in words.split()
}
"""Name in lower case → number of the month."""
