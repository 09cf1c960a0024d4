"""The names of months in thirteen languages, with the shortenings that programs write. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_NAMES: Final = (
    "jan january januar jänner januari janvier janv enero ene gennaio gen janeiro styczeń stycznia sty leden ledna január",
    "feb february februar feber februari février fevrier févr fév fev febrero febbraio fevereiro luty lutego lut únor února február",
    "mar march märz maerz mär mrz maart mrt mars marts marzo março marco marzec marca březen března március",
    "apr april avril avr abril abr aprile kwiecień kwietnia kwi duben dubna április",
    "may mai mei maj mayo maggio mag maio maja květen května május máj",
    "jun june juni juin junio giugno giu junho czerwiec czerwca cze červen června június",
    "jul july juli juillet juil julio luglio lug julho lipiec lipca lip červenec července július",
    "aug august augusti augustus août aout aoû agosto ago sierpień sierpnia sie srpen srpna augusztus",
    "sep sept september septembre septiembre setiembre settembre setembro set wrzesień września wrz září szeptember szept",
    "oct october oktober okt octobre octubre ottobre ott outubro out październik października paź říjen října október",
    "nov november novembre noviembre novembro listopad listopada lis",
    "dec december dezember dez decembre décembre déc diciembre dicembre dic dezembro desember des grudzień grudnia gru prosinec prosince",
)
MONTH_WORDS: Final[Mapping[str, int]] = {
    word: number for number, words in enumerate(_NAMES, start=1) for word in words.split()
}
"""Name in lower case → number of the month."""
